"""What the flow collects is kept as it comes, also by a database that has to be asked twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.call.collected import Collected
from bridge.ports import Caller
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import caller, locked, sqlite_url


async def test_answers_reach_the_outbox_once_each_and_after_a_lock_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "patchbay.db"
    store = SqlThreadStore(sqlite_url(path), outbox=True, busy_timeout_s=0.02)
    await store.start()
    await store.open_thread(caller())
    refused, kept = asyncio.Event(), asyncio.Event()
    asked: list[tuple[str, str]] = []

    async def keep(who: Caller, label: str, answer: str) -> None:
        asked.append((label, answer))
        try:
            await store.save_field(who.thread_id, who.call_id, label, answer)
        except BaseException:
            refused.set()
            raise
        kept.set()

    collected = Collected(caller(), keep)
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        running = group.create_task(collected.run())
        with locked(path):
            collected.changed({"boxes": "7"})
            await refused.wait()
        await kept.wait()
        kept.clear()
        collected.changed({"boxes": "7", "when": "today"})
        await kept.wait()
        running.cancel()
    assert [row.payload for row in await store.pending_outbox(9)] == [
        {"key": "boxes", "value": "7"},
        {"key": "when", "value": "today"},
    ]
    assert asked[-1] == ("when", "today"), "what was kept is not asked for again"
    await store.close()


async def test_without_anybody_to_keep_them_answers_are_left_alone() -> None:
    collected = Collected(caller(), None)
    running = asyncio.ensure_future(collected.run())
    collected.changed({"boxes": "7"})
    done, _ = await asyncio.wait({running}, timeout=0.05)
    assert not done
    running.cancel()
