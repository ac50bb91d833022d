"""Threads, messages and calls in SQLite or PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.ports import Caller, CallRow, Draft, Message, ThreadSummary
from bridge.thread.backlog_store import BacklogTable
from bridge.thread.database import Database
from bridge.thread.outbox_store import OutboxTable, message_from_row, pending_row
from bridge.thread.schema import calls, health, messages, outbox, search_texts, threads
from bridge.thread.views import iso_utc

INTERRUPTED = "interrupted"
"""End reason of a call whose process died."""

_PAGE = 200


class SqlThreadStore(OutboxTable):
    """A `ThreadStore` on `url` (`sqlite+aiosqlite:///path` or `postgresql+asyncpg://…`).

    Every method commits before it returns and raises StoreUnavailable where the database fails; what a
    failed or cancelled call did is unknown, and `append` is safe to repeat. `outbox`: every message is also
    due to be delivered outside.
    """

    def __init__(self, url: str, *, outbox: bool, busy_timeout_s: float = 2.0) -> None:
        super().__init__(Database(url, busy_timeout_s=busy_timeout_s))
        self._outbox = outbox
        self.backlog = BacklogTable(self._db, self.append_in)
        """Audio whose text is still to come."""

    @property
    def database(self) -> Database:
        """The database itself, for what searches it and deletes from it."""
        return self._db

    async def start(self) -> None:
        """Open and migrate the database and write to it. Raises StoreUnavailable, saying why; idempotent."""
        await self._db.start()
        try:
            # A read-only database that needs no migration opens without complaint.
            await self.check()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the database. Idempotent."""
        await self._db.close()

    async def check(self) -> None:
        """Return once the database has taken a write; raises StoreUnavailable (locked, full, gone)."""
        now = datetime.now(UTC)
        row = self._db.insert(health).values(id=1, checked_at=now)
        async with self._db.write() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["id"], set_={"checked_at": now})
            )

    async def open_thread(self, caller: Caller) -> None:
        """Create or refresh the thread's row with the caller's ids, number and name (none keeps the old)."""
        row = self._db.insert(threads).values(
            thread_id=caller.thread_id,
            crm_id=caller.crm_id,
            channel_id=caller.channel_id,
            number=caller.number,
            name=caller.name,
            last_seq=0,
            last_at=datetime.now(UTC),
        )
        known = func.coalesce(func.nullif(row.excluded.number, ""), threads.c.number)
        kept = {
            "crm_id": row.excluded.crm_id,
            "channel_id": row.excluded.channel_id,
            "number": known,
            "name": func.coalesce(row.excluded.name, threads.c.name),
        }
        async with self._db.write() as connection:
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=["thread_id"], set_={**kept, "last_at": row.excluded.last_at}
                )
            )

    async def append(self, draft: Draft) -> Message:
        """Give `draft` the thread's next seq and commit it, with its outbox row.

        Appending the same draft id again returns the message already stored. A thread that nobody opened
        gets a row without ids, so that nothing said is lost.
        """
        async with self._db.write() as connection:
            return await self.append_in(connection, draft)

    async def append_in(self, connection: AsyncConnection, draft: Draft) -> Message:
        """As `append`, as a part of the transaction that `connection` is in."""
        last_seq = await self._lock_thread(connection, draft)
        stored = (await connection.execute(select(messages).where(messages.c.id == draft.id))).one_or_none()
        if stored is not None:
            return message_from_row(stored)
        return await self._insert_message(connection, draft, last_seq + 1)

    async def messages(
        self, thread_id: str, *, after_seq: int = 0, limit: int | None = None
    ) -> list[Message] | None:
        """Messages with seq > `after_seq` in order (the first `limit`), or None for an unknown thread."""
        query = select(messages).where(messages.c.thread_id == thread_id, messages.c.seq > after_seq)
        query = query.order_by(messages.c.seq).limit(limit)
        async with self._db.read() as connection:
            found = (await connection.execute(query)).all()
            if not found:
                known = await connection.execute(
                    select(threads.c.thread_id).where(threads.c.thread_id == thread_id)
                )
                if known.first() is None:
                    return None
            return [message_from_row(row) for row in found]

    async def all_messages(self, thread_id: str, *, after_seq: int = 0) -> list[Message] | None:
        """As `messages` without a limit, in pages that hold nobody up; None, too, if deleted meanwhile."""
        found: list[Message] = []
        while page := await self.messages(thread_id, after_seq=after_seq, limit=_PAGE):
            found += page
            after_seq = page[-1].seq
            if len(page) < _PAGE:
                return found
        return None if page is None else found

    async def threads(self, *, limit: int, matching: str = "") -> list[ThreadSummary]:
        """The newest threads first; only those with `matching` in their id, number or name, case aside."""
        query = select(threads).order_by(threads.c.last_at.desc(), threads.c.thread_id).limit(limit)
        if matching:
            columns = (threads.c.thread_id, threads.c.number, threads.c.name)
            query = query.where(or_(*(column.icontains(matching, autoescape=True) for column in columns)))
        async with self._db.read() as connection:
            return [_summary(row) for row in await connection.execute(query)]

    async def save_call(self, row: CallRow) -> None:
        """Insert or replace a call's row."""
        values = {
            "thread_id": row.thread_id,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "view": row.view,
        }
        insert = self._db.insert(calls).values(call_id=row.call_id, **values)
        async with self._db.write() as connection:
            await connection.execute(insert.on_conflict_do_update(index_elements=["call_id"], set_=values))

    async def load_call(self, call_id: str) -> CallRow | None:
        """The call's row, or None."""
        async with self._db.read() as connection:
            row = (await connection.execute(select(calls).where(calls.c.call_id == call_id))).one_or_none()
        if row is None:
            return None
        return CallRow(row.call_id, row.thread_id, row.started_at, row.ended_at, row.view)

    async def reconcile_calls(self, now: datetime) -> list[str]:
        """End every call that a dead process left open, as interrupted; returns their ids, oldest first."""
        query = select(calls).where(calls.c.ended_at.is_(None)).order_by(calls.c.started_at).with_for_update()
        async with self._db.write() as connection:
            left = (await connection.execute(query)).all()
            for row in left:
                end = {"state": "ended", "endedAt": iso_utc(now), "endReason": INTERRUPTED, "endedBy": "us"}
                # Nobody is left to end a pause, or to wait for a line.
                view = {**row.view, **end, "transcript": "on", "line": "up"}
                change = update(calls).where(calls.c.call_id == row.call_id)
                await connection.execute(change.values(ended_at=now, view=view))
        return [row.call_id for row in left]

    async def _lock_thread(self, connection: AsyncConnection, draft: Draft) -> int:
        """The thread's last seq, with its row held until the transaction ends (that is what keeps seq dense).

        SQLite ignores FOR UPDATE: there the whole transaction already excludes every other writer.
        """
        blank = self._db.insert(threads).values(
            thread_id=draft.thread_id, crm_id="", channel_id="", number="", last_seq=0, last_at=draft.ended_at
        )
        await connection.execute(blank.on_conflict_do_nothing())
        query = select(threads.c.last_seq).where(threads.c.thread_id == draft.thread_id).with_for_update()
        last_seq: int = (await connection.execute(query)).scalar_one()
        return last_seq

    async def _insert_message(self, connection: AsyncConnection, draft: Draft, seq: int) -> Message:
        added = await connection.execute(
            self._db.insert(messages)
            .values(
                id=draft.id,
                thread_id=draft.thread_id,
                call_id=draft.call_id,
                seq=seq,
                speaker=draft.speaker,
                name=draft.name,
                text=draft.text,
                started_at=draft.started_at,
                ended_at=draft.ended_at,
                delivery="pending" if self._outbox else "local",
                late=draft.late or await _overtaken(connection, draft),
            )
            .returning(messages)
        )
        message = message_from_row(added.one())
        await connection.execute(
            insert(search_texts).values(thread_id=draft.thread_id, seq=seq, text=draft.text)
        )
        change = update(threads).where(threads.c.thread_id == draft.thread_id)
        # A late text must not make the thread look older than what was said since.
        newer = case((threads.c.last_at > draft.ended_at, threads.c.last_at), else_=draft.ended_at)
        last_at = newer if message.late else draft.ended_at
        await connection.execute(change.values(last_seq=seq, last_at=last_at))
        if self._outbox:
            payload = {"speaker": message.speaker, "message_content": message.text}
            row = pending_row("post_message", draft.thread_id, payload, message_id=draft.id)
            await connection.execute(self._db.insert(outbox).values(**row))
        return message


async def _overtaken(connection: AsyncConnection, draft: Draft) -> bool:
    """True where something of this call that was said after `draft` began is in the thread already.

    Within one call only: its times come from one clock that only rises, while the wall clock may have
    been set between two calls. A note of the system is not said.
    """
    later = select(messages.c.id).where(
        messages.c.call_id == draft.call_id,
        messages.c.started_at > draft.started_at,
        messages.c.thread_id == draft.thread_id,
        messages.c.speaker != "system",
    )
    return (await connection.execute(later.limit(1))).first() is not None


def _summary(row: Row[Any]) -> ThreadSummary:
    return ThreadSummary(
        thread_id=row.thread_id,
        crm_id=row.crm_id,
        channel_id=row.channel_id,
        number=row.number,
        last_at=row.last_at,
        message_count=row.last_seq,
        name=row.name,
    )
