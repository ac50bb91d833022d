"""Agents that break the rules, by malice or by mistake, and what it costs others: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.agent import AgentConsole
from tests.harness.console import Console
from tests.harness.handoff import bridge, phone_for
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess
from tests.harness.tones import tone
from tests.harness.voice import synthesise

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}
STORY = (
    "I would like to tell you a long story about my order, which I have placed on Monday, and which has not "
    "come until now, although you said that it would come on Tuesday, or at the latest on Wednesday."
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story() -> AsyncIterator[bytes]:
    """Some nine seconds of a caller who does not stop."""
    yield (await synthesise([STORY]))[STORY]


async def session_of(agent: AgentConsole, phone: TwilioSimulator) -> str:
    began = await agent.wait("session.started", thread_id=phone.parameters["threadId"])
    return str(began["session_id"])


@pytest.mark.parametrize(
    "message",
    [
        '{"type": "takeover", "session_id": "\\ud800"}',
        '{"reply": "Hi.", "request_id": "\\ud800"}',
        '{"reply": "", "request_id": "\\ud800"}',
    ],
)
async def test_half_a_surrogate_does_not_strike_an_agent_deaf(
    module_server: ServerProcess, message: str
) -> None:
    async with AgentConsole(module_server) as agent:
        await agent.say(message)
        assert await agent.ask("ping", "pong")
        (refusal,) = [event for event in agent.events if event.get("ok") is False]
        assert "?" in (refusal.get("session_id") or refusal["request_id"])


async def test_a_flood_that_is_read_is_answered_and_lets_others_in(module_server: ServerProcess) -> None:
    count = 5000
    async with AgentConsole(module_server) as flooding, AgentConsole(module_server) as other:
        assert flooding.ws is not None
        for _ in range(count):
            await flooding.say('{"type": "ping"}')
        assert await other.ask("ping", "pong")
        # The other one, who came behind it all, did not wait for it all.
        assert len(flooding.all("pong")) < count
        await flooding.wait("pong", count, within=30)


@pytest.mark.parametrize("session_id", [[], {}, 0, False])
async def test_what_is_no_id_hangs_up_on_nobody(module_server: ServerProcess, session_id: object) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        session = await session_of(agent, phone)
        assert (await agent.ask("hangup", session_id=session_id))["error"] == "bad_request"
        await module_server.post("/api/call/hangup", {"session_id": session_id}, status=400)
        assert session in await module_server.get("/api/agent/sessions")


@pytest.mark.parametrize("way", ["reply", "inject"])
async def test_what_waits_for_the_caller_to_pause_does_not_talk_over_a_person(
    module_server: ServerProcess, story: bytes, way: str
) -> None:
    async with (
        AgentConsole(module_server) as agent,
        Console(module_server, idle=tone(1000.0, 1.0)) as console,
        phone_for(module_server) as phone,
    ):
        await console.open_audio()
        session = await session_of(agent, phone)
        if way == "reply":
            assert (await agent.ask("takeover", session_id=session))["ok"]
            await phone.press("7")
        phone.speak_pcm(story)
        begin = phone.slots
        await phone.until(lambda: phone.slots > begin + 50, within=20)
        if way == "reply":
            await agent.reply(await agent.wait("turn.request"), "I talk over you.")
        else:
            await agent.send("inject", session_id=session, text="I talk over you.")
        assert await agent.ask("ping", "pong")
        await bridge(console, phone)
        # Its patience with a caller who does not stop ends after six seconds, long before the story.
        await phone.spoken(within=30)
        spoken = await module_server.messages(phone.parameters["threadId"])
        assert [message["text"] for message in spoken if message["speaker"] == "agent"] == []


async def test_the_end_of_an_agent_s_reply_does_not_end_the_bot_s_turn(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with ServerProcess(tmp_path_factory.mktemp("spoken"), tts="piper") as server:
        await server.ready()
        async with AgentConsole(server) as agent, phone_for(server) as phone:
            session = await session_of(agent, phone)
            assert (await agent.ask("takeover", session_id=session))["ok"]
            await phone.press("7")
            begin = phone.slots
            await agent.reply(await agent.wait("turn.request"), STORY)
            await phone.wait_heard(lambda heard: phone.slots > begin and heard[-1].level_db > -40, within=30)
            assert (await agent.ask("release", session_id=session))["ok"]
            await phone.press("1")  # cuts the agent's last words off
            await agent.wait("turn.complete", transcript="7")
            done = await agent.wait("turn.complete", transcript="1")
            assert (done["model"], bool(done["reply"])) == ("flow", True)


async def test_takeovers_and_releases_that_race_with_people_leave_one_holder(
    module_server: ServerProcess,
) -> None:
    async with (
        AgentConsole(module_server) as first,
        AgentConsole(module_server) as second,
        Console(module_server, idle=tone(1000.0, 1.0)) as console,
        phone_for(module_server) as phone,
    ):
        await console.open_audio()
        session = await session_of(first, phone)

        async def fight(agent: AgentConsole) -> None:
            for _ in range(50):
                await agent.send("takeover", session_id=session)
                await agent.send("release", session_id=session)

        fights = asyncio.gather(fight(first), fight(second))
        await bridge(console, phone)
        await fights
        for agent in (first, second):
            await agent.wait("release.ack", 50)
            ack = await agent.ask("takeover", session_id=session)
            assert (ack["ok"], ack["error"]) == (False, "already_claimed")
        view = await module_server.get(f"/api/calls/{session}")
        assert (view["state"], view["operator"]["name"], view["agent"]) == ("bridged", "sam", None)
        assert (await console.command("release_call", callId=session))["ok"]
        await console.wait("call_state", callId=session, state="bot")
        assert (await second.ask("takeover", session_id=session))["ok"]
        await phone.press("7")
        await second.reply(await second.wait("turn.request", transcript="7"), "Still here.")
        assert await second.wait("turn.complete", model="agent", reply="Still here.")
        assert (await module_server.get("/api/status"))["pending_turns"] == 0


async def test_an_agent_that_keeps_a_phone_waiting_is_told_when_the_bot_takes_the_turn(
    module_server: ServerProcess,
) -> None:
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        assert (await agent.ask("takeover", session_id=phone.session_id))["ok"]
        # The server waits for agents for 60 s, but the phone reads for 45.
        turn = await phone.say(text="bagels")
        assert (turn.body["model"], "How many" in turn.reply) == ("flow", True)
        request = agent.all("turn.request")[0]
        told = await agent.wait("turn.timeout", request_id=request["request_id"])
        assert "30 s" in told["detail"]
        await agent.reply(request, "Here I am.")
        assert (await agent.wait("turn.late"))["ok"] is False
