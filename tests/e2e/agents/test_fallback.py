"""The bot answers for an agent who does not, and is overtaken by events itself."""

from __future__ import annotations

from pathlib import Path

from bridge.bot import phrases
from tests.harness.agent import AgentConsole, said
from tests.harness.handoff import phone_for
from tests.harness.llm import ChatServer
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess


async def test_a_person_who_is_wanted_meanwhile_ends_the_bot_s_answer(tmp_path: Path) -> None:
    async with (
        ChatServer(reply=None) as model,
        ServerProcess(tmp_path, agent_turn_timeout=0.2, ring_timeout=5, llm_url=model.url) as server,
        AgentConsole(server) as agent,
        phone_for(server) as phone,
    ):
        session = (await agent.wait("session.started"))["session_id"]
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await phone.press("7")
        await model.asked(1)
        await server.post(f"/api/calls/{session}/handoff", {}, status=202)
        await said(server, phone, phrases.NOBODY_FREE)
        messages = await server.messages(phone.parameters["threadId"])
        texts = [message["text"] for message in messages if message["speaker"] == "bot"]
        waited = texts[texts.index(phrases.CONNECTING) + 1 : texts.index(phrases.NOBODY_FREE)]
        assert waited == []


async def test_the_bot_may_fetch_a_person_in_the_agent_s_place(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, agent_turn_timeout=0.2) as server,
        AgentConsole(server) as agent,
        SimulatedPhone(server.url) as phone,
    ):
        await phone.greet()
        assert (await agent.ask("takeover", session_id=phone.session_id))["ok"]
        assert "get somebody for you" in (await phone.say(text="I want to speak to a person")).reply
        assert await agent.wait("handoff.offered", session_id=phone.session_id)
        assert (await phone.say(text="Hello?")).body["hangup"] is False
