"""What agents hear of callers whose call has not begun: turned away, or asked for the passphrase."""

from __future__ import annotations

import pytest

from tests.harness.agent import AgentConsole
from tests.harness.phone_app import SimulatedPhone
from tests.harness.server import ServerProcess

SETTINGS: dict[str, object] = {}
pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN: dict[str, object] = {"auth_passphrase": "", "caller_blocklist": [], "auth_max_attempts": 3}


async def test_agents_hear_of_each_attempt_but_not_what_was_said(module_server: ServerProcess) -> None:
    await module_server.post("/api/config/call", {**OPEN, "auth_passphrase": "Blue Harvest"})
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        for attempt, words in enumerate(("let me in", "blue hat"), 1):
            await phone.say(text=words)
            told = await agent.wait("turn.auth_failed", attempt)
            assert (told["session_id"], told["data"]["attempt"]) == (phone.session_id, attempt)
        assert agent.all("session.started") == []
        await phone.say(text="Blue harvest!")
        assert await agent.wait("session.started", session_id=phone.session_id)
        kinds = [event["type"] for event in agent.events if event.get("session_id") == phone.session_id]
        assert kinds[:4] == ["turn.auth_failed", "turn.auth_failed", "turn.authenticated", "session.started"]
        assert not any("blue hat" in str(event) or "let me" in str(event) for event in agent.events)


async def test_after_the_last_attempt_the_session_is_over(module_server: ServerProcess) -> None:
    changes = {**OPEN, "auth_passphrase": "Blue Harvest", "auth_max_attempts": 1}
    await module_server.post("/api/config/call", changes)
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        turn = await phone.say(text="let me in")
        assert (turn.body["rejected"], turn.body["reason"]) == (True, "auth_failed")
        assert (await agent.wait("turn.auth_failed"))["attempt"] == 1
        assert (await agent.ask("end_session", session_id=phone.session_id))["error"] == "gone"


async def test_agents_hear_of_who_is_turned_away(module_server: ServerProcess) -> None:
    await module_server.post("/api/config/call", {**OPEN, "caller_blocklist": ["+4930666"]})
    async with (
        AgentConsole(module_server) as agent,
        SimulatedPhone(module_server.url, number="+49 30 666") as phone,
    ):
        await phone.greet()
        told = await agent.wait("turn.caller_rejected", session_id=phone.session_id)
        assert (told["number"], told["reason"]) == ("+4930666", "blocklisted")
        assert agent.all("session.started") == []


@pytest.mark.parametrize("way", ["socket", "form", "json", "hangup"])
async def test_a_caller_who_is_still_asked_can_be_parted_from(module_server: ServerProcess, way: str) -> None:
    await module_server.post("/api/config/call", {**OPEN, "auth_passphrase": "Blue Harvest"})
    async with AgentConsole(module_server) as agent, SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        named = {"session_id": phone.session_id}
        if way == "socket":
            assert await agent.ask("end_session", **named) == {
                "type": "end_session.ack", "ok": True, **named
            }  # fmt: skip
        elif way == "hangup":
            ack = await agent.ask("hangup", **named)
            assert (ack["ok"], ack["session_id"]) == (True, phone.session_id)
        elif way == "json":
            assert await module_server.post("/api/session/end", named) == {"ok": True, **named}
        else:
            url = f"{module_server.url}/api/session/end"
            async with module_server.session.post(url, data=named) as answer:
                assert await answer.json() == {"ok": True, **named}
        turn = await phone.say(text="Blue harvest!")
        assert (turn.body["ended"], turn.body["hangup"]) == (True, True)
