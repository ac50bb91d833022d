"""What agents get to know of card numbers, and of what is said while the transcript is paused."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.harness.agent import AgentConsole
from tests.harness.handoff import phone_for
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}
CARD = "4111 1111 1111 1111"
MASKED = "•••• •••• •••• 1111"


def everything(agent: AgentConsole) -> str:
    """All that an agent was sent, as text."""
    return json.dumps(agent.events, ensure_ascii=False)


async def test_card_numbers_reach_no_agent_whoever_says_them(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as agent,
        AgentConsole(module_server) as other,
        SimulatedPhone(module_server.url) as phone,
    ):
        await phone.greet()
        session = phone.session_id
        assert (await agent.ask("takeover", session_id=session))["ok"]
        turn = asyncio.create_task(phone.say(text=f"My card is {CARD}"))
        request = await agent.wait("turn.request")
        assert request["transcript"] == f"My card is {MASKED}"
        await agent.reply(request, f"That was {CARD}.")
        assert (await turn).reply == f"That was {CARD}."  # an agent's words are said as they are
        assert (await other.wait("turn.complete", model="agent"))["reply"] == f"That was {MASKED}."
        await agent.send("inject", session_id=session, text=f"Again: {CARD}.")
        assert (await other.wait("agent.inject"))["text"] == f"Again: {MASKED}."
        assert (await phone.say()).reply == f"Again: {CARD}."
        await other.wait("turn.complete", model="inject")
        await other.ask("get_call_state", "call_state", session_id=session)
        assert CARD not in everything(agent)
        assert CARD not in everything(other)


async def test_in_a_pause_only_who_has_the_call_hears_what_is_said(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as agent,
        AgentConsole(module_server) as other,
        SimulatedPhone(module_server.url) as phone,
    ):
        await phone.greet()
        session = phone.session_id
        assert (await agent.ask("takeover", session_id=session))["ok"]
        await module_server.post(f"/api/calls/{session}/pause_transcript", {"on": True})
        turn = asyncio.create_task(phone.say(text="My secret is sesame"))
        request = await agent.wait("turn.request")
        assert request["transcript"] == "My secret is sesame"
        # A pause that ends before the turn does makes nothing of it known.
        await module_server.post(f"/api/calls/{session}/pause_transcript", {"on": False})
        await agent.reply(request, "I keep it for myself.")
        assert (await turn).reply == "I keep it for myself."
        done = await other.wait("turn.complete", model="agent")
        assert (done["transcript"], done["reply"]) == ("", "")
        await module_server.post(f"/api/calls/{session}/pause_transcript", {"on": True})
        await agent.send("inject", session_id=session, text="Once more: sesame.")
        assert (await phone.say()).reply == "Once more: sesame."
        await other.wait("turn.complete", model="inject")
        await other.ask("get_call_state", "call_state", session_id=session)
        assert "sesame" not in everything(other)


async def test_in_a_pause_the_bot_s_turns_are_told_without_the_caller_s_words(
    module_server: ServerProcess,
) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server) as phone:
        began = await agent.wait("session.started", thread_id=phone.parameters["threadId"])
        session = began["session_id"]
        await module_server.post(f"/api/calls/{session}/pause_transcript", {"on": True})
        await phone.press("7")
        done = await agent.wait("turn.complete", session_id=session)
        assert (done["transcript"], bool(done["reply"])) == ("", True)
        assert agent.all("turn.transcript", session_id=session)[0]["transcript"] == ""
