"""The backlog's rows: speech that was said and has no text yet, in the same database as the thread.

A row leaves in the transaction that commits its text, or the note that there will be none. So its text is
there once, whoever writes it and however often it is tried.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.ports import Draft, Message, Speaker
from bridge.thread.database import Database
from bridge.thread.schema import backlog, threads

Append = Callable[[AsyncConnection, Draft], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class KeptAudio:
    """An utterance without a text yet. `audio`: one byte of µ-law a sample; "" where only the rest was read.

    `reason`: a sentence. `attempts`: how often a recogniser died of it or refused it.
    """

    draft: Draft
    rate: int
    audio: bytes
    size: int
    reason: str
    attempts: int = 0
    announced: bool = False

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.size / self.rate


class BacklogTable:
    """The part of the thread store that keeps audio. Raises StoreUnavailable; commits before it returns."""

    def __init__(self, database: Database, append: Append) -> None:
        self._db = database
        self._append = append

    async def keep(self, rows: Sequence[KeptAudio]) -> None:
        """Commit rows; those that are there already stay as they are."""
        async with self._db.write() as connection:
            for row in rows:
                draft = row.draft
                blank = self._db.insert(threads).values(
                    thread_id=draft.thread_id,
                    crm_id="",
                    channel_id="",
                    number="",
                    last_seq=0,
                    last_at=draft.ended_at,
                )
                await connection.execute(blank.on_conflict_do_nothing())
                added = self._db.insert(backlog).values(**_values(row))
                await connection.execute(added.on_conflict_do_nothing())

    async def rows(self) -> list[KeptAudio]:
        """All that is kept, the oldest first, without its audio."""
        columns = [column for column in backlog.c if column is not backlog.c.audio]
        query = select(*columns).order_by(backlog.c.created_at, backlog.c.started_at)
        async with self._db.read() as connection:
            return [_kept(row, b"") for row in await connection.execute(query)]

    async def load(self, row_id: str) -> KeptAudio | None:
        """One row with its audio, None where it is gone."""
        async with self._db.read() as connection:
            row = (await connection.execute(select(backlog).where(backlog.c.id == row_id))).one_or_none()
        return None if row is None else _kept(row, row.audio)

    async def write(self, row: KeptAudio, text: str) -> Message | None:
        """Put a row's text into the thread in the row's place; None where it is gone or `text` is empty."""
        async with self._db.write() as connection:
            if not await _take(connection, [row.draft.id]) or not text:
                return None
            return await self._append(connection, replace(row.draft, text=text, late=True))

    async def count_failure(self, row_id: str) -> None:
        """Commit that a recogniser died of it, or refused it."""
        change = update(backlog).where(backlog.c.id == row_id).values(attempts=backlog.c.attempts + 1)
        async with self._db.write() as connection:
            await connection.execute(change)

    async def give_up(
        self, rows: Collection[KeptAudio], sentence: Callable[[Iterable[KeptAudio]], str]
    ) -> Message | None:
        """Drop rows of one call with a system message in their place; `sentence` is told which there were."""
        async with self._db.write() as connection:
            gone = await _take(connection, [row.draft.id for row in rows])
            return await self._note(connection, [row for row in rows if row.draft.id in gone], sentence)

    async def note(
        self, rows: Sequence[KeptAudio], sentence: Callable[[Iterable[KeptAudio]], str]
    ) -> Message | None:
        """Commit a system message in the place of `rows` (of one call), which never were in the table."""
        async with self._db.write() as connection:
            return await self._note(connection, rows, sentence)

    async def announce(
        self, rows: Collection[KeptAudio], sentence: Callable[[Iterable[KeptAudio]], str]
    ) -> Message | None:
        """Commit a system message that tells of those of `rows` (of one call) that nothing told of yet."""
        ids = [row.draft.id for row in rows]
        change = update(backlog).where(backlog.c.id.in_(ids), backlog.c.announced.is_(False))
        async with self._db.write() as connection:
            told = await connection.execute(change.values(announced=True).returning(backlog.c.id))
            fresh = set(told.scalars())
            return await self._note(connection, [row for row in rows if row.draft.id in fresh], sentence)

    async def _note(
        self,
        connection: AsyncConnection,
        rows: Sequence[KeptAudio],
        sentence: Callable[[Iterable[KeptAudio]], str],
    ) -> Message | None:
        """A system message that spans the time in which `rows` were said; None where there are none."""
        if not rows:
            return None
        drafts = [row.draft for row in rows]
        note = Draft(
            id=str(uuid.uuid4()),
            thread_id=drafts[0].thread_id,
            call_id=drafts[0].call_id,
            speaker="system",
            text=sentence(rows),
            started_at=min(draft.started_at for draft in drafts),
            ended_at=max(draft.ended_at for draft in drafts),
        )
        return await self._append(connection, note)


async def _take(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    """Delete rows; returns which there were."""
    gone = await connection.execute(delete(backlog).where(backlog.c.id.in_(ids)).returning(backlog.c.id))
    return set(gone.scalars())


def _values(row: KeptAudio) -> dict[str, object]:
    draft = row.draft
    return {
        "id": draft.id,
        "thread_id": draft.thread_id,
        "call_id": draft.call_id,
        "speaker": draft.speaker,
        "name": draft.name,
        "started_at": draft.started_at,
        "ended_at": draft.ended_at,
        "rate": row.rate,
        "size": len(row.audio),
        "reason": row.reason,
        "attempts": row.attempts,
        "announced": row.announced,
        "created_at": datetime.now(UTC),
        "audio": row.audio,
    }


def _kept(row: Row[Any], audio: bytes) -> KeptAudio:
    draft = Draft(
        id=row.id,
        thread_id=row.thread_id,
        call_id=row.call_id,
        speaker=cast(Speaker, row.speaker),
        text="",
        started_at=row.started_at,
        ended_at=row.ended_at,
        name=row.name,
    )
    return KeptAudio(draft, row.rate, audio, row.size, row.reason, row.attempts, row.announced)
