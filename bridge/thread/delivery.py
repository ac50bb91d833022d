"""One thread's due rows, sent in order on its connection, and what became of each committed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import cast

import structlog

from bridge.ports import Message, Speaker
from bridge.thread.alive5 import Alive5Client
from bridge.thread.errors import Alive5Lost, Alive5Unavailable, StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.outbox_store import OutboxRow, OutboxState, OutboxTable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts: `first`, doubling to `longest`, each shortened by up to half at random."""

    first: float = 0.5
    longest: float = 30.0

    def delay(self, failures: int) -> float:
        """How long to wait after the `failures`-th failure in a row, from 1."""
        return min(self.first * 2.0 ** min(failures - 1, 16), self.longest) * random.uniform(0.5, 1.0)


class Delivery:
    """Sends rows and commits what became of them; `closing` ends it between two rows."""

    def __init__(self, store: OutboxTable, log: ThreadLog, closing: asyncio.Event, backoff: Backoff) -> None:
        self._store = store
        self._log = log
        self._closing = closing
        self._backoff = backoff

    async def deliver(self, client: Alive5Client, row: OutboxRow) -> None:
        """Send `row` and commit the outcome.

        Raises Alive5Unavailable where the connection is gone (the row is pending again or, if it may have
        arrived, uncertain), StoreUnavailable where the outcome could not be committed before `closing`.
        """
        state, error = await self._attempt(client, row)
        message = await self._mark(row, state, error)
        if message is not None and state != "pending":
            self._log.tell(message)
        if state == "uncertain":
            log.warning("outbox.uncertain", thread_id=row.thread_id, row=row.id, kind=row.kind)
        if error is not None:
            raise Alive5Unavailable(error)

    async def _attempt(self, client: Alive5Client, row: OutboxRow) -> tuple[OutboxState, str | None]:
        """Send one row; "pending" where it certainly was not sent."""
        try:
            await self._store.begin_attempt(row.id)
            await _send(client, row)
        except (Alive5Unavailable, StoreUnavailable) as error:
            return "pending", error.message
        except Alive5Lost as error:
            return "uncertain", error.message
        return "delivered", None

    async def _mark(self, row: OutboxRow, state: OutboxState, error: str | None) -> Message | None:
        """Commit the outcome, trying until the database takes it; given up only by `closing`."""
        failures = 0
        while True:
            try:
                return await self._store.mark_outbox(row.id, state, error=error)
            except StoreUnavailable as unavailable:
                failures += 1
                log.warning("outbox.store_unavailable", error=unavailable.message)
                if await happens(self._closing, self._backoff.delay(failures)):
                    raise


async def happens(event: asyncio.Event, within_s: float | None) -> bool:
    """True as soon as `event` is set, False if it is not within `within_s` seconds (None: for ever)."""
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def _send(client: Alive5Client, row: OutboxRow) -> None:
    payload = row.payload
    if row.kind == "post_message":
        await client.post_message(cast(Speaker, payload["speaker"]), payload["message_content"])
    elif row.kind == "save_crm_data":
        await client.save_crm_data(payload["key"], payload["value"])
    else:
        await client.end_voice_chat(payload["end_by"], payload["message_content"])
