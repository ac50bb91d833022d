"""How calls end, and how they go back to the bot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, phone_for, phone_hears, states
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOUND = tone(1000.0, 1.0)


async def test_a_caller_who_hangs_up_while_ringing_is_withdrawn(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = (await hand_off(console, phone))["callId"]
        await phone.hang_up()
        assert (await console.wait("call_withdrawn", callId=call_id))["reason"] == "caller_hung_up"
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert (ended["endReason"], ended["endedBy"]) == ("caller_hung_up", "caller")
        assert ended["endedAt"] >= ended["startedAt"]
        late = await console.command("accept_call", callId=call_id)
        assert (late["ok"], late["error"]["code"]) == (False, "gone")
        assert (await console.command("decline_call", callId=call_id))["error"]["code"] == "gone"


async def test_a_caller_who_hangs_up_on_the_operator_ends_the_call(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await phone.hang_up()
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert ended["endReason"] == "caller_hung_up"
        again = await console.command("hangup_call", callId=call_id)
        assert (again["ok"], again["call"]["endReason"]) == (True, "caller_hung_up")
        assert len(states(console, call_id, "ended")) == 1
        assert "call_ended" in dict(await shared_server.timeline(call_id))


async def test_an_operator_who_hangs_up_ends_the_callers_leg_and_twice_is_once(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        first = await console.command("hangup_call", callId=call_id)
        assert (first["call"]["state"], first["call"]["endReason"]) == ("ended", "operator_hung_up")
        second = await console.command("hangup_call", callId=call_id)
        assert (second["ok"], second["call"]["endReason"]) == (True, "operator_hung_up")
        assert await phone.closed(5) == 1000
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert (view["endReason"], view["endedBy"]) == ("operator_hung_up", "operator")
        timeline = [event for event, _ in await shared_server.timeline(call_id)]
        assert timeline.count("call_ended") == 1


async def test_the_operator_is_free_for_the_next_call_at_once(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console:
        await console.open_audio()
        for _ in range(3):
            async with phone_for(shared_server) as phone:
                call_id = await bridge(console, phone)
                assert (await console.command("hangup_call", callId=call_id))["ok"]


async def test_release_says_why_and_the_bot_does_not_greet_again(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await phone_hears(phone, 0.1)
        released = await console.command("release_call", callId=call_id, note="  wants bagels  ")
        assert (released["call"]["state"], released["call"]["speaker"]) == ("bot", "bot")
        again = await console.command("release_call", callId=call_id)
        assert again["error"]["code"] == "not_yours"
        assert await bridge(console, phone) == call_id
        await phone_hears(phone, 0.1)
        released = await console.command("release_call", callId=call_id, resumeAt="question_amount")
        assert released["ok"]
        thread = await until_said(shared_server, states(console, call_id)[0]["threadId"], "How many")
        said = [message["text"] for message in thread]
        assert said.count("Note from the operator: wants bagels") == 1
        assert sum("thank you for calling" in text for text in said) == 1, "no second greeting"
        timeline = [event for event, _ in await shared_server.timeline(call_id)]
        twice = (
            "handoff_requested", "incoming_call_sent", "accepted", "operator_audio_connected",
            "bot_last_frame", "provider_clear_sent", "first_operator_frame", "first_caller_frame",
            "released", "bot_resumed",
        )  # fmt: skip
        assert {event: timeline.count(event) for event in twice} == dict.fromkeys(twice, 2)
        assert timeline[0] == "call_started"


async def test_release_to_an_unknown_place_changes_nothing(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        refused = await console.command("release_call", callId=call_id, resumeAt="no such node")
        assert refused["error"]["code"] == "unknown_node"
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert (view["state"], view["operator"]["name"]) == ("bridged", "sam")


async def test_a_call_with_the_bot_can_be_hung_up_by_the_caller_only(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        assert (await console.command("hangup_call", callId=call_id))["error"]["code"] == "not_yours"
        await phone.hang_up()
        ended = await console.wait("call_state", callId=call_id, state="ended")
        assert ended["endReason"] == "caller_hung_up"


async def until_said(server: ServerProcess, thread_id: str, words: str) -> list[dict[str, Any]]:
    """The thread's messages, as soon as one has these words in it."""
    async with Console(server, "kim") as console:
        while True:
            told = len(console.all("transcript"))
            messages = await server.messages(thread_id)
            if any(words in message["text"] for message in messages):
                return messages
            await console.wait("transcript", told + 1)
