"""The outbox by hand: what stands in it, and putting rows back or giving them up.

Works on the database alone, beside a server that runs or without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, Select, make_url, select, update

from bridge.errors import BridgeError
from bridge.thread.database import Database
from bridge.thread.errors import StoreUnavailable
from bridge.thread.outbox_store import OutboxState, set_shown
from bridge.thread.schema import messages, outbox

RETRIABLE: Final[frozenset[OutboxState]] = frozenset({"failed", "uncertain", "dropped"})
DROPPABLE: Final[frozenset[OutboxState]] = frozenset({"pending", "failed", "uncertain"})

_MOST_NAMED: Final = 1000

_WHY_NOT: Final = {
    "pending": "waits to be sent already",
    "sending": "is being sent, or was when the server died: its next start settles that",
    "delivered": "was delivered",
    "failed": "has failed",
    "uncertain": "may have been delivered",
    "dropped": "was dropped already",
}


class Unfit(BridgeError):
    """A row is not there, or not in a state for what is asked; nothing was changed."""

    code = "unfit"


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery as it stands. `text`: what was said, `key: value`, or the last words of the call."""

    id: int
    state: OutboxState
    kind: str
    thread_id: str
    seq: int | None
    text: str
    attempts: int
    created_at: datetime
    error: str | None


class OutboxDesk:
    """Reads and changes the outbox of the database at `url`; methods raise StoreUnavailable."""

    def __init__(self, url: str, *, busy_timeout_s: float = 5.0) -> None:
        self._url = url
        self._db = Database(url, busy_timeout_s=busy_timeout_s)

    async def start(self) -> None:
        """Open the database; raises StoreUnavailable where there is none, rather than making one."""
        await asyncio.to_thread(_require_file, self._url)
        await self._db.start()

    async def close(self) -> None:
        """Close it. Idempotent."""
        await self._db.close()

    async def rows(
        self,
        *,
        states: Collection[OutboxState] = (),
        thread_id: str | None = None,
        ids: Collection[int] = (),
        limit: int | None = None,
    ) -> list[Entry]:
        """Rows in order: those in one of `states`, of `thread_id`, and with one of `ids`, where given."""
        query: Select[Any] = select(outbox, messages.c.seq).outerjoin(
            messages, messages.c.id == outbox.c.message_id
        )
        if states:
            query = query.where(outbox.c.state.in_(states))
        if thread_id is not None:
            query = query.where(outbox.c.thread_id == thread_id)
        query = query.order_by(outbox.c.id).limit(limit)
        queries = [query.where(outbox.c.id.in_(some)) for some in _pieces(sorted(ids))] or [query]
        async with self._db.read() as connection:
            found = [_entry(row) for each in queries for row in await connection.execute(each)]
            return found[:limit]

    async def retry(self, ids: Sequence[int]) -> None:
        """Have rows sent again, all or none; whoever asks knows that an uncertain one may come twice.

        Raises Unfit for a row that has not failed.
        """
        await self._change(ids, RETRIABLE, "pending")

    async def drop(self, ids: Sequence[int]) -> None:
        """Have rows never sent, all or none. Raises Unfit for a row that was sent, or is being sent."""
        await self._change(ids, DROPPABLE, "dropped")

    async def _change(self, ids: Sequence[int], fit: frozenset[OutboxState], state: OutboxState) -> None:
        async with self._db.write() as connection:
            for some in _pieces(ids):
                wanted = outbox.c.id.in_(some)
                query = select(outbox.c.id, outbox.c.state).where(wanted).with_for_update()
                known = {row.id: row.state for row in await connection.execute(query)}
                for row_id in some:
                    if known.get(row_id) not in fit:
                        raise Unfit(_sentence(row_id, known.get(row_id)))
                change = update(outbox).where(wanted).values(state=state, error=None)
                changed = await connection.execute(change.returning(outbox.c.message_id))
                for message_id in [found for found in changed.scalars() if found is not None]:
                    await set_shown(connection, message_id, state)


def _pieces(ids: Collection[int]) -> list[list[int]]:
    """`ids` in lists that one query can name: PostgreSQL takes 32767 values in one."""
    known = list(ids)
    return [known[begin : begin + _MOST_NAMED] for begin in range(0, len(known), _MOST_NAMED)]


def _require_file(url: str) -> None:
    parts = make_url(url)
    path = parts.database or ""
    if parts.get_backend_name() == "sqlite" and not path.startswith("file:") and not Path(path).is_file():
        raise StoreUnavailable(f"There is no database at {path}.")


def _sentence(row_id: int, state: str | None) -> str:
    if state is None:
        return f"There is no row {row_id} in the outbox."
    return f"Row {row_id} {_WHY_NOT[state]}. Nothing was changed."


def _entry(row: Row[Any]) -> Entry:
    payload = row.payload
    text = payload.get("message_content") or f"{payload.get('key')}: {payload.get('value')}"
    return Entry(
        row.id, row.state, row.kind, row.thread_id, row.seq, text, row.attempts, row.created_at, row.error
    )
