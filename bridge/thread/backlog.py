"""Speech that could not be recognised in its time: kept, told of, and given out again to be written late.

`keep` only puts it into memory; `run` commits it, which is milliseconds later while the database answers.
Once committed it survives everything but the loss of the database, until it is written or given up.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from bridge.media.g711 import ulaw_encode
from bridge.ports import Draft
from bridge.thread import backlog_notes as notes
from bridge.thread.backlog_index import BATCH, BacklogIndex, CallBacklog
from bridge.thread.backlog_intake import LIMIT, Intake
from bridge.thread.backlog_store import BacklogTable, KeptAudio
from bridge.thread.delivery import happens
from bridge.thread.errors import StoreUnavailable
from bridge.thread.log import ThreadLog

log = structlog.get_logger()

ROOM: Final = 0.95
"""Share of the limit that is left full when room is made, so that it is not made for each utterance."""


class Backlog:
    """All speech without a text yet; a DeferredAudio. Bytes: `limit_bytes` in the table, `memory` before."""

    def __init__(self, table: BacklogTable, log: ThreadLog, *, limit_bytes: int, memory: int = LIMIT) -> None:
        self._table = table
        self._log = log
        self._limit = limit_bytes
        self._intake = Intake(memory, self._lost)
        self._index = BacklogIndex()
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._closing = False
        self._ended = asyncio.Event()
        self._ended.set()
        self.kept = self.written = self.given_up = self.dropped = 0
        """Utterances since the start."""
        self.given_up_s = 0.0
        """Seconds of those that were given up or dropped."""

    @property
    def rows(self) -> int:
        """Utterances that wait for their text."""
        return len(self._index.held)

    @property
    def seconds(self) -> float:
        """How long they are together."""
        return sum(held.row.seconds for held in self._index.held.values())

    @property
    def oldest_s(self) -> float:
        """How long ago the oldest of them ended; 0 where there is none."""
        now = time.monotonic()
        return now - min((h.ended for h in self._index.held.values()), default=now)

    @property
    def unsaved_threads(self) -> set[str]:
        """Ids of the threads whose audio, or a note of it, is only in memory: it is about to be committed."""
        return self._intake.thread_ids

    # -- DeferredAudio --

    def keep(self, utterance: Draft, pcm: bytes, rate: int, why: str) -> None:
        """See DeferredAudio."""
        if utterance.id in self._index.held or len(pcm) < 2:
            return
        audio = ulaw_encode(pcm[: len(pcm) // 2 * 2])
        row = KeptAudio(utterance, rate, audio, len(audio), why)
        self._index.hold(row, time.monotonic(), committed=False)
        self.kept += 1
        self._intake.add(row)
        self._wake.set()

    def behind_s(self, call_id: str) -> float:
        """See DeferredAudio."""
        call = self._index.calls.get(call_id)
        return time.monotonic() - min(held.ended for held in call.rows.values()) if call else 0.0

    async def settle(self, call_id: str, timeout_s: float) -> None:
        """See DeferredAudio."""
        try:
            async with asyncio.timeout(timeout_s):
                while call_id in self._index.calls and not self._closing:
                    await self.wait()
        except TimeoutError:
            if (call := self._index.calls.get(call_id)) is not None:
                call.over = True
                self._wake.set()

    # -- for whoever writes the texts --

    async def wait(self) -> None:
        """Return as soon as something has come or gone."""
        self._changed.clear()
        await self._changed.wait()

    def next_due(self) -> tuple[str | None, float]:
        """The id of the oldest row that is to be tried now, or None and the next one's moment."""
        return self._index.next_due()

    async def load(self, row_id: str) -> KeptAudio | None:
        """A row with its audio; None where it is gone, as its thread may be."""
        row = await self._table.load(row_id)
        if row is None:
            self._forget(row_id)
        return row

    async def write(self, row: KeptAudio, text: str) -> None:
        """Put the text of `row` into the thread, marked late; "" where nothing was said."""
        await self._log.commit(row.draft.thread_id, lambda: self._table.write(row, text))
        self.written += 1
        self._forget(row.draft.id)

    async def pass_over(self, row: KeptAudio, seconds: float) -> None:
        """Note that a recogniser failed on `row`, and try others for so long."""
        await self._table.count_failure(row.draft.id)
        if (held := self._index.held.get(row.draft.id)) is not None:
            held.not_before = time.monotonic() + seconds

    async def give_up(self, row: KeptAudio) -> None:
        """Say in the thread that `row` will have no text."""
        self.given_up += await self._drop([row], notes.given_up)

    # -- its own task --

    async def run(self) -> None:
        """Commit what is kept and tell of it, until `close`. Runs once."""
        self._ended.clear()
        try:
            await self._persistently(self._take_over)
            while not self._closing:
                self._wake.clear()
                await self._persistently(self._work)
                await happens(self._wake, self._until_due())
            await self._store_intake()
        except StoreUnavailable as error:
            log.error("backlog.unsaved", count=len(self._intake), error=error.message)
        finally:
            self._ended.set()

    async def close(self) -> None:
        """End `run`, with what is still in memory committed if the database takes it. Idempotent."""
        self._closing = True
        self._wake.set()
        self._changed.set()
        await self._ended.wait()

    async def _persistently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, again where the database fails; given up by `close`."""
        delay = 0.1
        while not self._closing:
            try:
                await work()
                return
            except StoreUnavailable as error:
                log.warning("backlog.store_unavailable", error=error.message, waiting=len(self._intake))
                self._wake.clear()
                await happens(self._wake, delay)
                delay = min(delay * 2, 5.0)

    async def _take_over(self) -> None:
        """Hold what a former process has left."""
        rows = await self._table.rows()
        now, wall = time.monotonic(), datetime.now(UTC)
        for row in rows:
            ago = max(0.0, (wall - row.draft.ended_at).total_seconds())
            self._index.hold(row, now - ago, committed=True)
        if rows:
            log.info("backlog.taken_over", rows=len(rows), seconds=round(sum(row.seconds for row in rows)))
            self._changed.set()

    async def _work(self) -> None:
        await self._store_intake()
        await self._make_room()
        for call in list(self._index.calls.values()):
            if call.due() <= time.monotonic():
                await self._announce(call)

    async def _store_intake(self) -> None:
        await self._intake.store(self._table.keep, self._stored)
        while rows := self._intake.lost_of_a_call():
            await self._log.commit(rows[0].draft.thread_id, partial(self._table.note, rows, notes.dropped))
            self._intake.told(rows)

    def _stored(self, rows: Sequence[KeptAudio]) -> None:
        self._index.committed(row.draft.id for row in rows)
        self._changed.set()

    def _lost(self, row: KeptAudio) -> None:
        self._forget(row.draft.id)
        self.dropped += 1
        self.given_up_s += row.seconds
        log.error("backlog.lost", call_id=row.draft.call_id, message_id=row.draft.id)

    async def _announce(self, call: CallBacklog) -> None:
        """Tell a thread of all that nothing told of yet, but for what has been written meanwhile."""
        untold = call.untold()[:BATCH]
        rows = [held.row for held in untold]
        await self._log.commit(rows[0].draft.thread_id, lambda: self._table.announce(rows, notes.not_yet))
        for held in untold:
            held.row = replace(held.row, announced=True)
        call.notes += 1

    async def _make_room(self) -> None:
        """Drop the oldest while there is more than may be."""
        if self._index.bytes <= self._limit:
            return
        while victims := self._index.oldest_rows(self._limit * ROOM) if self.rows else []:
            dropped = await self._drop(victims, notes.dropped)
            self.dropped += dropped
            log.error("backlog.full", call_id=victims[0].draft.call_id, dropped=dropped)

    async def _drop(self, rows: list[KeptAudio], sentence: Callable[[Iterable[KeptAudio]], str]) -> int:
        """Give up rows of one call; returns how many there still were: others have their text meanwhile."""
        gone: list[KeptAudio] = []

        def told(found: Iterable[KeptAudio]) -> str:
            gone[:] = found
            return sentence(gone)

        await self._log.commit(rows[0].draft.thread_id, lambda: self._table.give_up(rows, told))
        for row in rows:
            self._forget(row.draft.id)
        self.given_up_s += sum(row.seconds for row in gone)
        return len(gone)

    def _until_due(self) -> float | None:
        due = min((call.due() for call in self._index.calls.values()), default=math.inf)
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _forget(self, row_id: str) -> None:
        self._index.forget(row_id)
        self._changed.set()
