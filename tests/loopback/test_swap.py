"""What the caller hears when an operator comes, holds and leaves, as it is on the wire."""

from __future__ import annotations

import pytest

from tests.harness.console import Console
from tests.harness.handoff import (
    HOLD,
    bridge,
    hand_off,
    hears_hold,
    hold_count,
    phone_for,
    phone_hears,
    since_clear,
    states,
)
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR_HZ = 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


async def test_hold_audio_runs_from_the_handoff_on(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        await hand_off(console, phone)
        await hears_hold(phone, 25)
        assert not any(item.event == "clear" for item in phone.received)


async def test_a_silent_microphone_does_not_end_the_hold_audio_and_sound_does(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        offer = await hand_off(console, phone)
        assert (await console.command("accept_call", callId=offer["callId"]))["ok"]
        await hears_hold(phone, 50)
        assert states(console, offer["callId"])[-1]["state"] == "connecting"
        console.microphone.say(tone(OPERATOR_HZ, 2.0))
        await console.wait("call_state", callId=offer["callId"], state="bridged")
        assert dominance(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.9

        before, after = since_clear(phone)
        assert before[-1] in HOLD, "hold audio lasts until the clear"
        assert after
        assert not HOLD & set(after), "and none of it comes after the operator's first frame"
        names = [event for event, _ in await shared_server.timeline(offer["callId"])]
        steps = ["accepted", "bot_last_frame", "provider_clear_sent", "first_operator_frame"]
        assert [name for name in names if name in steps] == steps
        await phone.wait_received("mark", within=5)


async def test_the_operators_first_frame_follows_the_clear_in_the_same_slot(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        await bridge(console, phone)
        arrivals = list(phone.received)
        clear = next(index for index, item in enumerate(arrivals) if item.event == "clear")
        assert [item.event for item in arrivals[clear : clear + 3]] == ["clear", "mark", "media"]
        timeline = dict(await shared_server.timeline(states(console, offer_id(console))[0]["callId"]))
        assert timeline["first_operator_frame"] - timeline["provider_clear_sent"] < 20
        assert timeline["bot_last_frame"] <= timeline["provider_clear_sent"]


async def test_holding_plays_hold_audio_at_once_and_the_operator_is_not_heard(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.command("hold_call", callId=call_id, on=True)
        await hears_hold(phone, 25)
        assert share(await phone_hears(phone, 0.3), OPERATOR_HZ) < 0.01
        again = await console.command("hold_call", callId=call_id, on=True)
        assert again["call"]["state"] == "held"
        await console.command("hold_call", callId=call_id, on=False)
        await phone_hears(phone, 0.2)
        assert not HOLD & set(since_clear(phone)[1])


async def test_releasing_right_after_unholding_leaves_no_hold_audio(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.command("hold_call", callId=call_id, on=True)
        console.mute = True
        await console.command("hold_call", callId=call_id, on=False)
        released = await console.command("release_call", callId=call_id)
        assert released["call"]["state"] == "bot"
        await phone_hears(phone, 0.2)
        came = hold_count(phone.received)
        await phone_hears(phone, 0.3)
        assert hold_count(phone.received) == came


def offer_id(console: Console) -> str:
    """Id of the last call that the console was offered."""
    return str(console.all("incoming_call")[-1]["callId"])
