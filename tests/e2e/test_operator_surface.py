"""The `/operator` namespace against clients that are wrong, rude or late."""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp
import jwt
import pytest

from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, hears_hold, phone_for, phone_hears
from tests.harness.peer_console import PeerConsole
from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVENTS = (
    "set_presence", "offer", "candidate", "accept_call", "decline_call", "release_call", "hangup_call",
    "hold_call", "say", "dtmf",
)  # fmt: skip


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
        5, "text", [1, 2], True, {"callId": 7}, {"callId": None}, {"callId": ["x"]}, {"callId": {"a": 1}},
        {"callId": "unknown", "on": "yes", "text": 5, "note": {}, "resumeAt": [], "status": 3, "sdp": 9},
        {"callId": "x" * 100_000}, {"status": ["available"]}, {"sdp": None, "candidate": 5},
        {"candidate": {"candidate": 5}}, {"candidate": {"candidate": "candidate:nonsense"}},
    ]  # fmt: skip
    async with RawSocket(shared_server) as socket:
        await socket.join({"token": await shared_server.token()})
        for payload in junk:
            ack = await socket.event(event, payload)
            if event == "candidate" and isinstance(payload, dict) and payload.get("candidate") is None:
                assert ack["ok"] in (True, False)  # null is the end of candidates, early or not
            else:
                assert_refused(ack)
        assert (await socket.event("set_presence", {"status": "available"}))["ok"]


@pytest.mark.parametrize(
    "text",
    [
        '["no_such_event", {}]', '[["accept_call"], {}]', "[5]", "[null, null]", '[{"a": 1}]',
        '["connect", {}]', '["disconnect"]', '["welcome", {}]', '["__class__"]', '["trigger_event", {}]',
        '["accept_call"]', '["accept_call", {}, {}, {}]', '["say", {"callId": "\\ud800", "text": "\\ud800"}]',
        '["offer", {"sdp": "\\ud800"}]', '["candidate", {"candidate": {"candidate": "\\ud800"}}]',
    ],
)  # fmt: skip
async def test_unknown_and_malformed_events_get_an_answer(shared_server: ServerProcess, text: str) -> None:
    async with RawSocket(shared_server) as socket:
        await socket.join({"token": await shared_server.token()})
        assert_refused(await socket.ask(text))
        assert (await socket.event("set_presence", {"status": "available"}))["ok"]


@pytest.mark.parametrize(
    "message",
    [
        "42/operator,1[", "42/operator,1" + "[" * 50_000, "42/operator,", "4", "49", "42/nowhere,1[\"x\"]",
        "451-/operator,[\"say\",{\"_placeholder\":true,\"num\":0}]", "6", "x", "", "42" + "9" * 5000,
        "44/operator,{}", "43/operator,99[]", "41/nowhere,", b"\x00\xff", "42/operator,1" + "x" * 300_000,
    ],
    ids=lambda message: repr(message[:14]),
)  # fmt: skip
async def test_broken_packets_harm_nobody_else(shared_server: ServerProcess, message: str | bytes) -> None:
    async with RawSocket(shared_server) as victim, RawSocket(shared_server) as socket:
        token = await shared_server.token()
        await victim.join({"token": token})
        await socket.join({"token": token})
        await socket.send(message)
        assert (await victim.event("set_presence", {"status": "available"}))["ok"]
    async with RawSocket(shared_server) as again:
        assert "sid" in await again.join({"token": token})


async def test_a_payload_over_the_limit_closes_that_socket_only(shared_server: ServerProcess) -> None:
    async with RawSocket(shared_server) as victim, RawSocket(shared_server) as socket:
        token = await shared_server.token()
        await victim.join({"token": token})
        await socket.join({"token": token})
        with pytest.raises(ConnectionError):
            await socket.event("say", {"text": "x" * 1_000_000})
        assert (await victim.event("set_presence", {"status": "available"}))["ok"]


async def test_a_flood_is_slowed_down_and_recovers(shared_server: ServerProcess) -> None:
    async with RawSocket(shared_server) as socket, RawSocket(shared_server) as other:
        token = await shared_server.token()
        await socket.join({"token": token})
        await other.join({"token": token})
        acks = [await socket.event("decline_call", {"callId": "x"}) for _ in range(400)]
        assert "too_many_requests" in {ack["error"]["code"] for ack in acks}
        assert (await other.event("set_presence", {"status": "available"}))["ok"]


def forged(secret: str, **changes: object) -> str:
    """A token like the server's own, with other claims."""
    claims: dict[str, object] = {
        "iss": "patchbay", "aud": "patchbay-operator", "sub": "op_x", "name": "sam", "roles": ["operator"],
        "iat": int(time.time()), "exp": int(time.time()) + 3600,
    }  # fmt: skip
    given = {key: value for key, value in (claims | changes).items() if value is not None}
    return jwt.encode(given, secret, algorithm="HS256")


async def test_only_a_token_of_ours_opens_the_namespace(shared_server: ServerProcess) -> None:
    secret = (shared_server.folder / "data" / "token-secret").read_text().strip()
    right = jwt.decode(
        await shared_server.token(), secret, algorithms=["HS256"], audience="patchbay-operator"
    )
    unsigned = jwt.encode(right, "", algorithm="none")
    refused = {
        "": "bad_token",
        "rubbish": "bad_token",
        unsigned: "bad_token",
        forged("another-secret-of-thirty-two-bytes!!", sub=right["sub"]): "bad_token",
        forged(secret, sub=right["sub"], aud="somebody-else"): "bad_token",
        forged(secret, sub=right["sub"], iss="somebody-else"): "bad_token",
        forged(secret, sub=right["sub"], exp=None): "bad_token",
        forged(secret, sub=right["sub"], exp=int(time.time()) - 1): "expired_token",
        forged(secret, sub="op_who_is_gone"): "bad_token",
        forged(secret, sub=None): "bad_token",
    }
    for token, code in refused.items():
        async with RawSocket(shared_server) as socket:
            answer = await socket.join({"token": token})
            assert answer["data"]["error"]["code"] == code, (token, answer)
    for auth in (None, {"token": 5}, {"token": {"a": 1}}, {"tokens": "x"}, ["x"], {"token": "x" * 100_000}):
        async with RawSocket(shared_server) as socket:
            assert (await socket.join(auth))["data"]["error"]["code"] == "bad_token"
    async with RawSocket(shared_server) as socket:
        assert "sid" in await socket.join({"token": forged(secret, sub=right["sub"])})


async def test_an_event_before_the_namespace_is_joined_does_nothing(shared_server: ServerProcess) -> None:
    async with RawSocket(shared_server) as socket:
        await socket.send('42/operator,1["hangup_call",{"callId":"x"}]')
        assert "sid" in await socket.join({"token": await shared_server.token()})


async def test_a_foreign_page_cannot_open_a_socket(shared_server: ServerProcess) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with RawSocket(shared_server, Origin="https://evil.example"):
            pass
    async with RawSocket(shared_server, Origin=shared_server.url) as socket:
        assert "sid" in await socket.join({"token": await shared_server.token()})


async def test_welcome_has_all_that_a_screen_needs(shared_server: ServerProcess) -> None:
    async with (
        PeerConsole(shared_server, "kim", idle=tone(1000.0, 1.0)) as busy,
        phone_for(shared_server) as taken,
        phone_for(shared_server) as waiting,
    ):
        await busy.open_audio()
        taken_id = await bridge(busy, taken)
        offer = await hand_off(busy, waiting, reason="late shift")
        async with Console(shared_server, "sam") as console:
            welcome = await console.wait("welcome")
            assert welcome["operator"]["name"] == "sam"
            views = {view["callId"]: view for view in welcome["calls"]}
            assert views[taken_id]["state"] == "bridged"
            assert views[taken_id]["operator"]["name"] == "kim"
            assert [call["callId"] for call in welcome["waiting"]] == [offer["callId"]]
            assert welcome["waiting"][0]["reason"] == "late shift"
            assert welcome["waiting"][0]["expiresAt"] == offer["expiresAt"]
            assert welcome["iceServers"] == []
            points = {point["id"]: point["label"] for point in welcome["resumePoints"]}
            assert points["question_amount"] == "Lovely. How many would you like?"
            assert points["action_order"] == "action_order"
            assert "condition_free_delivery" not in points
            assert (await console.command("accept_call", callId=offer["callId"]))["ok"]
        async with Console(shared_server, "sam") as console:
            welcome = await console.wait("welcome")
            mine = [view["callId"] for view in welcome["calls"] if (view["operator"] or {})["name"] == "sam"]
            assert mine == [offer["callId"]]
            assert welcome["waiting"] == []


async def test_whoever_is_away_is_not_rung_and_is_told_on_coming_back(shared_server: ServerProcess) -> None:
    async with Console(shared_server, "sam") as sam, Console(shared_server, "kim") as kim:
        assert (await sam.command("set_presence", status="away"))["ok"]
        async with phone_for(shared_server) as phone:
            offer = await hand_off(kim, phone)
            await sam.wait("call_state", callId=offer["callId"], state="handoff")
            assert (await sam.command("set_presence", status="away"))["ok"]
            assert sam.all("incoming_call") == []
            assert (await sam.command("set_presence", status="available"))["ok"]
            assert (await sam.wait("incoming_call"))["callId"] == offer["callId"]


async def test_declining_leaves_the_call_to_others(shared_server: ServerProcess) -> None:
    async with (
        Console(shared_server, "sam") as sam,
        Console(shared_server, "kim") as kim,
        phone_for(shared_server) as phone,
    ):
        call_id = (await hand_off(kim, phone))["callId"]
        for bad in ("\ud800", "x" * 2001, 5):
            assert_refused(await sam.command("decline_call", callId=call_id, reason=bad))
        assert (await sam.command("decline_call", callId=call_id, reason=" lunch "))["ok"]
        who = (await sam.wait("welcome"))["operator"]
        told = {
            "callId": call_id,
            "operator": {"id": who["id"], "name": who["name"]},
            "reason": "lunch",
        }
        assert await kim.wait("call_declined") == told
        assert await sam.wait("call_declined") == told, "other tabs of whoever declined, too"
        async with Console(shared_server, "kim") as tab:
            assert await tab.wait("call_declined") == told
            assert [name for name, _ in tab.events][:2] == ["welcome", "call_declined"]
        assert (await kim.command("accept_call", callId=call_id))["ok"]


async def test_a_claim_without_audio_lapses_only_after_a_while(shared_server: ServerProcess) -> None:
    async with Console(shared_server) as console, phone_for(shared_server) as phone:
        call_id = (await hand_off(console, phone))["callId"]
        assert (await console.command("accept_call", callId=call_id))["ok"]
        await hears_hold(phone, 25)
        released = await console.command("release_call", callId=call_id)
        assert released["call"]["state"] == "bot", (
            "an operator whose audio never comes can give the call back"
        )


async def test_commands_of_somebody_else_change_nothing(shared_server: ServerProcess) -> None:
    async with (
        PeerConsole(shared_server, "kim", idle=tone(1000.0, 1.0)) as kim,
        Console(shared_server, "sam") as sam,
        phone_for(shared_server) as phone,
    ):
        await kim.open_audio()
        call_id = await bridge(kim, phone)
        for event, extra in (
            ("release_call", {}), ("hangup_call", {}), ("hold_call", {"on": True}), ("say", {"text": "hi"}),
            ("dtmf", {"digits": "12"}),
        ):  # fmt: skip
            ack = await sam.command(event, callId=call_id, **extra)
            assert ack["error"]["code"] == "not_yours"
        assert (await shared_server.get(f"/api/calls/{call_id}"))["state"] == "bridged"
        assert dominance(await phone_hears(phone, 0.5), 1000.0) > 0.9


async def test_notes_and_words_that_no_database_takes_are_refused(shared_server: ServerProcess) -> None:
    async with (
        PeerConsole(shared_server, idle=tone(1000.0, 1.0)) as console,
        phone_for(shared_server) as phone,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        for event, key in (("release_call", "note"), ("release_call", "resumeAt"), ("say", "text")):
            for bad in ("\ud800", "a\0b", "x" * 2001, 5, ["x"], {"a": 1}):
                assert_refused(await console.command(event, callId=call_id, **{key: bad}))
        assert (await console.command("say", callId=call_id, text="Hällo 🙂 there"))["ok"]
        await console.wait("transcript", callId=call_id, within=5)
        assert await call_of(console, phone) == call_id
        assert json.dumps(await shared_server.messages(phone.parameters["threadId"]))
