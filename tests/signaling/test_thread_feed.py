"""A viewer's feed where things happen in between: another process writes, the database fails, it is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from signaling.thread_feed import FIRST_PAGE, Feed
from tests.bridge.thread.helpers import draft, sqlite_url


class Viewer:
    """What a feed emits, and how it catches up."""

    def __init__(self, log: ThreadLog, drained: Callable[[], Awaitable[None]] | None = None) -> None:
        self.events: list[tuple[str, Any]] = []
        self.first: list[int] = []
        self._drained = drained or self._at_once
        self.feed = Feed(log, "t", lambda event, data: self.events.append((event, data)), self._help)

    async def _at_once(self) -> None:
        await asyncio.sleep(0)

    def _help(self, feed: Feed) -> None:
        feed.task = asyncio.get_running_loop().create_task(feed.catch_up(self._drained))

    async def begin(self, after: int = 0) -> None:
        """Subscribe."""
        self.first = [message.seq for message in await self.feed.begin(after)]

    async def caught_up(self) -> None:
        """Wait until nothing is missing."""
        while self.feed.task is not None and not self.feed.task.done():
            await asyncio.wait_for(asyncio.shield(self.feed.task), 20)

    @property
    def seqs(self) -> list[int]:
        """The finals that were shown."""
        told = [data["seq"] for event, data in self.events if event == "message" and data["final"]]
        return self.first + told


@pytest.fixture
async def log(tmp_path: Path) -> Any:
    """A log on an empty database."""
    store = SqlThreadStore(sqlite_url(tmp_path / "patchbay.db"), outbox=True)
    await store.start()
    yield ThreadLog(store)
    await store.close()


async def test_what_another_process_wrote_in_between_is_not_passed_over(log: ThreadLog) -> None:
    await log.append(draft())
    viewer = Viewer(log)
    await viewer.begin()
    await log.append(draft())
    await log.store.append(draft("by another"))
    await log.append(draft())
    await log.append(draft())
    await viewer.caught_up()
    await log.append(draft())
    assert viewer.seqs == [1, 2, 3, 4, 5, 6]
    viewer.feed.stop()


async def test_what_is_said_while_a_slow_viewer_catches_up_comes_once_and_in_order(log: ThreadLog) -> None:
    for _ in range(FIRST_PAGE + 250):
        await log.append(draft())

    async def slow() -> None:
        for _ in range(3):
            await log.append(draft())

    viewer = Viewer(log, slow)
    await viewer.begin()
    assert len(viewer.first) == FIRST_PAGE
    await viewer.caught_up()
    await log.append(draft())
    stored = await log.store.messages("t")
    assert viewer.seqs == [message.seq for message in stored or []]
    viewer.feed.stop()


async def test_a_delivery_that_changes_meanwhile_is_shown_as_it_is_in_the_end(log: ThreadLog) -> None:
    assert isinstance(log.store, SqlThreadStore)
    messages = [await log.append(draft()) for _ in range(FIRST_PAGE + 10)]
    viewer = Viewer(log)
    beginning = asyncio.ensure_future(viewer.begin())
    for message in (messages[0], messages[-1]):
        changed = await log.store.set_delivery(message.id, "delivered")
        assert changed is not None
        log.tell(changed)
    await beginning
    await viewer.caught_up()
    assert viewer.seqs == [*range(1, FIRST_PAGE + 11)]
    last = {data["id"]: data["delivery"] for _, data in viewer.events}
    assert last[messages[-1].id] == "delivered"
    viewer.feed.stop()


async def test_a_partial_comes_after_everything_that_was_said_before_it(log: ThreadLog) -> None:
    for _ in range(FIRST_PAGE + 10):
        await log.append(draft())
    taken = asyncio.Event()

    async def once_taken() -> None:
        await taken.wait()

    viewer = Viewer(log, once_taken)
    await viewer.begin()
    said = draft("half a sent")
    log.partial(said)
    gone = draft("never mind")
    log.partial(gone)
    await log.append(gone)
    taken.set()
    await viewer.caught_up()
    events = [(data["final"], data["text"]) for event, data in viewer.events if event == "message"]
    assert events[-2:] == [(True, "never mind"), (False, "half a sent")]
    log.partial(replace(said, text="half a sentence"))
    assert viewer.events[-1][1]["text"] == "half a sentence"
    viewer.feed.stop()


async def test_seen_beyond_the_end_means_a_thread_that_began_anew(log: ThreadLog) -> None:
    for _ in range(3):
        await log.append(draft())
    viewer = Viewer(log)
    await viewer.begin(3)
    assert viewer.first == []
    viewer.feed.stop()
    other = Viewer(log)
    await other.begin(4)
    assert other.first == [1, 2, 3]
    other.feed.stop()
    await log.append(draft())
    assert viewer.events == other.events == []
