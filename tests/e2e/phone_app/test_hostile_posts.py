"""Posts that no phone app would send, or not in this order, and what they cost the calls beside them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.harness.agent import AgentConsole
from tests.harness.console import Console
from tests.harness.phone_app import GREETING_RATE, SimulatedPhone, wav_file
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, object] = {}
FORM = "multipart/form-data; boundary=B"
URLENCODED = "application/x-www-form-urlencoded"
END = b"--B--\r\n"
SILENCE = wav_file(bytes(3200), GREETING_RATE)


def part(name: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = [b'Content-Disposition: form-data; name="%b"' % name, *headers]
    return b"--B\r\n" + b"\r\n".join([*lines, b"", body]) + b"\r\n"


async def post(
    server: ServerProcess, path: str, body: bytes, kind: str = FORM, **headers: str
) -> tuple[int, dict[str, object]]:
    async with server.session.post(
        server.url + path, data=body, headers={"Content-Type": kind, **headers}
    ) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/api/turn", b"--B\r\nno header\r\n\r\nx\r\n" + END, FORM),
        ("/api/turn", part(b"audio", b"x", b"X-Long: " + b"y" * 20_000) + END, FORM),
        ("/api/turn", part(b"audio", b"x", *(b"X-%d: 1" % n for n in range(500))) + END, FORM),
        ("/api/turn", part(b"audio", SILENCE), FORM),
        ("/api/turn", part(b"note", b"x") * 40 + part(b"audio", SILENCE) + END, FORM),
        ("/api/session/reset", b"session_id=a", f"{URLENCODED}; charset=robot"),
        ("/api/session/reset", b"session_id=%2B2AA-", f"{URLENCODED}; charset=utf-7"),
    ],
)
async def test_a_broken_form_is_answered_so(
    module_server: ServerProcess, path: str, body: bytes, kind: str
) -> None:
    status, answer = await post(module_server, path, body, kind)
    assert (status, answer["ok"]) == (400, False)
    assert isinstance(answer["error"], dict)
    assert answer["error"]["code"] == "bad_form"


async def test_what_only_claims_to_be_compressed_is_refused(module_server: ServerProcess) -> None:
    body = b"this is not gzip" * 50
    status, answer = await post(module_server, "/api/turn", body, **{"Content-Encoding": "gzip"})
    assert (status, answer["ok"]) == (400, False)


async def test_recordings_that_cannot_be_read_begin_no_sessions(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with ServerProcess(tmp_path_factory.mktemp("full")) as server:
        for _ in range(1001):
            status, _ = await post(server, "/api/turn", part(b"audio", b"no recording") + END)
            assert status == 400
        assert (await server.get("/health"))["active_sessions"] == 0
        async with SimulatedPhone(server.url) as phone:
            assert (await phone.greet()).reply


async def test_a_reset_with_a_broken_recording_ends_no_call(module_server: ServerProcess) -> None:
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        fields = part(b"session_id", phone.session_id.encode()) + part(b"reset_session", b"true")
        status, _ = await post(module_server, "/api/turn", fields + part(b"audio", b"no recording") + END)
        assert status == 400
        assert "How many" in (await phone.say(text="bagels")).reply


async def test_control_characters_in_what_is_to_be_said_are_not_kept(module_server: ServerProcess) -> None:
    form = part(b"forced_reply", b"One\x00 two\x1b.") + part(b"audio", SILENCE) + END
    async with Console(module_server) as console:
        status, answer = await post(module_server, "/api/turn", form)
        assert (status, str(answer["reply"])[:9]) == (200, "One two .")
        told = await console.wait("transcript", callId=answer["session_id"])
        assert told["message"]["text"].isprintable()


async def test_a_form_that_never_ends_is_given_up(module_server: ServerProcess) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", module_server.port)
    try:
        head = f"POST /api/turn HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\n"
        writer.write(f"{head}Content-Length: 9999\r\n\r\n".encode() + part(b"session_id", b"a"))
        async with asyncio.timeout(60):
            answer = await reader.readuntil(b"\r\n")
        assert b" 400 " in answer
    finally:
        writer.close()


async def test_a_phone_that_hangs_up_in_the_middle_of_a_post_leaves_its_call_alone(
    module_server: ServerProcess,
) -> None:
    before = len(module_server.lines)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        body = part(b"session_id", phone.session_id.encode()) + part(b"audio", SILENCE) + END
        for cut in range(0, len(body), 1500):
            _, writer = await asyncio.open_connection("127.0.0.1", module_server.port)
            head = f"POST /api/turn HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:cut])
            await writer.drain()
            writer.transport.abort()
        assert "How many" in (await phone.say(text="bagels")).reply
    assert not [line for line in module_server.lines[before:] if "Traceback" in line]


async def test_texts_put_in_before_a_person_came_do_not_silence_the_caller(
    module_server: ServerProcess,
) -> None:
    async with (
        AgentConsole(module_server) as agent,
        Console(module_server, idle=tone(1000.0, 1.0)) as console,
        SimulatedPhone(module_server.url) as phone,
    ):
        await console.open_audio()
        await phone.greet()
        session = phone.session_id
        for text in ("First.", "Second."):
            await agent.send("inject", session_id=session, text=text)
        await agent.wait("agent.inject", 2)
        await module_server.post(f"/api/calls/{session}/handoff", {}, status=202)
        await console.wait("incoming_call", callId=session)
        assert (await console.command("accept_call", callId=session))["ok"]
        await console.wait("call_state", callId=session, state="bridged")
        assert (await phone.say(text="Hello, Sam!")).body["transcript"] == "Hello, Sam!"
        view = await module_server.get(f"/api/calls/{session}")
        spoken = [(m["speaker"], m["text"]) for m in await module_server.messages(view["threadId"])]
        assert ("caller", "Hello, Sam!") in spoken
        assert "agent" not in [speaker for speaker, _ in spoken]
        assert (await console.command("hangup_call", callId=session))["ok"]


async def test_who_puts_a_text_in_is_named(module_server: ServerProcess) -> None:
    async with (
        AgentConsole(module_server) as ada,
        AgentConsole(module_server) as bob,
        SimulatedPhone(module_server.url) as phone,
    ):
        await phone.greet()
        session = phone.session_id
        for agent, name in ((ada, "Ada"), (bob, "Bob")):
            assert (await agent.ask("takeover", session_id=session, name=name))["ok"]
        await ada.send("inject", session_id=session, text="It is Ada who says this.")
        await ada.wait("agent.inject")
        assert (await phone.say()).reply == "It is Ada who says this."
        view = await module_server.get(f"/api/calls/{session}")
        (message,) = [m for m in await module_server.messages(view["threadId"]) if m["speaker"] == "agent"]
        assert message["name"] == "Ada"


async def test_a_session_that_was_ended_is_not_active(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with ServerProcess(tmp_path_factory.mktemp("ended")) as server, SimulatedPhone(server.url) as phone:
        await phone.greet()
        assert (await server.get("/health"))["active_sessions"] == 1
        await server.post("/api/session/end", {"session_id": phone.session_id})
        assert (await server.get("/health"))["active_sessions"] == 0


async def test_two_phones_with_one_number_have_a_call_each(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with ServerProcess(tmp_path_factory.mktemp("same")) as server:
        await server.post("/api/config/call", {"keep_history": True})
        async with SimulatedPhone(server.url) as one, SimulatedPhone(server.url) as two:
            await asyncio.gather(one.greet(), two.greet())
            assert one.session_id != two.session_id
            said = await asyncio.gather(*(phone.say(text="bagels") for phone in (one, two)))
            assert all("How many" in turn.reply for turn in said)
            await server.post("/api/session/end", {"session_id": one.session_id})
            assert (await two.say(text="a dozen")).reply
            assert (await one.say(text="hello?")).body["hangup"] is True
            views = [await server.get(f"/api/calls/{phone.session_id}") for phone in (one, two)]
            assert views[0]["threadId"] == views[1]["threadId"]
            messages = await server.messages(views[0]["threadId"])
            assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
            assert {message["callId"] for message in messages} == {one.session_id, two.session_id}


async def test_a_stream_whose_reader_is_gone_is_no_fault_of_the_server(module_server: ServerProcess) -> None:
    before = len(module_server.lines)
    async with SimulatedPhone(module_server.url) as phone:
        await phone.greet()
        form = aiohttp.FormData(
            {"session_id": phone.session_id, "skip_asr": "true", "transcript_hint": "bagels"}
        )
        form.add_field("audio", SILENCE, filename="turn.wav")
        answer = await module_server.session.post(f"{module_server.url}/api/turn/stream", data=form)
        answer.close()
        assert (await phone.say(text="a dozen")).reply
    assert not [line for line in module_server.lines[before:] if "Traceback" in line]
