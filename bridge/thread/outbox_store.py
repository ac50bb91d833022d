"""The outbox's rows: what waits to be told to the outside, in order, at most once on purpose.

A row goes `pending` → (`begin_attempt`) `uncertain` → `delivered` | `failed` | `uncertain` | back to
`pending` where it certainly was not sent. It is called uncertain before it is sent, so that a process
that dies in between leaves it uncertain, and nobody sends it a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.ports import Delivery, Message
from bridge.thread.database import Database
from bridge.thread.schema import messages, outbox, threads

OutboxState = Literal["pending", "delivered", "failed", "uncertain"]
OutboxKind = Literal["post_message", "save_crm_data", "end_voice_chat"]

MESSAGE_DELIVERY: Final[dict[OutboxState, Delivery]] = {
    "pending": "pending",
    "delivered": "delivered",
    "failed": "failed",
    "uncertain": "failed",
}
"""What a message's readers are shown for the state of its row."""


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One delivery that is due, with the ids that alive5 knows its thread by."""

    id: int
    thread_id: str
    crm_id: str
    channel_id: str
    message_id: str | None
    kind: OutboxKind
    payload: dict[str, str]
    attempts: int


class OutboxTable:
    """The part of the thread store that keeps deliveries."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def set_delivery(self, message_id: str, state: Delivery) -> Message | None:
        """Commit a message's delivery; returns the message as it is now, None where it is unknown."""
        async with self._db.write() as connection:
            return await _deliver(connection, message_id, state)

    async def add_outbox(
        self, kind: OutboxKind, thread_id: str, payload: dict[str, str], *, key: str | None = None
    ) -> bool:
        """Commit a delivery that is no message; False where `kind` and `key` (a call's id) exist already."""
        row = self._db.insert(outbox).values(**pending_row(kind, thread_id, payload, key=key))
        async with self._db.write() as connection:
            added = await connection.execute(row.on_conflict_do_nothing().returning(outbox.c.id))
            return added.first() is not None

    async def pending_outbox(self, limit: int, *, thread_id: str | None = None) -> list[OutboxRow]:
        """The oldest `limit` rows that wait to be sent (of one thread), in order."""
        query: Select[Any] = (
            select(outbox, threads.c.crm_id, threads.c.channel_id)
            .join(threads, threads.c.thread_id == outbox.c.thread_id)
            .where(outbox.c.state == "pending")
        )
        if thread_id is not None:
            query = query.where(outbox.c.thread_id == thread_id)
        async with self._db.read() as connection:
            rows = await connection.execute(query.order_by(outbox.c.id).limit(limit))
            return [_outbox_row(row) for row in rows]

    async def pending_threads(self) -> list[str]:
        """Threads with something that waits to be sent."""
        query = select(outbox.c.thread_id).where(outbox.c.state == "pending").distinct()
        async with self._db.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def begin_attempt(self, row_id: int) -> None:
        """Commit that row `row_id` is about to be sent: from here on it may have been."""
        async with self._db.write() as connection:
            await connection.execute(
                update(outbox)
                .where(outbox.c.id == row_id)
                .values(state="uncertain", attempts=outbox.c.attempts + 1, error=None)
            )

    async def mark_outbox(
        self, row_id: int, state: OutboxState, *, error: str | None = None
    ) -> Message | None:
        """Commit how an attempt ended, with its message's delivery; returns that message, if it has one."""
        delivered_at = datetime.now(UTC) if state == "delivered" else None
        async with self._db.write() as connection:
            found = await connection.execute(
                update(outbox)
                .where(outbox.c.id == row_id)
                .values(state=state, delivered_at=delivered_at, error=error)
                .returning(outbox.c.message_id)
            )
            message_id = found.scalar_one_or_none()
            if message_id is None:
                return None
            return await _deliver(connection, message_id, MESSAGE_DELIVERY[state])

    async def settle_interrupted(self) -> list[Message]:
        """Show as failed every message whose attempt a dead process left open; returns those messages."""
        query = (
            select(messages.c.id)
            .join(outbox, outbox.c.message_id == messages.c.id)
            .where(outbox.c.state == "uncertain", messages.c.delivery == "pending")
            .order_by(outbox.c.id)
        )
        async with self._db.write() as connection:
            found = list((await connection.execute(query)).scalars())
            settled = [await _deliver(connection, message_id, "failed") for message_id in found]
        return [message for message in settled if message is not None]


def pending_row(
    kind: OutboxKind,
    thread_id: str,
    payload: dict[str, str],
    *,
    key: str | None = None,
    message_id: str | None = None,
) -> dict[str, object]:
    """Column values of a delivery that is now due."""
    return {
        "kind": kind,
        "thread_id": thread_id,
        "payload": payload,
        "key": key,
        "message_id": message_id,
        "state": "pending",
        "attempts": 0,
        "created_at": datetime.now(UTC),
    }


def message_from_row(row: Row[Any]) -> Message:
    """A stored message, as the outside sees it."""
    return Message(
        id=row.id,
        thread_id=row.thread_id,
        call_id=row.call_id,
        seq=row.seq,
        speaker=row.speaker,
        name=row.name,
        text=row.text,
        final=True,
        started_at=row.started_at,
        ended_at=row.ended_at,
        delivery=row.delivery,
        late=row.late,
    )


async def _deliver(connection: AsyncConnection, message_id: str, state: Delivery) -> Message | None:
    changed = await connection.execute(
        update(messages).where(messages.c.id == message_id).values(delivery=state).returning(messages)
    )
    row = changed.one_or_none()
    return None if row is None else message_from_row(row)


def _outbox_row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        thread_id=row.thread_id,
        crm_id=row.crm_id,
        channel_id=row.channel_id,
        message_id=row.message_id,
        kind=cast(OutboxKind, row.kind),
        payload=row.payload,
        attempts=row.attempts,
    )
