"""REST as the contract has it, key by key, and who may use it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, phone_for
from tests.harness.peer_console import PeerConsole
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL_VIEW = {
    "callId", "threadId", "crmId", "channelId", "provider", "caller", "state", "speaker", "queue", "operator",
    "startedAt", "handoffAt", "claimedAt", "bridgedAt", "endedAt", "endReason",
}  # fmt: skip
INCOMING_CALL = {
    "callId", "threadId", "crmId", "channelId", "caller", "queue", "reason", "summary", "transcript",
    "requestedAt", "expiresAt",
}  # fmt: skip
MESSAGE = {
    "id", "threadId", "callId", "seq", "speaker", "name", "text", "final", "startedAt", "endedAt", "delivery",
    "late",
    "deliveryNote",
}  # fmt: skip
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def assert_error(body: Any) -> None:
    """`{"error": {"code": "snake_case", "message": "a sentence"}}` and nothing else."""
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    assert re.fullmatch(r"[a-z0-9_]+", body["error"]["code"])
    assert re.fullmatch(r"[A-Z`].*\.", body["error"]["message"]), body


async def test_a_call_from_its_begin_to_its_end(shared_server: ServerProcess) -> None:
    who = {"crmId": "crm-1", "channelId": "channel-1", "number": "+15550123", "name": "Ada"}
    async with (
        PeerConsole(shared_server, idle=tone(1000.0, 1.0)) as console,
        phone_for(shared_server, **who) as phone,
    ):
        await console.open_audio()
        call_id = await call_of(console, phone)
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert set(view) >= CALL_VIEW
        assert {key: view[key] for key in ("threadId", "crmId", "channelId")} == {
            "threadId": phone.parameters["threadId"],
            "crmId": "crm-1",
            "channelId": "channel-1",
        }
        assert view["caller"] == {"number": "+15550123", "name": "Ada", "provider": "twilio"}
        assert (view["provider"], view["state"], view["speaker"]) == ("twilio", "bot", "bot")
        nothing_yet = ("operator", "handoffAt", "claimedAt", "bridgedAt", "endedAt", "endReason")
        assert [view[key] for key in nothing_yet] == [None] * 6
        assert view in await shared_server.get("/api/calls")

        assert await bridge(console, phone) == call_id
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert (view["state"], view["speaker"], view["queue"]) == ("bridged", "human", "default")
        times = [view[key] for key in ("startedAt", "handoffAt", "claimedAt", "bridgedAt")]
        assert times == sorted(times)
        assert all(ISO.fullmatch(time) for time in times)
        assert set(view["operator"]) == {"id", "name"}

        await phone.hang_up()
        await console.wait("call_state", callId=call_id, state="ended")
        view = await shared_server.get(f"/api/calls/{call_id}")
        assert (view["state"], view["endReason"]) == ("ended", "caller_hung_up")
        assert view["bridgedAt"] <= view["endedAt"]
        assert call_id not in [call["callId"] for call in await shared_server.get("/api/calls")]


async def test_what_operators_are_offered(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server, name="Ada") as phone:
        offer = await hand_off(console, phone, queue="orders", reason="big order", summary="Wants a lot.")
        assert set(offer) == INCOMING_CALL
        assert (offer["queue"], offer["reason"], offer["summary"]) == ("orders", "big order", "Wants a lot.")
        assert offer["caller"] == {"number": "+15551234567", "name": "Ada", "provider": "twilio"}
        assert ISO.fullmatch(offer["requestedAt"])
        assert offer["expiresAt"] > offer["requestedAt"]
        assert len(offer["transcript"]) <= 20
        assert all(set(message) == MESSAGE for message in offer["transcript"])
        welcome = await console.wait("welcome")
        assert set(welcome) == {"operator", "calls", "waiting", "iceServers", "resumePoints", "serverTime"}


async def test_a_handoff_answers_202_then_409_and_404(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        view = await shared_server.post(f"/api/calls/{call_id}/handoff", status=202)
        assert (view["state"], view["speaker"]) == ("handoff", "hold")
        again = await shared_server.post(f"/api/calls/{call_id}/handoff", status=409)
        assert_error(again)
        assert again["error"]["code"] == "not_with_bot"
        await phone.hang_up()
        await console.wait("call_state", callId=call_id, state="ended")
        over = await shared_server.post(f"/api/calls/{call_id}/handoff", status=409)
        assert over["error"]["code"] == "not_with_bot"
        assert_error(await shared_server.post(f"/api/calls/{UNKNOWN}/handoff", status=404))


async def test_no_view_of_a_call_shows_a_card_number_that_a_handoff_names(
    shared_server: ServerProcess,
) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        offer = await hand_off(
            console, phone, summary="Pays with 5555555555554444.", reason="Card 378282246310005 fails."
        )
        masked = (f"Card {'•' * 11}0005 fails.", f"Pays with {'•' * 12}4444.")
        await phone.hang_up()
        await console.wait("call_state", callId=offer["callId"], state="ended")
        told = [view for view in console.all("call_state") if view["callId"] == offer["callId"]]
        kept = await shared_server.get(f"/api/calls/{offer['callId']}")
        views = [view for view in (*told, kept, offer) if view["reason"] is not None]
        assert {(view["reason"], view["summary"]) for view in views} <= {masked, (masked[0], "")}
        assert (kept["reason"], kept["summary"]) == masked


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'"text"', b"\xff\xfe", b'{"reason": 5}', b'{"queue": ["a"]}', b"[" * 20_000,
        b'{"summary": "' + b"x" * 3000 + b'"}', b'{"reason": "' + b"x" * 70_000 + b'"}',
        b'{"reason": "\\ud800"}',
    ],
    ids=["cut", "list", "text", "bytes", "number", "nested", "deep", "long", "huge", "surrogate"],
)  # fmt: skip
async def test_a_bad_handoff_body_is_refused_and_the_call_stays(
    shared_server: ServerProcess, body: bytes
) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        path = f"{shared_server.url}/api/calls/{call_id}/handoff"
        async with shared_server.session.post(path, data=body) as answer:
            assert answer.status == 400
            assert_error(await answer.json())
        assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "bot"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/api/calls/{UNKNOWN}", 404),
        ("GET", f"/api/calls/{UNKNOWN}/timeline", 404),
        ("GET", f"/api/threads/{UNKNOWN}", 404),
        ("GET", "/api/threads?limit=0", 400),
        ("GET", "/api/threads?limit=many", 400),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/calls", 405),
        ("GET", "/api/login", 405),
        ("GET", "/api/calls/%00%ff", 404),
        ("GET", "/api/threads/%ED%A0%80", 404),
    ],
)
async def test_every_refusal_says_why(
    shared_server: ServerProcess, method: str, path: str, status: int
) -> None:
    async with shared_server.session.request(method, shared_server.url + path) as answer:
        assert answer.status == status
        assert_error(await answer.json())


async def test_threads_and_timelines(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = await call_of(console, phone)
        await console.wait("transcript", callId=call_id)
        thread_id = phone.parameters["threadId"]
        thread = await shared_server.get(f"/api/threads/{thread_id}")
        assert set(thread) == {"threadId", "messages"}
        assert thread["threadId"] == thread_id
        assert [message["seq"] for message in thread["messages"]] == [*range(1, len(thread["messages"]) + 1)]
        for message in thread["messages"]:
            assert set(message) == MESSAGE
            assert (message["final"], message["delivery"]) == (True, "local")
            assert message["startedAt"] <= message["endedAt"]
        timeline = await shared_server.get(f"/api/calls/{call_id}/timeline")
        assert all(set(entry) == {"event", "ms"} for entry in timeline)
        assert timeline[0] == {"event": "call_started", "ms": 0.0}
        newest = await shared_server.get("/api/threads?limit=1")
        assert [row["threadId"] for row in newest] == [thread_id]


async def test_health_and_sign_in(shared_server: ServerProcess) -> None:
    await shared_server.get("/healthz")
    assert (await shared_server.get("/readyz"))["ready"] is True
    body = {"username": "sam", "password": "sam-secret"}
    signed_in = await shared_server.post("/api/login", body)
    assert set(signed_in) == {"token", "operator"}
    assert set(signed_in["operator"]) == {"id", "name", "roles"}
    for wrong in ({"username": "sam", "password": "no"}, {"username": "nobody", "password": "sam-secret"}):
        assert_error(await shared_server.post("/api/login", wrong, status=401))
    for bad in ({}, {"username": 5, "password": "x"}, {"username": "sam"}):
        assert_error(await shared_server.post("/api/login", bad, status=400))


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example:8996"},
        {"Origin": "http://127.0.0.1.evil.example"},
    ],
)
async def test_the_open_surface_serves_no_foreign_page(
    shared_server: ServerProcess, headers: dict[str, str]
) -> None:
    async with shared_server.session.get(f"{shared_server.url}/api/calls", headers=headers) as answer:
        assert answer.status == 401
        assert_error(await answer.json())


async def test_a_page_on_this_machine_is_served(shared_server: ServerProcess) -> None:
    headers = {"Origin": "http://localhost:4200"}
    async with shared_server.session.get(f"{shared_server.url}/api/calls", headers=headers) as answer:
        assert answer.status == 200


async def test_a_public_server_is_open_to_nobody_without_a_right(tmp_path: Path) -> None:
    origin = "https://calls.example.com"
    async with ServerProcess(tmp_path, agent_token="agent-secret", public_url=origin) as server:

        async def status(path: str, **headers: str) -> int:
            async with server.session.get(server.url + path, headers=headers) as answer:
                return answer.status

        for path in (
            "/api/calls",
            f"/api/calls/{UNKNOWN}/timeline",
            "/api/threads",
            f"/api/threads/{UNKNOWN}",
        ):
            assert await status(path) == 401
            assert await status(path, Authorization="Bearer wrong") == 401
            assert await status(path, Authorization="Basic agent-secret") == 401
            assert await status(path, Authorization="Bearer agent-secret") in (200, 404)
        assert await status("/api/calls?token=agent-secret") == 200
        operator = await server.token("sam")
        assert await status("/api/calls", Authorization=f"Bearer {operator}") == 200
        assert await status("/healthz") == 200
        async with server.session.post(f"{server.url}/api/calls/{UNKNOWN}/handoff") as answer:
            assert answer.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await server.session.ws_connect(server.stream_url)
        assert refused.value.status == 403
        async with RawSocket(server, "/thread", Origin=origin) as socket:
            assert (await socket.join())["data"]["error"]["code"] == "unauthorized"
            assert "sid" in await socket.join({"token": "agent-secret"})
        async with RawSocket(server, Origin=origin) as socket:
            assert (await socket.join({"token": "agent-secret"}))["data"]["error"]["code"] == "bad_token"
            assert "sid" in await socket.join({"token": operator})
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with RawSocket(server, Origin="https://elsewhere.example.com"):
                pass
