"""One thread's due rows, sent in order on its connection, and what became of each committed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, cast

import structlog

from bridge.ports import Message, Speaker
from bridge.thread.alive5 import Alive5Client
from bridge.thread.errors import Alive5Lost, Alive5Refused, Alive5Unavailable, StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.outbox_store import OutboxRow, OutboxState, OutboxTable

log = structlog.get_logger()


ClientFactory = Callable[[str, str, str], Alive5Client]
"""Makes the client of (thread_id, crm_id, channel_id), unconnected."""

REFUSED_AT_MOST: Final = 3
"""Times that alive5 may refuse one row, certainly not taking it, before the row is given up."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds between attempts: `first`, doubling to `longest`, each shortened by up to half at random."""

    first: float = 0.5
    longest: float = 30.0

    def delay(self, failures: int) -> float:
        """How long to wait after the `failures`-th failure in a row, from 1."""
        return min(self.first * 2.0 ** min(failures - 1, 16), self.longest) * random.uniform(0.5, 1.0)


class Delivery:
    """Sends rows and commits what became of them; `closing` ends it between two rows.

    `outcomes`: how many rows since the start became `delivered`, `failed` or `uncertain`.
    """

    def __init__(self, store: OutboxTable, log: ThreadLog, closing: asyncio.Event, backoff: Backoff) -> None:
        self._store = store
        self._log = log
        self._closing = closing
        self._backoff = backoff
        self._refusals: Counter[int] = Counter()
        self.outcomes: Counter[str] = Counter()

    async def deliver(self, client: Alive5Client, row: OutboxRow) -> None:
        """Send `row` and commit the outcome; a row that is not due any more is passed over.

        Raises Alive5Unavailable where it is to be tried again after a while (the row is pending) or where
        the connection is gone (if it may have arrived, the row is uncertain), StoreUnavailable where the
        outcome could not be committed before `closing`.
        """
        try:
            payload = await self._store.begin_attempt(row.id)
        except StoreUnavailable as unavailable:
            await self._settle(row, "pending", unavailable.message)
            raise
        if payload is None:
            return
        state, error = await self._attempt(client, replace(row, payload=payload))
        await self._settle(row, state, error)
        if state in ("pending", "uncertain"):
            raise Alive5Unavailable(error or "")

    async def _settle(self, row: OutboxRow, state: OutboxState, error: str | None) -> None:
        """Commit what became of `row`, and tell its readers."""
        message = await self._mark(row, state, error)
        if state == "pending":
            return
        self._refusals.pop(row.id, None)
        self.outcomes[state] += 1
        if message is not None:
            self._log.tell(message)
        if state != "delivered":
            log.warning(f"outbox.{state}", thread_id=row.thread_id, row=row.id, kind=row.kind, error=error)

    async def _attempt(self, client: Alive5Client, row: OutboxRow) -> tuple[OutboxState, str | None]:
        """Send one row; "pending" where it certainly was not taken and is worth another try."""
        try:
            await _send(client, row)
        except Alive5Unavailable as error:
            return "pending", error.message
        except Alive5Refused as error:
            self._refusals[row.id] += 1
            again = self._refusals[row.id] < REFUSED_AT_MOST
            return "pending" if again else "failed", error.message
        except Alive5Lost as error:
            return "uncertain", error.message
        except (KeyError, TypeError, ValueError) as error:
            # Nothing left this process: a row that cannot be put into words would block its thread for ever.
            return "failed", f"It cannot be sent ({type(error).__name__}: {error})."
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


class ThreadLine:
    """A worker's way out: its thread's client, and how often in a row it failed."""

    def __init__(self, thread_id: str, factory: ClientFactory) -> None:
        self.thread_id = thread_id
        self.failures = 0
        self.turned_away = 0
        self.turned_away_since = 0.0
        self._factory = factory
        self._ids: tuple[str, str] | None = None
        self._client: Alive5Client | None = None

    async def client(self, crm_id: str, channel_id: str) -> Alive5Client:
        """The thread's client, made at the first need and anew where the thread has other ids now."""
        if self._client is not None and self._ids != (crm_id, channel_id):
            await self.close()
            self._client = None
        if self._client is None:
            self._ids = (crm_id, channel_id)
            self._client = self._factory(self.thread_id, crm_id, channel_id)
        return self._client

    async def close(self) -> None:
        """Close the client, if there is one."""
        if self._client is not None:
            await self._client.close()


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
