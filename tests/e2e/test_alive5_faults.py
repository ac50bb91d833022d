"""alive5 and the disk fail in the middle of real calls: what waits, what comes, and that it comes once."""

from __future__ import annotations

import json
import resource
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.alive5_server import Alive5Server
from tests.e2e.test_thread_viewers import Viewer
from tests.harness.console import Console
from tests.harness.crashes import came_in_order
from tests.harness.figures import scrape
from tests.harness.handoff import call_of, phone_for
from tests.harness.outbox import listed
from tests.harness.server import ServerProcess

ORDER = {
    "Flow_1": {
        "type": "question",
        "name": "boxes",
        "label": "boxes",
        "text": "How many boxes?",
        "answers": {"1-10": {"type": "message", "name": "thanks", "text": "Thank you.", "next_flow": None}},
        "next_flow": None,
    }
}


@pytest.fixture
async def alive5() -> AsyncIterator[Alive5Server]:
    """alive5, up and willing."""
    server = Alive5Server()
    await server.start()
    yield server
    await server.stop()


async def said(viewer: Viewer, text: str) -> None:
    """Wait until the viewer has been told this."""
    while text not in [message["text"] for message in viewer.messages]:
        await viewer.until(len(viewer.messages) + 1)


def keys(messages: Iterable[dict[str, Any]]) -> str:
    """What the caller has typed, in however many messages."""
    finals = [message for message in messages if message["final"] and message["speaker"] == "caller"]
    return "".join(message["text"] for message in finals)


async def typed(viewer: Viewer, sequence: str) -> None:
    """Wait until the viewer has been told that exactly these keys were pressed."""
    while keys(viewer.messages) != sequence:
        await viewer.until(len(viewer.messages) + 1)


async def test_an_answer_survives_a_crash_and_reaches_alive5_once_with_the_call_s_end(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    flow = tmp_path / "flow.json"
    flow.write_text(json.dumps({"data": ORDER}))
    await alive5.stop()
    settings = {"flow": flow, "alive5_url": alive5.url, "alive5_key": alive5.key}
    async with ServerProcess(tmp_path, **settings) as server:
        phone = phone_for(server, crmId="crm-7")
        thread_id = phone.parameters["threadId"]
        async with Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            async with phone:
                await said(viewer, "How many boxes?")
                await phone.press("7")
                await said(viewer, "Thank you.")
                while "save_crm_data" not in {row["kind"] for row in await listed(tmp_path)}:
                    pass
                await server.kill()
        await server.start()
        await alive5.start()
        await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
        stored = await server.messages(thread_id)
    ids = {"crm_id": "crm-7", "thread_id": thread_id}
    assert alive5.sent("save_crm_data") == [{**ids, "key": "boxes", "value": "7"}]
    assert alive5.texts() == [message["text"] for message in stored]
    assert [sent["end_by"] for sent in alive5.sent("end_voice_chat")] == ["voice_agent"]


async def test_a_call_that_alive5_missed_from_its_beginning_to_its_end_comes_in_order_and_once(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    await alive5.stop()
    async with ServerProcess(tmp_path, alive5_url=alive5.url, alive5_key=alive5.key) as server:
        phone = phone_for(server)
        thread_id = phone.parameters["threadId"]
        async with Console(server) as console, Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            async with phone:
                call_id = await call_of(console, phone)
                for key in "123456":
                    await phone.press(key)
                await typed(viewer, "123456")
            await console.wait("call_state", callId=call_id, state="ended")
            stored = await server.messages(thread_id)
            assert {message["delivery"] for message in stored} == {"pending"}
            assert alive5.received == []
            await alive5.start()
            await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
        stored = await server.messages(thread_id)
        assert {message["delivery"] for message in stored} == {"delivered"}
    assert came_in_order(stored, alive5.texts())
    assert [sent["end_by"] for sent in alive5.sent("end_voice_chat")] == ["person"]
    assert alive5.received[-1].event == "end_voice_chat"


@contextmanager
def disk_full(server: ServerProcess) -> Iterator[None]:
    """No file of the server's grows any more."""
    wal = server.folder / "data" / "patchbay.db-wal"
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))


async def unready(server: ServerProcess) -> dict[str, Any]:
    """What `/readyz` says is missing, as soon as it says so."""
    while True:
        async with server.session.get(f"{server.url}/readyz") as answer:
            if answer.status == 503:
                return dict((await answer.json())["missing"])


def finals(viewer: Viewer) -> int:
    """How many finals it was told."""
    return sum(message["final"] for message in viewer.messages)


async def test_on_a_full_disk_the_call_goes_on_and_its_words_are_committed_once_there_is_room(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    alive5.acknowledges = True
    async with ServerProcess(tmp_path, alive5_url=alive5.url, alive5_key=alive5.key) as server:
        phone = phone_for(server)
        thread_id = phone.parameters["threadId"]
        async with Console(server) as console, Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            async with phone:
                call_id = await call_of(console, phone)
                await phone.press("1")
                await typed(viewer, "1")
                before = finals(viewer)
                with disk_full(server):
                    assert "database" in await unready(server)
                    for key in "23456":
                        await phone.press(key)
                    while (await scrape(server))["patchbay_thread_unsaved",] < 1:
                        pass
                    await server.post(f"/api/calls/{call_id}/handoff", {}, status=202)
                    offer = await console.wait("incoming_call", callId=call_id)
                    assert offer["threadId"] == thread_id, "the call goes on"
                    assert finals(viewer) == before, "nobody hears of what is not committed"
                await typed(viewer, "123456")
            await console.wait("call_state", callId=call_id, state="ended")
            await server.ready()
            await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
        stored = await server.messages(thread_id)
        figures = await scrape(server)
    assert keys(stored) == "123456"
    assert [message["seq"] for message in stored] == [*range(1, len(stored) + 1)]
    assert came_in_order(stored, alive5.texts())
    assert figures["patchbay_thread_commit_failures_total",] > 0
    assert figures["patchbay_thread_dropped_total",] == 0


async def test_a_call_that_ends_on_a_full_disk_is_complete_once_there_is_room(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    async with ServerProcess(tmp_path, alive5_url=alive5.url, alive5_key=alive5.key) as server:
        phone = phone_for(server)
        thread_id = phone.parameters["threadId"]
        async with Console(server) as console, Viewer(server, thread_id) as viewer:
            await viewer.subscribe()
            async with phone:
                call_id = await call_of(console, phone)
                await phone.press("1")
                await typed(viewer, "1")
                with disk_full(server):
                    assert "database" in await unready(server)
                    await phone.press("2")
                    await phone.hang_up()
                    await console.wait("call_state", callId=call_id, state="ended")
                    while (await scrape(server))["patchbay_thread_commit_failures_total",] < 3:
                        pass
                await typed(viewer, "12")
            await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
    assert [sent["end_by"] for sent in alive5.sent("end_voice_chat")] == ["person"]
    async with ServerProcess(tmp_path, alive5_url=alive5.url, alive5_key=alive5.key) as server:
        assert (await server.get(f"/api/calls/{call_id}"))["endReason"] == "caller_hung_up"
        assert keys(await server.messages(thread_id)) == "12"
    assert len(alive5.sent("end_voice_chat")) == 1
