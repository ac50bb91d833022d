"""The `/softphone` namespace against clients that are wrong, rude or not let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness.offers import CHROMIUM, HOSTILE
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = ("call", "offer", "candidate", "dtmf")


def caller(server: ServerProcess, **headers: str) -> RawSocket:
    return RawSocket(server, "/softphone", **headers)


def assert_refused(ack: Any) -> None:
    """`{ok: false, error: {code, message}}`, and not for a fault of the server's."""
    assert isinstance(ack, dict), ack
    assert ack["ok"] is False
    assert set(ack["error"]) == {"code", "message"}
    assert ack["error"]["code"] != "internal", ack


@pytest.mark.parametrize("event", EVENTS)
async def test_wrong_types_are_refused_and_the_connection_lives(
    shared_server: ServerProcess, event: str
) -> None:
    junk: list[object] = [
        5, "text", [1, 2], True, None, {}, {"sdp": 5}, {"sdp": None, "name": 5}, {"sdp": "x", "name": ["a"]},
        {"sdp": CHROMIUM, "number": {"a": 1}}, {"sdp": CHROMIUM, "name": "\ud800"}, {"digit": 5},
        {"sdp": CHROMIUM, "name": "x" * 5000}, {"digit": "55"}, {"digit": ""}, {"digit": "E"},
        {"callId": "unknown", "sdp": CHROMIUM, "threadId": 7}, {"candidate": 5},
        {"candidate": {"candidate": "candidate:nonsense"}}, {"callId": "x" * 100_000, "sdp": 7},
    ]  # fmt: skip
    async with caller(shared_server) as socket:
        await socket.join()
        for payload in junk:
            assert_refused(await socket.event(event, payload))
        assert await socket.event("hangup", {}) == {"ok": True}


@pytest.mark.parametrize(
    "text",
    ['["no_such_event", {}]', '[["call"], {}]', "[5]", '["connect", {}]', '["disconnect"]', '["call"]',
     '["welcome", {}]', '["call", {}, {}]', '["ended", {}]'],
)  # fmt: skip
async def test_unknown_and_malformed_events_get_an_answer(shared_server: ServerProcess, text: str) -> None:
    async with caller(shared_server) as socket:
        await socket.join()
        assert_refused(await socket.ask(text))
        assert await socket.event("hangup") == {"ok": True}


@pytest.mark.parametrize("offer", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_offer_begins_no_call(shared_server: ServerProcess, offer: object) -> None:
    async with caller(shared_server) as socket:
        await socket.join()
        ack = await socket.event("call", {"sdp": offer})
        assert_refused(ack)
        assert ack["error"]["code"] == "bad_sdp"
        assert (await socket.event("candidate", {"candidate": None}))["error"]["code"] == "gone"
        assert (await socket.event("call", {"sdp": CHROMIUM}))["ok"], "and a good one may follow"


async def test_one_call_a_socket_and_none_before_there_is_audio(shared_server: ServerProcess) -> None:
    async with caller(shared_server) as socket:
        await socket.join()
        ack = await socket.event("call", {"sdp": CHROMIUM, "name": "\x07bell", "number": "x" * 300})
        assert ack["ok"]
        await shared_server.get(f"/api/calls/{ack['callId']}", status=404)
        assert (await socket.event("call", {"sdp": CHROMIUM}))["error"]["code"] == "busy"
        assert (await socket.event("dtmf", {"digit": "1"}))["error"]["code"] == "not_connected"
        assert (await socket.event("hangup"))["ok"]
        assert (await socket.event("offer", {"sdp": CHROMIUM}))["error"]["code"] == "gone"
        assert (await socket.event("call", {"sdp": CHROMIUM}))["ok"]


async def test_a_flood_is_slowed_down(shared_server: ServerProcess) -> None:
    async with caller(shared_server) as socket, caller(shared_server) as other:
        await socket.join()
        await other.join()
        acks = [await socket.event("hangup", {}) for _ in range(300)]
        assert "too_many_requests" in {ack["error"]["code"] for ack in acks if not ack["ok"]}
        assert (await other.event("hangup", {}))["ok"]


async def test_callers_who_never_connect_take_up_no_more_than_the_lines_there_are(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path, max_calls=2) as server,
        caller(server) as one,
        caller(server) as two,
        caller(server) as three,
    ):
        for socket in (one, two, three):
            await socket.join()
        assert (await one.event("call", {"sdp": CHROMIUM}))["ok"]
        assert (await two.event("call", {"sdp": CHROMIUM}))["ok"]
        assert (await three.event("call", {"sdp": CHROMIUM}))["error"]["code"] == "over_capacity"
        assert (await two.event("hangup"))["ok"]
        assert (await three.event("call", {"sdp": CHROMIUM}))["ok"]


async def test_where_the_surface_is_not_open_a_caller_needs_a_token(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, agent_token="agent-secret") as server:
        for token in (None, "wrong", 5, {"a": 1}):
            async with caller(server) as socket:
                answer = await socket.join({"token": token})
                assert answer["data"]["error"]["code"] in ("unauthorized", "bad_token"), token
        for token in ("agent-secret", await server.token()):
            async with caller(server) as socket:
                assert "sid" in await socket.join({"token": token})
                assert (await socket.event("call", {"sdp": CHROMIUM}))["ok"]


async def test_a_page_under_a_foreign_name_for_this_machine_calls_nobody(
    shared_server: ServerProcess,
) -> None:
    async with caller(shared_server, Host="evil.example", Origin="http://evil.example") as page:
        assert (await page.join())["data"]["error"]["code"] == "unauthorized"
