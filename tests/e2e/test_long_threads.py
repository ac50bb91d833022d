"""Threads that are longer than one answer: paged by REST, followed by viewers without a gap or a double."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import caller, draft, sqlite_url
from tests.harness.console import Console
from tests.harness.handoff import call_of, phone_for
from tests.harness.reader import Reader
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

# A bot that asks again for ever, and never hands over.
SETTINGS = {"flow": Path(__file__).parent / "patient_flow.json"}
LONG = 777


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def long_thread(module_server: ServerProcess) -> AsyncIterator[str]:
    """The id of a thread in which very much was said before."""
    thread_id = str(uuid.uuid4())
    store = SqlThreadStore(sqlite_url(module_server.folder / "data" / "patchbay.db"), outbox=False)
    await store.start()
    await store.open_thread(caller(thread_id))
    for n in range(1, LONG + 1):
        await store.append(draft(f"word {n}", thread_id=thread_id, start=n))
    await store.close()
    yield thread_id


async def test_rest_pages_through_a_thread(module_server: ServerProcess, long_thread: str) -> None:
    whole = await module_server.get(f"/api/threads/{long_thread}")
    assert set(whole) == {"threadId", "messages"}
    stored = len(whole["messages"])
    assert stored >= LONG
    assert [m["seq"] for m in whole["messages"]] == [*range(1, stored + 1)]
    paged, more = [], True
    while more:
        after = paged[-1]["seq"] if paged else 0
        page = await module_server.get(f"/api/threads/{long_thread}?afterSeq={after}&limit=500")
        assert len(page["messages"]) <= 500
        paged, more = paged + page["messages"], page["more"]
    assert paged == whole["messages"]
    rest = await module_server.get(f"/api/threads/{long_thread}?afterSeq={stored}")
    assert rest == {"threadId": long_thread, "messages": []}
    export = await module_server.get(f"/api/threads/{long_thread}/export")
    assert export["messages"] == whole["messages"]
    for bad in ("afterSeq=-1", "afterSeq=x", "limit=0", "limit=1001", "limit=", f"afterSeq={'9' * 30}"):
        refused = await module_server.get(f"/api/threads/{long_thread}?{bad}", status=400)
        assert refused["error"]["code"] == "bad_request"


async def test_a_viewer_is_told_the_whole_of_it_in_order(
    module_server: ServerProcess, long_thread: str
) -> None:
    reader = Reader(module_server, long_thread)
    ack = await reader.read(lambda: len(reader.shown) >= LONG)
    assert (ack["ok"], len(ack["messages"])) == (True, 500)
    assert reader.shown == await module_server.messages(long_thread)


async def test_two_viewers_who_come_and_go_at_random_see_the_same_thread(
    module_server: ServerProcess, long_thread: str
) -> None:
    """Half of it is there before, half is said meanwhile; connections break off wherever they are."""
    chance = random.Random(20261122)
    async with Console(module_server) as console, phone_for(module_server, threadId=long_thread) as phone:
        await call_of(console, phone)
        said = asyncio.Event()

        async def talk() -> None:
            for _ in range(120):
                await phone.press(chance.choice("0123456789*"))
                for _ in range(chance.randrange(3)):
                    await phone.until(lambda before=phone.slots: phone.slots > before, within=20)
            await phone.press("#")
            said.set()

        async def come_and_go(seed: int) -> Reader:
            own, reader, visits = random.Random(seed), Reader(module_server, long_thread), 0
            while not said.is_set() or visits < 12:
                wanted = len(reader.shown) + own.choice([0, 0, 1, 3, 90, 350])
                await reader.read(lambda wanted=wanted: len(reader.shown) >= wanted or said.is_set())
                visits += 1
            await reader.read(lambda: any("#" in message["text"] for message in reader.shown))
            return reader

        talking = asyncio.ensure_future(talk())
        async with asyncio.timeout(90):
            one, other = await asyncio.gather(come_and_go(1), come_and_go(2))
            await talking
        stored = await module_server.messages(long_thread)
        assert len(stored) > LONG
        for reader in (one, other):
            assert reader.seqs == [*range(1, len(reader.seqs) + 1)], "no gap, no double, in order"
            assert [(m["id"], m["text"]) for m in reader.shown] == [
                (m["id"], m["text"]) for m in stored[: len(reader.shown)]
            ]
        # What the bot says after the last key need not have been read.
        assert all(any("#" in message["text"] for message in reader.shown) for reader in (one, other))
