"""The pause switch: what is written, who may turn it, and when it ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, phone_for
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOUND = tone(1000.0, 1.0)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def texts(server: ServerProcess, phone: TwilioSimulator, speaker: str) -> list[str]:
    """What stands in the thread of this speaker's."""
    return [m["text"] for m in await server.messages(phone.parameters["threadId"]) if m["speaker"] == speaker]


async def until_written(console: Console, phone: TwilioSimulator, text: str) -> None:
    """Wait for a final message that begins with `text`."""

    def there() -> bool:
        messages = [t["message"] for t in console.all("transcript")]
        mine = [m for m in messages if m["threadId"] == phone.parameters["threadId"] and m["final"]]
        return any(m["text"].startswith(text) for m in mine)

    while not there():
        await console.wait("transcript", len(console.all("transcript")) + 1, within=20)


async def pause(server: ServerProcess, call_id: str, body: Any, status: int = 200) -> Any:
    return await server.post(f"/api/calls/{call_id}/pause_transcript", body, status=status)


async def test_keys_and_typed_words_of_a_pause_are_not_written_but_reach_whom_they_are_for(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await phone.press("1")
        await phone.press("2")
        while console.keys != "12":
            await console.wait_heard(0.1)
        ack = await console.command("pause_transcript", callId=call_id, on=True)
        assert (ack["ok"], ack["call"]["transcript"]) == (True, "paused")
        assert (await console.wait("call_state", callId=call_id, transcript="paused"))["state"] == "bridged"
        for key in "4111111111111111":
            await phone.press(key)
        while console.keys != "124111111111111111":
            await console.wait_heard(0.1)
        assert (await console.command("say", callId=call_id, text="Thank you, got it."))["ok"]
        assert (await console.command("dtmf", callId=call_id, digits="77"))["ok"]
        assert (await console.command("pause_transcript", callId=call_id, on=False))["ok"]
        await console.wait("call_state", callId=call_id, transcript="on", state="bridged")
        await phone.press("9")
        await phone.press("#")
        await until_written(console, phone, "9#")
        assert await texts(shared_server, phone, "caller") == ["12", "9#"]
        assert await texts(shared_server, phone, "human") == []
        paused, resumed = await texts(shared_server, phone, "system")
        assert paused == "Transcription paused by sam."
        assert resumed.startswith("Transcription resumed by sam after ")


async def test_a_pause_outlives_hold_and_a_change_of_operators_and_ends_with_the_bot(
    shared_server: ServerProcess,
) -> None:
    async with (
        PeerConsole(shared_server, "kim", idle=SOUND) as kim,
        PeerConsole(shared_server, idle=SOUND) as sam,
        phone_for(shared_server) as phone,
    ):
        await kim.open_audio()
        await sam.open_audio()
        call_id = await bridge(kim, phone)
        assert (await sam.command("pause_transcript", callId=call_id, on=True))["error"][
            "code"
        ] == "not_yours"
        for bad in (None, 1, "true", {}):
            ack = await kim.command("pause_transcript", callId=call_id, on=bad)
            assert ack["error"]["code"] == "bad_request"
        for _ in range(2):  # asking for what already is does nothing
            assert (await kim.command("pause_transcript", callId=call_id, on=True))["ok"]
        for on in (True, False):
            ack = await kim.command("hold_call", callId=call_id, on=on)
            assert ack["call"]["transcript"] == "paused"
        await kim.leave()
        offer = await sam.wait("incoming_call", 2, within=30, callId=call_id)
        assert (await sam.command("accept_call", callId=offer["callId"]))["call"]["transcript"] == "paused"
        await sam.wait("call_state", 2, within=20, callId=call_id, state="bridged", transcript="paused")
        released = await sam.command("release_call", callId=call_id)
        assert (released["call"]["state"], released["call"]["transcript"]) == ("bot", "on")
        await until_written(sam, phone, "Transcription resumed after ")
        notes = await texts(shared_server, phone, "system")
        assert [note.split()[1] for note in notes if note.startswith("Transcription")] == [
            "paused",
            "resumed",
        ]
        assert notes[-1].endswith("since the bot has the call again.")


async def test_a_program_pauses_a_call_with_the_bot_which_goes_on_hearing_keys(
    shared_server: ServerProcess,
) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        await until_written(console, phone, "What can I bake for you")
        assert (await pause(shared_server, call_id, {"on": True}))["transcript"] == "paused"
        spoken = len(await texts(shared_server, phone, "bot"))
        await phone.press("9")
        await until_written(console, phone, "Transcription paused by a program.")
        while len(await texts(shared_server, phone, "bot")) == spoken:
            await console.wait("transcript", len(console.all("transcript")) + 1, within=20)
        assert await texts(shared_server, phone, "caller") == []
        await hand_off(console, phone)
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert (view["state"], view["transcript"]) == ("handoff", "paused")
        await phone.hang_up()
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert ended["transcript"] == "on"
        await until_written(console, phone, "Transcription was paused until the end of the call")


async def test_what_is_no_switch_or_no_live_call_is_refused(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        for body in ({}, {"on": None}, {"on": "yes"}, {"on": 1}, [True]):
            refused = await pause(shared_server, call_id, body, 400)
            assert refused["error"]["code"] == "bad_request"
        assert (await pause(shared_server, UNKNOWN, {"on": True}, 404))["error"]["code"] == "not_found"
        await phone.hang_up()
        await console.wait("call_state", callId=call_id, state="ended")
        for on in (True, False):
            assert (await pause(shared_server, call_id, {"on": on}, 409))["error"]["code"] == "gone"
        headers = {"Origin": "https://elsewhere.example"}
        url = f"{shared_server.url}/api/calls/{call_id}/pause_transcript"
        async with shared_server.session.post(url, json={"on": True}, headers=headers) as answer:
            assert answer.status == 401
