"""What the outbox as a whole says: its backlog, and which calls alive5 was not told the end of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from bridge.thread.database import Database
from bridge.thread.schema import calls, messages, outbox


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """How many rows are in each state but delivered, and how long the oldest of the pending ones waits."""

    rows: dict[str, int]
    oldest_s: float


class OutboxReports:
    """Reads over all rows; raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def outbox_figures(self) -> OutboxFigures:
        """The backlog as it is now."""
        waiting = outbox.c.state != "delivered"
        counts = select(outbox.c.state, func.count()).where(waiting).group_by(outbox.c.state)
        oldest = select(func.min(outbox.c.created_at)).where(outbox.c.state == "pending")
        async with self._db.read() as connection:
            rows = {row[0]: row[1] for row in await connection.execute(counts)}
            since = (await connection.execute(oldest)).scalar_one()
        age = (datetime.now(UTC) - since).total_seconds() if since is not None else 0.0
        return OutboxFigures(rows, max(0.0, age))

    async def unended_chats(self) -> list[tuple[str, str]]:
        """(call id, thread id) of calls of which alive5 was told, and not that they are over; oldest first.

        Also of calls that died before their own row was stored; not of those whose row says that they live.
        """
        end = outbox.alias("end")
        is_end = (end.c.kind == "end_voice_chat") & (end.c.key == messages.c.call_id)
        over = calls.c.call_id.is_(None) | calls.c.ended_at.is_not(None)
        query = (
            select(messages.c.call_id, messages.c.thread_id)
            .join(outbox, outbox.c.message_id == messages.c.id)
            .outerjoin(end, is_end)
            .outerjoin(calls, calls.c.call_id == messages.c.call_id)
            .where(end.c.id.is_(None), over)
            .group_by(messages.c.call_id, messages.c.thread_id)
            .order_by(func.min(outbox.c.id))
        )
        async with self._db.read() as connection:
            return [(row.call_id, row.thread_id) for row in await connection.execute(query)]
