"""A caller in a browser: the bot, an operator, and the ways in which a call ends or carries on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.softphone import PeerSoftphone, Softphone
from tests.harness.tones import share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
SOUND, VOICE = tone(OPERATOR_HZ, 1.0), tone(CALLER_HZ, 1.0)
HOLD_HZ = (196.0, 220.0, 246.94, 261.63, 277.18, 293.66, 329.63, 369.99, 493.88, 523.26, 554.36, 587.32)


def caller(server: ServerProcess) -> Softphone:
    """A browser whose microphone sounds."""
    return Softphone(server, "caller", idle=VOICE)


async def hand_off(phone: Softphone, console: PeerConsole) -> dict[str, Any]:
    """Hand the caller to whoever takes it; what the console is offered."""
    await phone.server.post(f"/api/calls/{phone.call_id}/handoff", status=202)
    return dict(await console.wait("incoming_call", callId=phone.call_id))


async def bridge(phone: Softphone, console: PeerConsole) -> None:
    """Let the console take the call."""
    await hand_off(phone, console)
    ack = await console.command("accept_call", callId=phone.call_id)
    assert ack["ok"], ack
    await phone.wait("call_state", state="bridged")


async def assert_both_ways(phone: Softphone, console: PeerConsole) -> None:
    """Each hears the other's tone and not their own."""
    await phone.wait_heard(1.0)
    caller_hears = await phone.wait_heard(1.0)
    operator_hears = await console.wait_heard(1.0)
    assert share(caller_hears, OPERATOR_HZ) > 0.7
    assert share(caller_hears, CALLER_HZ) < 0.01
    assert share(operator_hears, CALLER_HZ) > 0.7
    assert share(operator_hears, OPERATOR_HZ) < 0.01


async def test_a_handoff_from_a_browser_to_a_browser(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, caller(shared_server) as phone:
        assert (await phone.wait("welcome"))["iceServers"] == []
        await console.open_audio()
        await phone.call(name="Ada", number="+15550123", threadId="thread-of-ada", crmId="crm-7")
        assert phone.thread_id == "thread-of-ada"
        view = await shared_server.get(f"/api/calls/{phone.call_id}")
        assert view["caller"] == {"number": "+15550123", "name": "Ada", "provider": "softphone"}
        assert (view["provider"], view["crmId"], view["state"]) == ("softphone", "crm-7", "bot")

        offer = await hand_off(phone, console)
        assert offer["caller"]["name"] == "Ada"
        waiting = await phone.wait("call_state", state="handoff")
        assert set(waiting) == {"callId", "threadId", "state", "speaker", "line", "endedAt", "endReason"}
        assert (waiting["speaker"], waiting["endedAt"]) == ("hold", None)
        await phone.wait_heard(1.0)
        held = await phone.wait_heard(1.0)
        assert sum(share(held, hertz) for hertz in HOLD_HZ) > 0.6
        assert share(held, CALLER_HZ) < 0.01

        assert (await console.command("accept_call", callId=phone.call_id))["ok"]
        await phone.wait("call_state", state="bridged")
        await assert_both_ways(phone, console)
        names = [event for event, _ in await shared_server.timeline(phone.call_id)]
        swap = ["provider_clear_sent", "provider_clear_confirmed", "first_operator_frame"]
        assert sorted(swap) == sorted(name for name in names if name in swap)
        assert names.index("provider_clear_sent") < names.index("provider_clear_confirmed")

        assert (await console.command("release_call", callId=phone.call_id))["ok"]
        await phone.wait("call_state", 2, state="bot")


async def test_the_operator_hangs_up(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, caller(shared_server) as phone:
        await console.open_audio()
        await phone.call()
        await bridge(phone, console)
        assert (await console.command("hangup_call", callId=phone.call_id))["ok"]
        assert (await phone.wait("ended"))["reason"] == "operator_hung_up"
        over = await phone.wait("call_state", state="ended")
        assert (over["endReason"], over["callId"]) == ("operator_hung_up", phone.call_id)
        assert (await phone.command("hangup"))["ok"], "hanging up once more is no error"
        assert (await phone.command("dtmf", digit="1"))["error"]["code"] == "gone"
        await phone.hang_up_audio()
        await phone.call()
        assert (await shared_server.get(f"/api/calls/{phone.call_id}"))["state"] == "bot", "a second call"


async def test_the_caller_hangs_up(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, caller(shared_server) as phone:
        await console.open_audio()
        await phone.call()
        await bridge(phone, console)
        assert (await phone.command("hangup"))["ok"]
        assert (await phone.wait("ended"))["reason"] == "caller_hung_up"
        ended = await console.wait("call_state", callId=phone.call_id, state="ended")
        assert (ended["endReason"], ended["endedBy"]) == ("caller_hung_up", "caller")


async def test_leaving_the_page_on_purpose_is_hanging_up(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server) as console, caller(shared_server) as phone:
        await phone.call()
        await phone.say_goodbye()
        ended = await console.wait("call_state", callId=phone.call_id, state="ended")
        assert ended["endReason"] == "caller_hung_up"


async def test_a_caller_who_drops_out_carries_on_from_another_socket(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console:
        await console.open_audio()
        async with caller(shared_server) as phone, caller(shared_server) as back:
            await phone.call()
            await bridge(phone, console)
            await phone.vanish()
            await back.renew(callId=phone.call_id, secret=phone.secret)
            back.call_id = phone.call_id
            await assert_both_ways(back, console)
            states = [v["state"] for v in console.all("call_state") if v["callId"] == phone.call_id]
            assert list(dict.fromkeys(states)) == ["bot", "handoff", "connecting", "bridged"], (
                "it is one call"
            )
            assert (await back.command("hangup"))["ok"]
            assert (await back.wait("ended"))["reason"] == "caller_hung_up"


async def test_a_new_offer_on_the_same_socket_renews_the_audio(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, caller(shared_server) as phone:
        await console.open_audio()
        await phone.call()
        await bridge(phone, console)
        await phone.renew()
        await assert_both_ways(phone, console)
        assert len(phone.all("ended")) == 0


async def test_a_call_that_was_taken_along_leaves_the_older_tab(shared_server: ServerProcess) -> None:
    async with caller(shared_server) as phone, caller(shared_server) as other:
        await phone.call()
        await other.renew(callId=phone.call_id, secret=phone.secret)
        assert (await phone.wait("ended"))["reason"] == "moved"
        assert (await phone.command("dtmf", digit="1"))["error"]["code"] == "gone"
        assert (await other.command("dtmf", digit="1"))["ok"]


async def test_a_call_does_not_move_for_an_offer_that_nobody_can_answer(shared_server: ServerProcess) -> None:
    async with caller(shared_server) as phone, caller(shared_server) as other:
        await phone.call()
        ack = await Softphone.command(other, "offer", sdp="v=0", callId=phone.call_id, secret=phone.secret)
        assert ack["error"]["code"] == "bad_sdp"
        assert (await Softphone.command(other, "dtmf", digit="1"))["error"]["code"] == "gone"
        assert (await phone.command("dtmf", digit="1"))["ok"]
        assert phone.all("ended") == []


async def test_a_call_does_not_move_for_who_knows_only_its_id(shared_server: ServerProcess) -> None:
    async with caller(shared_server) as phone, caller(shared_server) as other:
        await phone.call()
        for wrong in ({}, {"secret": ""}, {"secret": phone.secret[:-1]}, {"secret": "é" + phone.secret[1:]}):
            ack = await other.command("offer", sdp=await other.offer_sdp(), callId=phone.call_id, **wrong)
            assert ack["error"]["code"] == "not_yours"
            await other.hang_up_audio()
        assert (await phone.command("dtmf", digit="1"))["ok"]
        assert phone.all("ended") == []


async def test_a_caller_who_does_not_come_back_ends_the_call(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server) as console, caller(shared_server) as phone:
        await phone.call()
        await phone.vanish()
        ended = await console.wait("call_state", callId=phone.call_id, state="ended", within=20)
        assert (ended["endReason"], ended["endedBy"]) == ("line_lost", "provider")
        async with caller(shared_server) as late:
            ack = await late.command("offer", callId=phone.call_id, sdp=await late.offer_sdp())
            assert ack["error"]["code"] == "gone"


async def test_keys_are_the_caller_s_words(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server) as console, caller(shared_server) as phone:
        await phone.call()
        for digit in "5#":
            assert (await phone.command("dtmf", digit=digit))["ok"]
        while "5#" not in {
            message["text"]
            for message in (data["message"] for data in console.all("transcript"))
            if message["speaker"] == "caller" and message["callId"] == phone.call_id
        }:
            await console.wait("transcript", len(console.all("transcript")) + 1)


async def test_a_network_that_is_gone_is_noticed_and_a_new_connection_carries_on(
    shared_server: ServerProcess,
) -> None:
    async with (
        PeerConsole(shared_server, idle=SOUND) as console,
        PeerSoftphone(shared_server, idle=VOICE) as phone,
    ):
        await console.open_audio()
        await phone.call()
        await bridge(phone, console)
        phone.mute = True
        # Asked of what the server says: its goodbye to the connection is one datagram, which may be lost.
        await console.wait("call_state", callId=phone.call_id, line="lost", within=20)
        phone.mute = False
        await phone.open_audio()
        await assert_both_ways(phone, console)
        assert console.all("call_state")[-1]["line"] == "up"
        assert phone.all("ended") == []


async def test_a_key_that_the_browser_sends_as_sound_counts_like_any(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server) as console, PeerSoftphone(shared_server, idle=VOICE) as phone:
        await phone.call()
        assert phone.own is not None
        assert phone.own.send_key("7")
        while "7" not in [
            data["message"]["text"]
            for data in console.all("transcript")
            if data["callId"] == phone.call_id and data["message"]["speaker"] == "caller"
        ]:
            await console.wait("transcript", len(console.all("transcript")) + 1)


async def test_over_capacity_new_callers_are_told(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, max_calls=1) as server, caller(server) as one, caller(server) as two:
        await one.call()
        ack = await two.command("call", sdp=await two.offer_sdp())
        assert ack["error"]["code"] == "over_capacity"
        assert (await one.command("dtmf", digit="1"))["ok"], "the call that was first goes on"
