"""A software agent takes a streaming call over: each row of the guide, over real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.agent import AgentConsole, said
from tests.harness.console import Console
from tests.harness.handoff import bridge, hand_off, phone_for
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}


async def session_of(agent: AgentConsole, phone: TwilioSimulator) -> str:
    """The phone's session, as the agent was told."""
    began = await agent.wait("session.started", thread_id=phone.parameters["threadId"])
    return str(began["session_id"])


async def test_the_agent_answers_turns_and_gives_the_call_back(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        ack = await agent.ask("takeover", session_id=session, name="Ada")
        assert (ack["ok"], ack["session_id"]) == (True, session)
        view = await module_server.get(f"/api/calls/{session}")
        assert (view["state"], view["speaker"], view["agent"]["name"]) == ("bot", "agent", "Ada")
        await phone.press("7")
        request = await agent.wait("turn.request")
        assert (request["session_id"], request["transcript"]) == (session, "7")
        assert request["data"]["request_id"] == request["request_id"]
        await agent.reply(request, "Seven it is.")
        done = await agent.wait("turn.complete", session_id=session)
        assert (done["model"], done["reply"], done["transcript"]) == ("agent", "Seven it is.", "7")
        message = await said(module_server, phone, "Seven it is.")
        assert (message["speaker"], message["name"]) == ("agent", "Ada")
        assert (await agent.ask("release", session_id=session))["ok"]
        await phone.press("1")
        after = await agent.wait("turn.complete", 2, session_id=session)
        assert after["model"] != "agent"
        assert len(agent.all("turn.request")) == 1


async def test_events_come_in_the_guide_s_order(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        await agent.send("inject", session_id=session, text="Welcome aboard.")
        await agent.ask("takeover", session_id=session)
        await phone.press("7")
        await agent.reply(await agent.wait("turn.request"), "Fine.")
        await agent.wait("turn.complete", session_id=session)
        await agent.ask("release", session_id=session)
        told = [event["type"] for event in agent.events if event.get("session_id") == session]
        expected = [
            "session.started", "agent.inject", "agent.takeover", "takeover.ack", "turn.started",
            "turn.transcript", "turn.request", "turn.reply", "turn.complete", "agent.release", "release.ack",
        ]  # fmt: skip
        assert [kind for kind in told if kind in expected] == expected
        assert all(event["session_id"] == event["data"]["session_id"] for event in agent.all("turn.complete"))
        envelope = agent.all("turn.complete")[0]
        assert isinstance(envelope["timestamp"], float)
        assert envelope["data"]["reply"] == envelope["reply"] == "Fine."


async def test_injected_texts_are_said_in_order_and_in_the_agent_s_name(module_server: ServerProcess) -> None:
    texts = ["First of all.", "Secondly.", "And finally."]
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        for text in texts:
            await agent.send("inject", session_id=session, text=text)
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await said(module_server, phone, texts[-1])
        messages = await module_server.messages(phone.parameters["threadId"])
        assert [m["text"] for m in messages if m["speaker"] == "agent"] == texts


async def test_the_last_takeover_wins_and_the_loser_leaves_quietly(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as first,
        AgentConsole(module_server) as second,
        phone_for(module_server) as phone,
    ):
        session = await session_of(second, phone)
        assert (await first.ask("takeover", session_id=session, name="One"))["ok"]
        await phone.press("7")
        lost = await first.wait("turn.request")
        assert (await second.ask("takeover", session_id=session, name="Two"))["ok"]
        told = await first.wait("takeover.lost", session_id=session)
        assert (told["reason"], told["by"]["name"]) == ("superseded", "Two")
        # What the caller said before anybody answered goes with the call.
        request = await second.wait("turn.request")
        assert request["transcript"] == "7"
        await first.reply(lost, "Too late.")
        late = await first.wait("turn.late", request_id=lost["request_id"])
        assert late["ok"] is False
        await first.reply(request, "Not mine.")
        assert (await first.wait("error", error="not_yours"))["request_id"] == request["request_id"]
        assert (await first.ask("release", session_id=session))["ok"] is False
        await first.leave()
        await second.wait("agent.disconnected")
        await second.reply(request, "Mine.")
        done = await second.wait("turn.complete", session_id=session, model="agent")
        assert done["reply"] == "Mine."
        assert (await module_server.get(f"/api/calls/{session}"))["agent"]["name"] == "Two"


async def test_an_agent_that_dies_mid_turn_leaves_the_turn_to_the_bot(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as watcher, phone_for(module_server) as phone:
        session = await session_of(watcher, phone)
        async with AgentConsole(module_server) as agent:
            assert (await agent.ask("takeover", session_id=session))["ok"]
            await phone.press("7")
            await agent.wait("turn.request")
        await watcher.wait("agent.release", session_id=session)
        done = await watcher.wait("turn.complete", session_id=session)
        assert (done["transcript"], done["model"]) == ("7", "flow")
        assert done["reply"]
        assert (await module_server.get(f"/api/calls/{session}"))["speaker"] == "bot"
        assert (await module_server.get("/api/status"))["pending_turns"] == 0


async def test_what_cannot_be_done_is_answered_so(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        for command in ("takeover", "release", "end_session", "clear_context"):
            ack = await agent.ask(command, session_id="no-such")
            assert (ack["ok"], ack["error"], ack["session_id"]) == (False, "gone", "no-such")
        assert (await agent.ask("release", session_id=session))["error"] == "not_yours"
        assert (await agent.ask("takeover"))["error"] == "bad_request"
        assert (await agent.ask("takeover", session_id=session, name=7))["error"] == "bad_request"
        assert (await agent.ask("inject", session_id=session, text=" "))["error"] == "bad_request"
        assert (await agent.ask("inject", session_id="no-such", text="Hello."))["error"] == "gone"
        assert (await agent.ask("get_call_state", "call_state", session_id="no-such"))["ok"] is False
        assert (await agent.ask("dial", number=""))["error"] == "bad_request"
        await agent.say({"reply": "Hi.", "request_id": "nobody-asked"})
        assert (await agent.wait("error"))["error"] == "unknown_request"
        # Nothing of it has cost the agent its socket, or the caller the bot.
        assert (await agent.ask("takeover", session_id=session))["ok"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("{", "bad_json"),
        ("[1, 2]", "bad_json"),
        ("[" * 100_000, "bad_json"),
        (b"\x00\x01", "bad_json"),
        ("{}", "bad_request"),
        ('{"type": 7}', "bad_request"),
        ('{"type": "robot_dance"}', "unknown_command"),
        ('{"reply": "Hi."}', "bad_request"),
        ('{"reply": "", "request_id": "a"}', "bad_reply"),
        ('{"reply": "\\ud800", "request_id": "a"}', "bad_reply"),
    ],
)
async def test_garbage_costs_nothing_but_an_error(
    module_server: ServerProcess, message: str | bytes, error: str
) -> None:
    async with AgentConsole(module_server) as agent:
        await agent.say(message)
        assert (await agent.wait("error"))["error"] == error
        assert await agent.ask("ping", "pong")


async def test_a_message_beyond_a_mebibyte_ends_its_socket_only(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as other, AgentConsole(module_server) as agent:
        await agent.say('{"type": "ping", "filling": "' + "x" * (1 << 20) + '"}')
        assert await agent.closed() == 1009
        assert await other.ask("ping", "pong")


async def test_a_person_is_not_taken_from_and_ends_a_takeover(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as agent,
        Console(module_server, idle=tone(1000.0, 1.0)) as console,
        phone_for(module_server) as phone,
    ):
        session = await session_of(agent, phone)
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await console.wait("call_state", callId=session, speaker="agent")
        await console.open_audio()
        await bridge(console, phone)
        lost = await agent.wait("takeover.lost", session_id=session)
        assert (lost["reason"], lost["by"]["name"], lost["by"]["kind"]) == ("human_takeover", "sam", "human")
        ack = await agent.ask("takeover", session_id=session)
        assert (ack["ok"], ack["error"]) == (False, "already_claimed")
        assert "sam" in ack["detail"]
        assert (await agent.ask("inject", session_id=session, text="Buy now!"))["error"] == "not_with_bot"
        assert (await agent.ask("hangup", session_id=session))["error"] == "already_claimed"
        assert (await agent.wait("handoff.claimed", session_id=session))["operator"]["name"] == "sam"
        assert (await console.command("release_call", callId=session))["ok"]
        await console.wait("call_state", callId=session, state="bot")
        assert (await agent.ask("takeover", session_id=session))["ok"]


async def test_a_call_that_waits_for_a_person_cannot_be_taken_over(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as agent,
        Console(module_server) as console,
        phone_for(module_server) as phone,
    ):
        session = await session_of(agent, phone)
        await hand_off(console, phone)
        assert (await agent.ask("takeover", session_id=session))["error"] == "not_with_bot"
        assert await agent.wait("handoff.offered", session_id=session)


async def test_hanging_up_ends_the_session_and_the_takeover(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await phone.press("7")
        request = await agent.wait("turn.request")
        ack = await agent.ask("hangup", session_id=session)
        assert (ack["ok"], ack["session_id"]) == (True, session)
        assert (await agent.wait("session.ended", session_id=session))["reason"] == "agent_hung_up"
        await phone.closed(10)
        await agent.reply(request, "Hello?")
        assert await agent.wait("turn.late")
        assert (await agent.ask("takeover", session_id=session))["error"] == "gone"
        view = await module_server.get(f"/api/calls/{session}")
        assert (view["endReason"], view["endedBy"]) == ("agent_hung_up", "agent")


async def test_a_turn_that_times_out_is_the_bot_s_and_the_next_the_agent_s(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, agent_turn_timeout=0.5) as server,
        AgentConsole(server) as agent,
        phone_for(server) as phone,
    ):
        session = await session_of(agent, phone)
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await phone.press("7")
        request = await agent.wait("turn.request")
        done = await agent.wait("turn.complete", session_id=session)
        assert (done["model"], done["transcript"]) == ("flow", "7")
        assert (await agent.wait("turn.timeout"))["request_id"] == request["request_id"]
        await agent.reply(request, "Sorry, I was away.")
        late = await agent.wait("turn.late")
        assert (late["ok"], late["request_id"]) == (False, request["request_id"])
        await phone.press("8")
        second = await agent.wait("turn.request", 2)
        await agent.reply(second, "Eight.")
        assert (await agent.wait("turn.complete", 2, session_id=session))["reply"] == "Eight."
