"""What agents tell the bot's language model, and what it knows of their part: seen in what it is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.harness.agent import AgentConsole
from tests.harness.llm import ChatServer
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess

MINUTES = "The agent promised a discount of seven percent."


def answer(request: dict[str, Any]) -> str:
    """What the model says: minutes where it is to keep some."""
    return MINUTES if is_minutes(request) else "I see."


def is_minutes(request: dict[str, Any]) -> bool:
    return "Keep the minutes" in request["messages"][0]["content"]


def prompts(model: ChatServer) -> list[str]:
    """The system message of each request for a reply."""
    return [request["messages"][0]["content"] for request in model.requests if not is_minutes(request)]


async def test_instructions_and_knowledge_reach_the_model_each_for_its_time(tmp_path: Path) -> None:
    async with (
        ChatServer(answer) as model,
        ServerProcess(tmp_path, llm_url=model.url) as server,
        AgentConsole(server) as agent,
        SimulatedPhone(server.url) as phone,
    ):
        await phone.greet()
        session = phone.session_id
        told = {"global": "Never say no.", "session": "Speak of parrots.", "turn": "Ask for the name."}
        for scope, text in told.items():
            ack = await agent.ask("set_instructions", instructions=text, scope=scope, session_id=session)
            assert (ack["ok"], ack["scope"]) == (True, scope)
            assert (await agent.wait("instructions.updated", scope=scope))["data"]["scope"] == scope
        for text in ("The shop opens at nine.", "The shop opens at ten."):
            ack = await agent.ask("inject_context", session_id=session, context=text)
            assert (ack["ok"], ack["session_id"]) == (True, session)
        assert await agent.wait("agent.context_injected", 2, session_id=session)
        path = f"/api/agent/context/{session}"
        assert (await server.get(path))["knowledge"] == "The shop opens at ten."

        assert (await phone.say(text="My parrot has gone.")).reply == "I see."
        assert (await phone.say(text="It is blue.")).reply == "I see."
        first, second = prompts(model)
        assert all(text in first for text in (*told.values(), "The shop opens at ten."))
        assert "at nine" not in first
        assert told["turn"] not in second
        assert all(text in second for text in (told["global"], told["session"], "The shop opens at ten."))

        # By whichever way it comes, what is injected replaces what was.
        await server.post(path, {"context": "The shop is closed."})
        await phone.say(text="It is green.")
        assert "The shop is closed." in prompts(model)[2]
        assert "opens at ten" not in prompts(model)[2]
        assert (await agent.ask("clear_context", session_id=session))["ok"]
        assert await agent.wait("agent.context_cleared", session_id=session)
        await phone.say(text="It is red.")
        assert "The shop" not in prompts(model)[3]

        # Of another session only what is global holds.
        async with SimulatedPhone(server.url, number="+4930999") as other:
            await other.greet()
            await other.say(text="My cat has gone.")
        assert told["global"] in prompts(model)[4]
        assert told["session"] not in prompts(model)[4]


async def test_after_a_release_the_model_knows_the_agent_s_part_for_as_long_as_the_call_goes_on(
    tmp_path: Path,
) -> None:
    async with (
        ChatServer(answer) as model,
        ServerProcess(tmp_path, llm_url=model.url) as server,
        AgentConsole(server) as agent,
        SimulatedPhone(server.url) as phone,
    ):
        await phone.greet()
        session = phone.session_id
        assert (await agent.ask("takeover", session_id=session, name="Ava"))["ok"]
        # More than the model is shown word for word: what was said first is left to its minutes.
        replies = ["You get a discount of seven percent.", *("Well then. " * 120 for _ in range(7))]
        await agent_talks(agent, phone, "May I have a discount?", replies)
        assert model.requests == []
        assert (await agent.ask("release", session_id=session))["ok"]

        assert (await phone.say(text="My sister likes that.")).reply.endswith("I see.")
        shown = [(turn["role"], turn["content"]) for turn in (await model.asked(1))["messages"]]
        asked = shown.index(("user", "May I have a discount?"))
        assert shown[asked + 1] == ("assistant", "(agent Ava) You get a discount of seven percent.")
        minutes = await model.asked(2)
        assert is_minutes(minutes)
        assert "Agent: You get a discount of seven percent." in minutes["messages"][1]["content"]
        assert "Caller: May I have a discount?" in minutes["messages"][1]["content"]

        assert (await phone.say(text="My brother, too.")).reply == "I see."
        last = next(request for request in reversed(model.requests) if not is_minutes(request))
        assert MINUTES in last["messages"][1]["content"]
        assert "You get a discount" not in json.dumps(last)


async def agent_talks(agent: AgentConsole, phone: SimulatedPhone, said: str, replies: list[str]) -> None:
    """The caller says `said` again and again, and the agent answers with one of `replies` each time."""
    for turn, reply in enumerate(replies, 1):
        asking = asyncio.ensure_future(phone.say(text=said))
        request = await agent.wait("turn.request", turn)
        assert request["transcript"] == said
        await agent.reply(request, reply)
        assert (await asking).reply == " ".join(reply.split())
