"""The outbox's rows: what waits to be told to the outside, in order, at most once on purpose.

A row goes `pending` → (`begin_attempt`) `sending` → `delivered` | `failed` | `uncertain` | back to
`pending` where it certainly was not sent. It is called sending before it is sent, so that what a process
that dies in between leaves behind is known to be uncertain, and nobody sends it a second time. By hand
only: `dropped`, and back to `pending` from `failed`, `uncertain` or `dropped` (bridge/thread/outbox_desk.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.ports import Delivery, DeliveryNote, Message
from bridge.thread.outbox_reports import OutboxReports
from bridge.thread.schema import messages, outbox, threads

OutboxState = Literal["pending", "sending", "delivered", "failed", "uncertain", "dropped"]
OutboxKind = Literal["post_message", "save_crm_data", "end_voice_chat"]

_SHOWN: Final[dict[str, tuple[Delivery, DeliveryNote | None]]] = {
    "local": ("local", None),
    "pending": ("pending", None),
    "delivered": ("delivered", None),
    "failed": ("failed", "refused"),
    "uncertain": ("failed", "uncertain"),
    "dropped": ("failed", "dropped"),
}
"""What a message's readers are shown for what is stored as its delivery."""


DIED_SENDING: Final = "The process ended while it was being sent."


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


class OutboxTable(OutboxReports):
    """The part of the thread store that keeps deliveries."""

    async def set_delivery(self, message_id: str, state: Delivery) -> Message | None:
        """Commit a message's delivery; returns the message as it is now, None where it is unknown."""
        async with self._db.write() as connection:
            return await set_shown(connection, message_id, state)

    async def save_field(self, thread_id: str, call_id: str, key: str, value: str) -> bool:
        """Commit that `key` of the contact is `value`; False where this call said so last.

        A value that is still waiting is replaced, and one that was sent is followed by a new row.
        """
        field = f"{call_id}:{key}"
        payload = {"key": key, "value": value}
        row = pending_row("save_crm_data", thread_id, payload, key=field)
        newest = (outbox.c.kind == "save_crm_data") & (outbox.c.key == field)
        async with self._db.write() as connection:
            known = (await connection.execute(select(outbox).where(newest).with_for_update())).one_or_none()
            if known is not None and known.payload == payload:
                return False
            change = update(outbox).where(newest)
            if known is not None and known.state == "pending":
                await connection.execute(change.values(payload=payload))
                return True
            if known is not None:
                # Its name goes to the newer row; the old one keeps its place and what became of it.
                await connection.execute(change.values(key=f"{field}#{known.id}"))
            await connection.execute(self._db.insert(outbox).values(**row))
        return True

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

    async def begin_attempt(self, row_id: int) -> dict[str, str] | None:
        """Commit that row `row_id` is about to be sent (from here on it may have been); returns its payload.

        None where it is not due any more: dropped by hand, or taken by another process.
        """
        async with self._db.write() as connection:
            found = await connection.execute(
                update(outbox)
                .where(outbox.c.id == row_id, outbox.c.state == "pending")
                .values(state="sending", attempts=outbox.c.attempts + 1, error=None)
                .returning(outbox.c.payload)
            )
            payload: dict[str, str] | None = found.scalar_one_or_none()
            return payload

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
            return await set_shown(connection, message_id, state)

    async def refuse_pending(self, thread_id: str, error: str) -> list[Message]:
        """Give up what is due in a thread that alive5 does not take; returns its messages."""
        async with self._db.write() as connection:
            given_up = await connection.execute(
                update(outbox)
                .where(outbox.c.thread_id == thread_id, outbox.c.state == "pending")
                .values(state="failed", error=error)
                .returning(outbox.c.message_id)
            )
            ids = [message_id for message_id in given_up.scalars() if message_id is not None]
            shown = [await set_shown(connection, message_id, "failed") for message_id in ids]
        return sorted((message for message in shown if message is not None), key=lambda m: m.seq)

    async def settle_interrupted(self) -> list[Message]:
        """Call uncertain whatever a dead process was sending; returns the messages among it."""
        left = update(outbox).where(outbox.c.state == "sending").values(state="uncertain", error=DIED_SENDING)
        async with self._db.write() as connection:
            found = await connection.execute(left.returning(outbox.c.id, outbox.c.message_id))
            ids = [row.message_id for row in sorted(found, key=lambda row: row.id) if row.message_id]
            settled = [await set_shown(connection, message_id, "uncertain") for message_id in ids]
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
    delivery, note = _SHOWN[row.delivery]
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
        late=row.late,
        delivery=delivery,
        delivery_note=note,
    )


async def set_shown(connection: AsyncConnection, message_id: str, state: str) -> Message | None:
    """Store what a message's readers are shown of its delivery; the message as it is now, if there is one."""
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
