"""A thousand turns, answered around the timeout, and an agent that does not read."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.harness.agent import AgentConsole
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess

PATIENCE = 0.1
CALLS, TURNS = 10, 100


async def hold_a_call(server: ServerProcess, agent: AgentConsole, chance: random.Random) -> list[str]:
    """One call of many turns, each answered after a while; what answered them."""
    async with phone_for(server) as phone:
        began = await agent.wait("session.started", thread_id=phone.parameters["threadId"])
        session = began["session_id"]
        assert (await agent.take_over(session))["ok"]
        for turn in range(1, TURNS + 1):
            await phone.press("7")
            request = await agent.wait("turn.request", turn, within=30, session_id=session)
            await asyncio.sleep(chance.uniform(0, 2 * PATIENCE))  # the agent thinks
            await agent.reply(request, "Seven.")
            await agent.wait("turn.complete", turn, within=30, session_id=session)
        return [event["model"] for event in agent.all("turn.complete", session_id=session)]


async def test_a_thousand_turns_around_the_timeout_leave_nothing_pending(tmp_path: Path) -> None:
    chance = random.Random(6)
    async with (
        ServerProcess(tmp_path, agent_turn_timeout=PATIENCE) as server,
        AgentConsole(server) as agent,
    ):
        told = await asyncio.gather(*(hold_a_call(server, agent, chance) for _ in range(CALLS)))
        models = [model for call in told for model in call]
        assert len(models) == CALLS * TURNS
        assert set(models) == {"agent", "flow"}
        timed_out = len(agent.all("turn.timeout"))
        assert timed_out == models.count("flow")
        await agent.wait("turn.late", timed_out)
        assert await agent.ask("ping", "pong")
        assert (len(agent.all("turn.late")), agent.all("error")) == (timed_out, [])
        assert (await server.get("/api/status"))["pending_turns"] == 0


async def test_an_agent_that_does_not_read_is_let_go_with_its_takeovers(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path) as server,
        AgentConsole(server) as watcher,
        phone_for(server),
        server.session.ws_connect(f"{server.url}/api/agent/ws", max_msg_size=0) as deaf,
    ):
        session = (await watcher.wait("session.started"))["session_id"]
        await server.post(f"/api/agent/context/{session}", {"context": "x" * 16_000})
        await deaf.send_json({"type": "takeover", "session_id": session})
        await watcher.wait("agent.takeover", session_id=session)
        try:
            for _ in range(20_000):
                await deaf.send_json({"type": "get_call_state", "session_id": session})
        except ConnectionError:
            pass  # let go while it asked
        await watcher.wait("agent.release", session_id=session, within=30)
        assert await watcher.ask("ping", "pong")
