"""The agents' REST, shape by shape, as the OpenClaw plugin reads it."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from tests.harness.agent import AgentConsole
from tests.harness.handoff import phone_for
from tests.harness.server import NO_ADB, ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}


async def test_a_session_is_listed_shown_told_and_ended(module_server: ServerProcess) -> None:
    server = module_server
    async with AgentConsole(server) as agent, phone_for(server) as phone:
        session = (await agent.wait("session.started"))["session_id"]
        assert await server.get("/api/agent/sessions") == [session]
        for path in ("/api/call/inject", "/api/agent/inject"):
            answer = await server.post(path, {"text": "Good news!", "session_id": ""})
            assert answer == {"ok": True, "session_id": session}
        assert (await agent.wait("agent.inject", 2))["text"] == "Good news!"
        await agent.ask("takeover", session_id=session, name="Ada")
        state = await server.get(f"/api/agent/call/{session}")
        assert (state["session_id"], state["agent_takeover"], state["agent"]) == (session, True, "Ada")
        assert set(state["instructions"]) == {"base", "session", "pending_turn"}
        status = await server.get("/api/status")
        assert status["active_sessions"] == 1
        assert status["agents"][0]["takeover_sessions"] == [session]
        assert status["phone"]["ok"] is False
        ended = await server.post("/api/session/end", {"session_id": session})
        assert ended == {"ok": True, "session_id": session}
        await phone.closed(10)
        await agent.wait("session.ended", session_id=session)
        assert await server.get("/api/agent/sessions") == []
        again = await server.post("/api/session/end", {"session_id": session}, status=404)
        assert (again["ok"], again["error"]["code"]) == (False, "gone")


async def test_context_is_replaced_and_cleared(module_server: ServerProcess) -> None:
    server = module_server
    async with AgentConsole(server) as agent, phone_for(server):
        session = (await agent.wait("session.started"))["session_id"]
        for path in (f"/api/agent/context/{session}", "/api/agent/context/_active"):
            for text in ("The shop opens at nine.", "The shop opens at ten."):
                assert await server.post(path, {"context": text}) == {"ok": True, "session_id": session}
            told = await server.get(path)
            assert told == {
                "session_id": session,
                "knowledge": "The shop opens at ten.",
                "has_knowledge": True,
            }
            refused = await server.post(path, {"context": "x" * 20_000}, status=400)
            assert refused["error"]["code"] == "bad_context"
            assert (await server.get(path))["knowledge"] == "The shop opens at ten."
            async with server.session.delete(server.url + path) as answer:
                assert await answer.json() == {"ok": True, "session_id": session}
            assert (await server.get(path))["has_knowledge"] is False


async def test_instructions_and_call_configuration_by_socket(module_server: ServerProcess) -> None:
    async with AgentConsole(module_server) as agent, phone_for(module_server):
        session = (await agent.wait("session.started"))["session_id"]
        for scope, key in (("global", "base"), ("session", "session"), ("turn", "pending_turn")):
            ack = await agent.ask(
                "set_instructions", instructions="Be brief.", scope=scope, session_id=session
            )
            assert (ack["ok"], ack["scope"]) == (True, scope)
            state = await agent.ask("get_call_state", "call_state", session_id=session)
            assert state["instructions"][key] == "Be brief."
        assert (await agent.ask("set_instructions", instructions="", scope="world"))["error"] == "bad_context"
        ack = await agent.ask("set_call_config", config={"max_duration_sec": 120})
        assert (ack["ok"], ack["config"]["max_duration_sec"]) == (True, 120)
        assert (await agent.wait("config.call_updated"))["max_duration_sec"] == 120
        bad = await agent.ask("set_call_config", config={"max_duration_sec": "long"})
        assert (bad["ok"], bad["error"]) == (False, "bad_config")
        assert (await agent.ask("set_call_config", config={"caller_allowlist": []}))["error"] == "not_allowed"
        # What people or the plugin change by REST is told, too; what was refused is not.
        set_by_rest = await module_server.post("/api/config/call", {"max_duration_sec": 240})
        await module_server.post("/api/config/call", {"max_duration_sec": "long"}, status=400)
        told = await agent.wait("config.call_updated", 2)
        assert {**told["data"], "ok": True} == set_by_rest
        assert await agent.ask("ping", "pong")
        assert len(agent.all("config.call_updated")) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/call/dial", "{"),
        ("/api/call/dial", "{}"),
        ("/api/call/dial", '{"number": 7}'),
        ("/api/call/hangup", "[]"),
        ("/api/agent/inject", '{"text": ""}'),
        ("/api/agent/inject", '{"text": 7}'),
        ("/api/session/end", "{}"),
        ("/api/config/tts", '{"pitch": 7}'),
    ],
)
async def test_bad_bodies_are_refused_with_the_error_shape(
    module_server: ServerProcess, path: str, body: str
) -> None:
    async with module_server.session.post(module_server.url + path, data=body) as answer:
        refused = await answer.json()
        assert answer.status == 400
        assert (refused["ok"], refused["error"]["code"]) == (False, "bad_request")
        assert refused["detail"] == refused["error"]["message"]


async def test_without_a_phone_dialling_says_why(module_server: ServerProcess) -> None:
    answer = await module_server.post("/api/call/dial", {"number": "+4912345"})
    assert answer["ok"] is False
    assert str(NO_ADB) in answer["detail"]
    async with AgentConsole(module_server) as agent:
        ack = await agent.ask("dial", number="+4912345")
        assert (ack["ok"], bool(ack["detail"])) == (False, True)


async def test_what_is_set_at_the_start_cannot_be_changed_later(module_server: ServerProcess) -> None:
    for path, key in (("/api/config/tts", "voice"), ("/api/config/llm", "model")):
        view = await module_server.get(path)
        assert (await module_server.post(path, {key: view[key]}))["ok"] is True
        refused = await module_server.post(path, {key: "another"}, status=409)
        assert refused["error"]["code"] == "not_changeable"


async def test_with_a_token_nobody_comes_in_without(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, agent_token="secret-token") as server:
        assert (await server.get("/api/status", status=401))["error"]["code"] == "unauthorized"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await server.session.ws_connect(f"{server.url}/api/agent/ws")
        assert refused.value.status == 401
        async with AgentConsole(server, token="secret-token") as agent:
            assert await agent.ask("ping", "pong")
        async with server.session.ws_connect(f"{server.url}/api/agent/ws?token=secret-token") as ws:
            assert (await ws.receive_json(timeout=20))["type"] == "agent.connected"


async def test_a_web_page_of_another_site_is_not_let_in(module_server: ServerProcess) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await module_server.session.ws_connect(
            f"{module_server.url}/api/agent/ws", headers={"Origin": "https://evil.example"}
        )
    assert refused.value.status == 401
