"""Deletes conversations with all that hangs on them, and keeps who did so.

Every table with a column `thread_id` is covered by itself; what has no such column is kept: the audit,
whose lines outlive what they tell of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Table, delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.errors import BridgeError
from bridge.thread.database import Database
from bridge.thread.errors import StoreUnavailable
from bridge.thread.schema import audit, calls, metadata, outbox, threads
from bridge.thread.views import iso_utc

log = structlog.get_logger()

BATCH: Final = 20
"""Threads deleted in one transaction: others that write wait no longer than for these."""

MERGE_PAGES: Final = 500
"""Pages of the full text index that one transaction rewrites."""

MOST_NAMED: Final = 1000
"""Threads that one query names: PostgreSQL takes 32767 values in one."""

RETENTION: Final = "retention"


class CallIsLive(BridgeError):
    """A conversation that a call is still a part of cannot be deleted."""

    code = "call_live"

    def __init__(self) -> None:
        super().__init__("A call of this conversation is not over yet.")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One deletion. `target`: a thread's id, or of a number no more than its last two digits;
    `deleted`: how many threads.
    """

    at: datetime
    who: str
    what: str
    target: str
    deleted: int


class Erasure:
    """Deletes threads from `database`.

    `busy`: ids of the threads that this process has calls in, those included whose last words are still
    being written; calls of other processes are known by their rows, and taken for unfinished until
    `finishing_s` after their end: what they still write would bring the thread back. `told` hears
    what was deleted, after the commit. All but `scrub` raise StoreUnavailable.
    """

    def __init__(
        self,
        database: Database,
        *,
        busy: Callable[[], Collection[str]] = tuple,
        told: Callable[[list[str]], None] = lambda thread_ids: None,
        finishing_s: float = 0.0,
    ) -> None:
        self._db = database
        self._finishing_s = finishing_s
        self._busy = busy
        self._told = told

    async def delete_thread(self, thread_id: str, who: str) -> bool:
        """Delete one thread; False where there is none. Raises CallIsLive."""
        async with self._db.write() as connection:
            if not await self._delete(connection, [thread_id]):
                return False
            await _note(connection, who, "delete_thread", thread_id, 1)
        self._after([thread_id])
        return True

    async def delete_caller(self, number: str, who: str) -> int:
        """Delete every thread of a number, or one that a call from it is in; returns how many.

        Raises CallIsLive, and then has deleted none. A number that has very many threads is deleted in
        batches, each by itself.
        """
        number_of_call = calls.c.view["caller"]["number"].as_string()
        called = select(calls.c.thread_id).where(number_of_call == number)
        theirs = select(threads.c.thread_id).where(
            or_(threads.c.number == number, threads.c.thread_id.in_(called))
        )
        async with self._db.read() as connection:
            found = list((await connection.execute(theirs)).scalars())
            for begin in range(0, len(found), MOST_NAMED):
                await self._refuse_live(connection, found[begin : begin + MOST_NAMED])
        deleted = 0
        for begin in range(0, len(found), BATCH):
            batch = found[begin : begin + BATCH]
            async with self._db.write() as connection:
                count = await self._delete(connection, batch)
                if not count:
                    continue  # somebody else was faster
                # A line a batch: what a later one fails at, this one did.
                await _note(connection, who, "delete_caller", f"…{number[-2:]}", count)
            self._after(batch)
            deleted += count
        return deleted

    async def delete_expired(self, before: datetime) -> int:
        """Delete a batch of the threads in which nothing was said since `before`; returns how many."""
        live = select(calls.c.thread_id).where(calls.c.ended_at.is_(None))
        query = select(threads.c.thread_id).where(
            threads.c.last_at < before,
            threads.c.thread_id.not_in(live),
            threads.c.thread_id.not_in(list(self._busy())),
        )
        async with self._db.write() as connection:
            rows = await connection.execute(query.order_by(threads.c.last_at).limit(BATCH))
            found = list(rows.scalars())
            if found:
                await self._delete(connection, found)
            for thread_id in found:
                await _note(connection, RETENTION, "expire_thread", thread_id, 1)
        if found:
            self._after(found)
        return len(found)

    async def gone(self, thread_ids: Collection[str]) -> list[str]:
        """Those of `thread_ids` that no thread has, which another process may have deleted."""
        query = select(threads.c.thread_id).where(threads.c.thread_id.in_(list(thread_ids)))
        async with self._db.read() as connection:
            known = set((await connection.execute(query)).scalars())
        return [thread_id for thread_id in thread_ids if thread_id not in known]

    async def last_line(self) -> int:
        """The number of the audit's last line, 0 where it has none."""
        async with self._db.read() as connection:
            return int((await connection.execute(select(func.max(audit.c.id)))).scalar_one() or 0)

    async def audit(self, limit: int) -> list[AuditLine]:
        """The last `limit` deletions, the newest first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        async with self._db.read() as connection:
            rows = await connection.execute(query)
            return [AuditLine(row.at, row.who, row.what, row.target, row.deleted) for row in rows]

    async def scrub(self) -> bool:
        """Have nothing left in SQLite's files of what was deleted; False where it must be tried again.

        Deleted rows are overwritten at once, but their words stay in the full text index until it is merged,
        and older copies of a page in the log until that is emptied. PostgreSQL does this by its vacuum.
        """
        if not self._db.is_sqlite:
            return True
        try:
            return await self._scrub()
        except StoreUnavailable as error:
            log.warning("thread.scrub_postponed", error=error.message)
            return False

    async def _scrub(self) -> bool:
        async with self._db.read() as connection:
            deletions = await _version(connection)
        if not deletions:
            return True
        pages = -MERGE_PAGES  # the first step begins to merge everything into one
        while await self._merge(pages):
            pages = MERGE_PAGES
        if not await self._db.checkpoint():
            log.info("thread.scrub_postponed", error="Somebody reads or writes.")
            return False
        async with self._db.write() as connection:
            if await _version(connection) == deletions:
                await connection.exec_driver_sql("PRAGMA user_version = 0")
        return True

    async def _merge(self, pages: int) -> bool:
        """One step of merging the full text index; False where there was nothing left to do."""
        changes = text("SELECT total_changes()")
        merge = text("INSERT INTO search_index(search_index, rank) VALUES ('merge', :pages)")
        async with self._db.write() as connection:
            before = (await connection.execute(changes)).scalar_one()
            await connection.execute(merge, {"pages": pages})
            # One change is the command itself.
            return bool((await connection.execute(changes)).scalar_one() - before > 1)

    async def _delete(self, connection: AsyncConnection, thread_ids: list[str]) -> int:
        """Delete threads from every table; returns how many there were. Raises CallIsLive."""
        await self._refuse_live(connection, thread_ids)
        pending = select(outbox.c.thread_id, func.count()).group_by(outbox.c.thread_id)
        pending = pending.where(outbox.c.thread_id.in_(thread_ids), outbox.c.state == "pending")
        for thread_id, count in (await connection.execute(pending)).all():
            log.warning("thread.deliveries_dropped", thread_id=thread_id, count=count)
        count = rows = 0
        for table in tables_of_threads():
            gone = await connection.execute(delete(table).where(table.c.thread_id.in_(thread_ids)))
            rows += gone.rowcount
            if table is threads:
                count = gone.rowcount
        if rows and self._db.is_sqlite:
            # Kept in the file: what is still to be scrubbed outlives this process.
            version = (await _version(connection) + 1) % 2**31 or 1
            await connection.exec_driver_sql(f"PRAGMA user_version = {version}")
        # A call that began meanwhile has not opened its thread yet: it waits for this transaction.
        await self._refuse_live(connection, thread_ids)
        return count

    async def _refuse_live(self, connection: AsyncConnection, thread_ids: list[str]) -> None:
        # On both sides of now: the clock may have been set back in between.
        now, near = datetime.now(UTC), timedelta(seconds=self._finishing_s)
        just_over = calls.c.ended_at.between(now - near, now + near)
        unfinished = or_(calls.c.ended_at.is_(None), just_over)
        live = select(calls.c.call_id).where(calls.c.thread_id.in_(thread_ids), unfinished)
        if not set(thread_ids).isdisjoint(self._busy()) or (await connection.execute(live)).first():
            raise CallIsLive

    def _after(self, thread_ids: list[str]) -> None:
        log.info("thread.deleted", count=len(thread_ids))
        self._told(thread_ids)


def tables_of_threads() -> list[Table]:
    """Every table whose rows belong to a thread, those first that others do not refer to."""
    return [table for table in reversed(metadata.sorted_tables) if "thread_id" in table.c]


async def _version(connection: AsyncConnection) -> int:
    """A number in SQLite's file that is ours to use: counts the deletions since it was last scrubbed."""
    return int((await connection.exec_driver_sql("PRAGMA user_version")).scalar_one())


async def _note(connection: AsyncConnection, who: str, what: str, target: str, deleted: int) -> None:
    line = {"at": datetime.now(UTC), "who": who, "what": what, "target": target, "deleted": deleted}
    await connection.execute(insert(audit).values(**line))


def audit_view(line: AuditLine) -> dict[str, object]:
    """A line of the audit as JSON."""
    return {
        "at": iso_utc(line.at),
        "who": line.who,
        "what": line.what,
        "target": line.target,
        "count": line.deleted,
    }
