"""Whole calls of the phone app, and everything that is peculiar about it, without speech engines."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.harness.phone_app import SimulatedPhone, wav_file, write_bytes
from tests.harness.server import ServerProcess

SETTINGS: dict[str, object] = {}
pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULTS: dict[str, object] = {
    "caller_allowlist": [],
    "caller_blocklist": [],
    "unknown_callers_allowed": True,
    "greeting_incoming": "Hello, this is {owner}'s assistant.",
    "auth_passphrase": "",
    "auth_max_attempts": 3,
    "keep_history": False,
}
OPENING = "What can I bake for you: bagels, muffins, or cookies?"


async def configure(server: ServerProcess, **changes: object) -> None:
    await server.post("/api/config/call", {**DEFAULTS, **changes})


async def call_view(server: ServerProcess, phone: SimulatedPhone) -> dict[str, Any]:
    return dict(await server.get(f"/api/calls/{phone.session_id}"))


async def texts(server: ServerProcess, phone: SimulatedPhone, count: int) -> list[tuple[str, str]]:
    """The first `count` messages of the phone's thread, once they are there."""
    thread_id = (await call_view(server, phone))["threadId"]
    async with asyncio.timeout(20):
        while True:
            messages = await server.messages(thread_id)
            if len(messages) >= count:
                return [(message["speaker"], message["text"]) for message in messages[:count]]
            await asyncio.sleep(0.02)


async def test_a_whole_call_is_answered_and_written_down_in_order(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url, number="+4930111") as phone:
        assert await phone.ring()
        greeting = await phone.greet()
        assert greeting.reply.startswith("Hello, this is the owner's assistant.")
        assert greeting.reply.endswith(OPENING)
        view = await call_view(module_server, phone)
        assert view["callId"] == phone.session_id
        assert view["provider"] == "clawfinger"
        assert view["caller"]["number"] == "+4930111"
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"
        assert (await phone.say(text="a dozen")).reply == "Great. Shall we deliver them to you?"
        await phone.say(text="no")
        last = await phone.say(text="no thanks")
        assert last.body["hangup"] is True
        assert "Goodbye" in last.reply
        assert not phone.on_call
        assert await texts(module_server, phone, 12) == [
            ("bot", "Hello, this is the owner's assistant."),
            ("bot", "Hello, and thank you for calling Rosie's Bakery."),
            ("bot", OPENING),
            ("caller", "bagels"),
            ("bot", "Lovely. How many would you like?"),
            ("caller", "a dozen"),
            ("bot", "Great. Shall we deliver them to you?"),
            ("caller", "no"),
            ("bot", "Then they will be ready for you to pick up from seven tomorrow morning."),
            ("bot", "Is there anything else you would like to know?"),
            ("caller", "no thanks"),
            ("bot", "Thank you for calling Rosie's Bakery. Have a lovely day. Goodbye!"),
        ]


async def test_a_call_that_has_ended_hangs_up_again_and_does_not_loop(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        ended = await module_server.post("/api/session/end", {"session_id": phone.session_id})
        assert ended == {"ok": True, "session_id": phone.session_id}
        path = "/api/session/end"
        again = await module_server.post(path, {"session_id": phone.session_id}, status=404)
        assert again["ok"] is False
        turn = await phone.say(text="hello?")
        assert (turn.body["ok"], turn.body["ended"], turn.body["hangup"]) == (False, True, True)
        assert turn.body["reason"] == "agent_hung_up"
        assert not phone.on_call
        assert (await call_view(module_server, phone))["endReason"] == "agent_hung_up"


async def test_a_session_that_nobody_knows_is_hung_up(module_server: ServerProcess) -> None:
    async with SimulatedPhone(module_server.url) as phone:
        phone.session_id = "d56a80fc30dc42b5ab2cecd2484ff847"
        turn = await phone.say(text="hello?")
        assert (turn.body["ok"], turn.body["stale"], turn.body["hangup"]) == (False, True, True)
        assert turn.reply
        assert not phone.on_call


async def test_words_that_could_not_be_made_out_are_asked_for_again(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        turn = await phone.say()
        assert turn.reply.startswith("Sorry, I did not get that.")


async def test_a_first_turn_without_words_gets_what_the_bot_opens_with(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        assert (await phone.say()).reply.endswith(OPENING)
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"


async def test_a_greeting_with_foreign_letters_arrives_whole(module_server: ServerProcess) -> None:
    greeting = "Grüß Gott, Łukasz’ Büro — guten Tag."
    await configure(module_server, greeting_incoming=greeting)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.ring()
        assert (await phone.greet()).reply.startswith(greeting)
        assert (await texts(module_server, phone, 1)) == [("bot", greeting)]


@pytest.mark.parametrize(
    ("changes", "number", "reason"),
    [
        ({"caller_blocklist": ["+49 30 666"]}, "+4930666", "blocklisted"),
        ({"caller_allowlist": ["+49 30 777"]}, "+4930666", "not_allowlisted"),
        ({"unknown_callers_allowed": False}, "", "unknown_caller"),
    ],
)
async def test_a_caller_who_may_not_call_is_turned_away(
    module_server: ServerProcess, changes: dict[str, object], number: str, reason: str
) -> None:
    await configure(module_server, **changes)
    before = await module_server.get("/api/calls")
    async with SimulatedPhone(module_server.url, number=number) as phone:
        assert not await phone.ring()
        turn = await phone.greet()
        assert turn.body["rejected"] is True
        assert turn.body["reason"] == reason
        assert turn.body["ok"] is False
        assert turn.reply == "I am sorry, I cannot help you right now. Goodbye."
        assert not phone.on_call
        await module_server.get(f"/api/calls/{phone.session_id}", status=404)
    assert await module_server.get("/api/calls") == before


async def test_a_caller_on_the_allow_list_is_let_in(module_server: ServerProcess) -> None:
    await configure(module_server, caller_allowlist=["+4930777"])
    async with SimulatedPhone(module_server.url, number="+4930777") as phone:
        assert await phone.ring()
        assert OPENING in (await phone.greet()).reply


async def test_who_knows_the_passphrase_is_let_in(module_server: ServerProcess) -> None:
    await configure(module_server, auth_passphrase="Blue Harvest")
    async with SimulatedPhone(module_server.url) as phone:
        await phone.ring()
        assert (await phone.greet()).reply == "Hello, this is the owner's assistant."
        assert "not correct" in (await phone.say(text="let me in")).reply
        assert "passphrase" in (await phone.say()).reply
        await module_server.get(f"/api/calls/{phone.session_id}", status=404)
        welcome = await phone.say(text="it's blue, harvest.")
        assert welcome.reply.startswith("Thank you.")
        assert welcome.reply.endswith(OPENING)
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"
        said = " ".join(text for _, text in await texts(module_server, phone, 5)).lower()
        assert "harvest" not in said


async def test_three_wrong_passphrases_end_the_call(module_server: ServerProcess) -> None:
    await configure(module_server, auth_passphrase="blue harvest")
    async with SimulatedPhone(module_server.url) as phone:
        await phone.ring()
        await phone.greet()
        for _ in range(2):
            assert (await phone.say(text="open sesame")).body["hangup"] is False
        last = await phone.say(text="please")
        assert (last.body["hangup"], last.body["reason"]) == (True, "auth_failed")
        assert (await phone.say(text="blue harvest")).body["hangup"] is True


async def test_a_passphrase_set_meanwhile_does_not_lock_out_who_is_in(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        await configure(module_server, auth_passphrase="blue harvest")
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"


async def test_the_longest_call_ends_with_its_message(module_server: ServerProcess) -> None:
    await configure(module_server, max_duration_message="Zeit ist um — auf Wiederhören.")
    async with SimulatedPhone(module_server.url) as phone:
        await phone.ring()
        await phone.greet()
        turn = await phone.time_over()
        assert turn.reply == "Zeit ist um — auf Wiederhören."
        assert turn.body["hangup"] is True
        assert (await call_view(module_server, phone))["state"] == "ended"


@pytest.mark.parametrize(
    "recording",
    [b"", b"garbage", wav_file(bytes(2000), 24_000)[:-7], wav_file(bytes(4000), 6000)],
    ids=["empty", "garbage", "cut off", "slow"],
)
async def test_a_bad_recording_is_refused_and_the_call_goes_on(
    module_server: ServerProcess, recording: bytes
) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        for path in ("/api/turn", "/api/asr", "/api/turn/stream"):
            form = _form(recording, session_id=phone.session_id)
            async with module_server.session.post(module_server.url + path, data=form) as answer:
                body = await answer.json()
                assert answer.status == 400
                assert body["error"]["code"] in ("bad_audio", "bad_form")
                assert body["detail"] == body["error"]["message"]
        assert (await phone.say(text="bagels")).reply == "Lovely. How many would you like?"


async def test_broken_and_oversized_forms_are_refused(module_server: ServerProcess) -> None:
    url = f"{module_server.url}/api/turn"
    bodies = {
        "multipart/form-data; boundary=x": b"--y\r\nnothing",
        "multipart/form-data": b"--x",
        "application/json": b"{}",
        "application/x-www-form-urlencoded": b"audio=%ff",
    }
    for kind, sent in bodies.items():
        headers = {"Content-Type": kind}
        async with module_server.session.post(url, data=sent, headers=headers) as answer:
            assert answer.status == 400, (kind, await answer.text())
    async with module_server.session.post(url, data=_form(bytes(5 * 1024 * 1024))) as answer:
        assert answer.status == 400
        assert "larger than" in (await answer.json())["detail"]


async def test_parts_may_come_in_any_order_with_fields_nobody_knows(module_server: ServerProcess) -> None:
    await configure(module_server)
    form = _form(wav_file(bytes(960), 24_000), unknown="x", caller_number="+4930", reset_session="true")
    async with module_server.session.post(f"{module_server.url}/api/turn", data=form) as answer:
        body = await answer.json()
    assert answer.status == 200
    assert OPENING in body["reply"]


async def test_a_turn_that_is_posted_again_is_answered_once(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        first, second = await asyncio.gather(phone.say(text="bagels"), phone.say(text="bagels"))
        assert first.reply == second.reply == "Lovely. How many would you like?"
        said = await texts(module_server, phone, 5)
        assert [speaker for speaker, _ in said].count("caller") == 1


async def test_a_number_that_calls_again_goes_on_in_its_thread_where_that_is_wanted(
    module_server: ServerProcess,
) -> None:
    threads = []
    for keep in (True, True, False):
        await configure(module_server, keep_history=keep)
        async with SimulatedPhone(module_server.url, number="+49 30 42") as phone:
            await phone.greet()
            threads.append((await call_view(module_server, phone))["threadId"])
    assert threads[0] == threads[1]
    assert threads[2] != threads[0]


async def test_sessions_can_be_made_reset_and_ended_by_hand(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        phone.session_id = first = (await module_server.post("/api/session/new"))["session_id"]
        assert (await phone.say(text="bagels")).reply.endswith("Lovely. How many would you like?")
        assert phone.session_id == first
        url = f"{module_server.url}/api/session/reset"
        async with module_server.session.post(url, data={"session_id": first}) as answer:
            reset = await answer.json()
        assert reset["ok"] is True
        assert (await phone.say(text="hello")).reply.startswith("Hello, and thank you")
        assert phone.session_id == reset["session_id"] != first
    await module_server.post("/api/session/end", {}, status=400)


async def test_the_stream_says_the_same_in_lines(module_server: ServerProcess) -> None:
    await configure(module_server)
    sent = write_bytes("Hello, this is the owner's assistant.").decode()
    form = _form(wav_file(bytes(960), 16_000), reset_session="true", transcript_hint=sent)
    async with module_server.session.post(f"{module_server.url}/api/turn/stream", data=form) as answer:
        assert answer.content_type == "application/x-ndjson"
        lines = (await answer.text()).splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["session", "asr", "reply", "done"]
    assert events[2]["reply"].startswith("Hello, this is the owner's assistant. Hello, and thank you")
    assert events[0]["session_id"] == events[-1]["session_id"]
    assert events[-1]["hangup"] is False


async def test_bad_configurations_are_named(module_server: ServerProcess) -> None:
    answer = await module_server.post("/api/config/call", {"max_duration_sec": "long"}, status=400)
    assert "max_duration_sec" in answer["error"]["message"]
    assert "'long'" in answer["detail"]
    await module_server.post("/api/config/call", {"max_duration_sec": 300, "nonsense": 1})


async def test_health_says_how_many_sessions_there_are(module_server: ServerProcess) -> None:
    await configure(module_server)
    async with SimulatedPhone(module_server.url) as phone:
        before = (await module_server.get("/health"))["active_sessions"]
        await phone.greet()
        health = await module_server.get("/health")
        assert health["ok"] is True
        assert health["active_sessions"] == before + 1


def _form(recording: bytes, **fields: str) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("audio", recording, filename="turn.wav", content_type="audio/wav")
    for name, value in fields.items():
        form.add_field(name, value)
    return form
