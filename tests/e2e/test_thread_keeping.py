"""Conversations found, saved as files and deleted, by REST, by the command line and by their age."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import webvtt

from bridge.ports import CallRow, Message
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import at, caller, draft, sqlite_url
from tests.harness.console import Console
from tests.harness.handoff import call_of, phone_for
from tests.harness.reader import Reader
from tests.harness.server import ServerProcess

ROOT = Path(__file__).parents[2]
NUMBER = "+15559876543"
AGENT = {"Authorization": "Bearer agent-secret"}


async def converse(server: ServerProcess, thread_id: str, *texts: str, number: str = NUMBER) -> list[Message]:
    """A conversation that is over, in the server's database."""
    store = SqlThreadStore(sqlite_url(server.folder / "data" / "patchbay.db"), outbox=False)
    await store.start()
    await store.open_thread(replace(caller(thread_id, number=number), name="Ada"))
    view = {"caller": {"number": number, "provider": "twilio"}}
    await store.save_call(CallRow(f"c-{thread_id}", thread_id, at(0), at(9), view))
    said = [await store.append(draft(text, thread_id=thread_id, start=n)) for n, text in enumerate(texts)]
    await store.close()
    return said


async def asked(
    server: ServerProcess, method: str, path: str, *, token: str | None = None, headers: Any = None
) -> tuple[int, Any]:
    """Status and JSON of a request."""
    given = {"Authorization": f"Bearer {token}"} if token else headers
    async with server.session.request(method, server.url + path, headers=given) as answer:
        return answer.status, await answer.json()


async def command(server: ServerProcess, *arguments: str, typed: str = "") -> tuple[int, str, str]:
    """Exit code and output of `patchbay threads …` in the server's folder."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PATCHBAY_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "signaling.cli", "threads", *arguments,
        env={**inherited, "PATCHBAY_DATA_DIR": str(server.folder / "data")},
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate(typed.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def files_have(server: ServerProcess, word: str) -> bool:
    """True where `word` is in any file of the data folder."""
    files = (path for path in (server.folder / "data").rglob("*") if path.is_file())
    return any(word.encode() in path.read_bytes() for path in files)


async def test_what_was_said_is_found_with_its_words_marked(server: ServerProcess) -> None:
    await converse(server, "one", "Two muffins please", "I want my refund & nothing else")
    body = await server.get("/api/threads/search?q=refu")
    (hit,) = body["results"]
    assert body["before"] is None
    assert (hit["threadId"], hit["seq"], hit["speaker"]) == ("one", 2, "bot")
    assert hit["startedAt"] == "2026-11-21T12:00:01.000Z"
    assert hit["snippet"] == [
        {"text": "I want my ", "match": False},
        {"text": "refund", "match": True},
        {"text": " & nothing else", "match": False},
    ]
    named = await server.get(f"/api/threads/search?q={quote('ada')}")
    assert [(hit["threadId"], hit["seq"]) for hit in named["results"]] == [("one", 0)]
    assert (await server.get("/api/threads/search"))["results"] == []
    for query in (
        '"',
        "a AND (",
        "*",
        "%F0%9F%99%82",
        "%00",
        "x" * 101,
        "q&limit=0",
        "q&limit=x",
        "q&before=0",
    ):
        async with server.session.get(f"{server.url}/api/threads/search?q={query}") as answer:
            assert answer.status in (200, 400), query
            assert "error" in await answer.json() or answer.status == 200


async def test_a_conversation_may_have_the_id_search(server: ServerProcess) -> None:
    said = await converse(server, "search", "Hello!")
    found = await server.get("/api/threads/search?limit=1")
    assert (found["threadId"], [m["id"] for m in found["messages"]]) == ("search", [said[0].id])
    assert (await server.get("/api/threads/search?q=hello"))["results"]
    exported = await server.get("/api/threads/search/export")
    assert exported["messages"] == found["messages"]


async def test_a_conversation_is_saved_in_three_formats(server: ServerProcess) -> None:
    said = await converse(server, "one two/3", "Hello!", "A --> <b>")
    url = f"{server.url}/api/threads/{quote('one two/3', safe='')}/export"
    for form, kind, ending in (
        ("json", "application/json", "json"),
        ("text", "text/plain", "txt"),
        ("vtt", "text/vtt", "vtt"),
    ):
        async with server.session.get(f"{url}?format={form}") as answer:
            assert (answer.status, answer.content_type, answer.charset) == (200, kind, "utf-8")
            name = f'attachment; filename="conversation-one_two_3.{ending}"'
            assert answer.headers["Content-Disposition"] == name
            body = await answer.text()
        assert "Hello!" in body
        if form == "json":
            assert [m["id"] for m in json.loads(body)["messages"]] == [m.id for m in said]
        if form == "vtt":
            assert len(webvtt.from_buffer(io.StringIO(body)).captions) == 2
    async with server.session.get(f"{url}?format=pdf") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_request")
    assert (await server.get("/api/threads/never/export", status=404))["error"]["code"] == "not_found"
    async with server.session.get(f"{url}?callId=never") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")
    async with server.session.get(f"{url}?callId={said[0].call_id}") as answer:
        assert [m["id"] for m in (await answer.json())["messages"]] == [m.id for m in said]


async def test_a_viewer_s_link_saves_its_own_conversation_and_deletes_none(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, agent_token="agent-secret") as server:
        await converse(server, "one", "Hello!")
        await converse(server, "other", "Hello!")
        _, link = await asked(server, "POST", "/api/threads/one/viewer-token", headers=AGENT)
        token = link["token"]
        assert (await asked(server, "GET", "/api/threads/one/export", token=token))[0] == 200
        assert (await asked(server, "GET", "/api/threads/other/export", token=token))[0] == 403
        for method, path in (
            ("DELETE", "/api/threads/one"),
            ("DELETE", f"/api/callers/{quote(NUMBER)}"),
            ("GET", "/api/audit"),
            ("GET", "/api/threads/search?q=hello"),
        ):
            for given in (token, None):
                assert (await asked(server, method, path, token=given))[0] == 401, path
        reader = Reader(server, "one", token)
        assert (await reader.read(lambda: True))["ok"]
        assert await asked(server, "DELETE", "/api/threads/one", headers=AGENT) == (200, {"deleted": 1})
        assert (await asked(server, "GET", "/api/threads/one", token=token))[0] == 404
        assert (await asked(server, "GET", "/api/threads/one/export", token=token))[0] == 404
        assert (await reader.read(lambda: True))["error"]["code"] == "not_found"
        operator = await server.token("kim")
        assert await asked(server, "DELETE", "/api/threads/other", token=operator) == (200, {"deleted": 1})
        _, lines = await asked(server, "GET", "/api/audit", token=operator)
        assert [(line["who"], line["what"], line["target"], line["count"]) for line in lines] == [
            ("operator kim", "delete_thread", "other", 1),
            ("program", "delete_thread", "one", 1),
        ]


async def test_a_deleted_number_is_forgotten_on_disk_and_its_readers_are_told(server: ServerProcess) -> None:
    await converse(server, "one", "the walrus speaks")
    await converse(server, "two", "the walrus again")
    await converse(server, "other", "harmless", number="+15550000000")
    reader = Reader(server, "one")
    reading = asyncio.ensure_future(reader.read(lambda: bool(reader.events)))
    await reader.subscribed.wait()
    assert files_have(server, "walrus")
    assert files_have(server, NUMBER)
    path = f"/api/callers/{quote(NUMBER, safe='')}"
    assert await asked(server, "DELETE", path) == (200, {"deleted": 2})
    await reading
    assert reader.events == [("thread_deleted", {"threadId": "one"})]
    assert (await asked(server, "DELETE", path))[0] == 404
    assert not files_have(server, "walrus")
    assert not files_have(server, NUMBER)
    assert [row["threadId"] for row in await server.get("/api/threads")] == ["other"]
    (line,) = await server.get("/api/audit")
    assert (line["who"], line["what"], line["target"], line["count"]) == (
        "this machine",
        "delete_caller",
        "…43",
        2,
    )


async def test_a_live_call_keeps_its_conversation_until_it_is_over(server: ServerProcess) -> None:
    async with Console(server) as console, phone_for(server, number=NUMBER) as phone:
        call_id = await call_of(console, phone)
        thread_id = phone.parameters["threadId"]
        await console.wait("transcript", callId=call_id)
        for path in (f"/api/threads/{thread_id}", f"/api/callers/{quote(NUMBER, safe='')}"):
            status, body = await asked(server, "DELETE", path)
            assert (status, body["error"]["code"]) == (409, "call_live")
        assert await server.messages(thread_id)
        await phone.hang_up()
        await console.wait("call_state", callId=call_id, state="ended")
        async with asyncio.timeout(20):
            while (answer := await asked(server, "DELETE", f"/api/threads/{thread_id}"))[0] == 409:
                pass  # its last words are still being written
        assert answer == (200, {"deleted": 1})
        await server.get(f"/api/threads/{thread_id}", status=404)
        await server.get(f"/api/calls/{call_id}", status=404)


async def test_a_conversation_that_begins_anew_after_its_deletion_is_read_from_its_begin(
    server: ServerProcess,
) -> None:
    async with Console(server) as console:
        await converse(server, "again", *"abcdef")
        assert (await asked(server, "DELETE", "/api/threads/again"))[0] == 200
        reader = Reader(server, "again")
        reader.shown = [{"seq": 6}]
        async with phone_for(server, threadId="again") as phone:
            await call_of(console, phone)
            await reader.read(lambda: len(reader.shown) > 1 and bool(reader.shown[-1]["text"]))
        assert reader.seqs[1] == 1


async def test_what_is_too_old_is_deleted_at_the_start(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, retention_days=30)
    async with server:
        pass
    store = SqlThreadStore(sqlite_url(tmp_path / "data" / "patchbay.db"), outbox=False)
    await store.start()
    now = datetime.now(UTC)
    for thread_id, days in (("old", 31), ("older", 400), ("young", 29)):
        moment = now - timedelta(days=days)
        said = replace(draft("the walrus", thread_id=thread_id), started_at=moment, ended_at=moment)
        await store.append(said)
    await store.close()
    async with server:
        async with asyncio.timeout(20):
            while len(rows := await server.get("/api/threads")) != 1:
                pass
        assert [row["threadId"] for row in rows] == ["young"]
        lines = await server.get("/api/audit")
        assert {(line["who"], line["what"], line["target"]) for line in lines} == {
            ("retention", "expire_thread", "old"),
            ("retention", "expire_thread", "older"),
        }


async def test_the_command_line_reads_and_deletes_beside_the_server(server: ServerProcess) -> None:
    await converse(server, "one", "Two muffins please", "the walrus speaks")
    await converse(server, "other", "hello", number="+15550000000")
    code, out, _ = await command(server, "list", "--json")
    assert (code, [row["threadId"] for row in json.loads(out)]) == (0, ["one", "other"])
    code, out, _ = await command(server, "search", "walr")
    assert code == 0
    assert "the [walrus] speaks" in out
    code, out, _ = await command(server, "show", "one")
    assert (code, "12:00:01  Bot: the walrus speaks" in out) == (0, True)
    file = server.folder / "one.vtt"
    assert (await command(server, "export", "one", "--format", "vtt", "--output", str(file)))[0] == 0
    assert len(webvtt.read(str(file)).captions) == 2
    file.unlink()

    code, _, err = await command(server, "delete", "one", typed="n\n")
    assert (code, bool(err)) == (1, True)
    assert await server.messages("one")
    reader = Reader(server, "one")
    reading = asyncio.ensure_future(reader.read(lambda: bool(reader.events)))
    await reader.subscribed.wait()
    code, out, _ = await command(server, "delete", "--number", NUMBER, "--yes")
    assert (code, out) == (0, "Deleted 1.\n")
    await reading
    assert reader.events == [("thread_deleted", {"threadId": "one"})], "the server has noticed"
    await server.get("/api/threads/one", status=404)
    async with asyncio.timeout(20):
        while files_have(server, "walrus"):
            await server.get("/healthz")
    code, out, _ = await command(server, "audit", "--json")
    (line,) = json.loads(out)
    assert (line["what"], line["target"], line["count"]) == ("delete_caller", "…43", 1)
    assert line["who"].startswith("command line (")
    await converse(server, "n" * 100, "hello")
    code, out, _ = await command(server, "list")
    assert (code, len(out.splitlines())) == (0, 3), "a line each for programs, however long"


async def test_the_command_line_says_what_is_wrong(server: ServerProcess, tmp_path: Path) -> None:
    for arguments, sentence in (
        (("show", "never"), "There is no such conversation.\n"),
        (("delete", "never", "--yes"), "There is no such conversation.\n"),
        (("delete", "--yes"), "Name one conversation, or give --number.\n"),
        (("delete", "--number", "", "--yes"), "Name one conversation, or give --number.\n"),
        (("export", "never", "--format", "pdf"), "--format is one of json, text, vtt.\n"),
    ):
        assert await command(server, *arguments) == (1, "", sentence)
    empty = ServerProcess(tmp_path / "elsewhere")
    code, _, err = await command(empty, "list")
    assert (code, err.startswith("There is no database at ")) == (1, True)
    assert not (tmp_path / "elsewhere").exists()
