"""Delivers the outbox to alive5: in order within a thread, retried until alive5 is there, never twice.

One worker per thread that has something to deliver, each with that thread's connection. Before a row is
sent it is committed as being sent; if the connection dies after that, the row is uncertain, its message is
shown as failed with that note, and nobody sends it again: alive5 knows no idempotency key, and a customer
who reads a sentence twice is worse off than an agent who sees that one may be missing.

What alive5 takes from nobody waits for ever. What it refuses for good must not hold up the rest: a row that
it acknowledges with an error is given up at the third time, and a thread that it does not let in is given
up after `refusals` times in a row if it took something of another thread meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final, Literal

import structlog

from bridge.ports import Message
from bridge.thread.delivery import Backoff, ClientFactory, Delivery, ThreadLine, happens
from bridge.thread.errors import Alive5Closed, Alive5Unavailable, StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.outbox_store import OutboxTable

log = structlog.get_logger()

EndBy = Literal["person", "voice_agent", "human_agent"]

BATCH: Final = 20
CLOSE_GRACE_S: Final = 3.0
"""What `close` leaves to a message that is being sent, before its outcome is given up as uncertain."""


class OutboxPump:
    """Delivers pending rows while `run` runs. The call never waits for it.

    `idle_s`: how long a thread's connection is kept with nothing to send; `poll_s`: how often the table is
    looked through for what nobody told us of; `max_threads`: threads (so connections) served at once, the
    others wait their turn; `refusals`: times in a row that alive5 may turn a thread away while it takes
    others.
    """

    def __init__(
        self,
        store: OutboxTable,
        log: ThreadLog,
        client_factory: ClientFactory,
        *,
        idle_s: float = 300.0,
        poll_s: float = 10.0,
        backoff: Backoff | None = None,
        max_threads: int = 100,
        refusals: int = 20,
    ) -> None:
        self._store = store
        self._log = log
        self._client_factory = client_factory
        self._idle_s = idle_s
        self._poll_s = poll_s
        self._backoff = backoff or Backoff()
        self._max_threads = max_threads
        self._refusals = refusals
        self._last_taken = float("-inf")
        """When alive5 last took something, whatever thread it was of."""
        self._news: dict[str, asyncio.Event] = {}
        """Threads that a worker serves, with what wakes it."""
        self._due: set[str] = set()
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._delivery = Delivery(store, log, self._closing, self._backoff)

    @property
    def outcomes(self) -> Counter[str]:
        """How many rows since the start became `delivered`, `failed` or `uncertain`."""
        return self._delivery.outcomes

    @property
    def connections(self) -> int:
        """Threads that are being delivered, or have a connection kept open."""
        return len(self._news)

    async def save_crm_data(self, thread_id: str, call_id: str, key: str, value: str) -> bool:
        """Have one field of the contact stored; False where that is what this call said of it last.

        Raises StoreUnavailable; asking again is safe.
        """
        added = await self._store.save_field(thread_id, call_id, key, value)
        self._notice(thread_id)
        return added

    async def end_voice_chat(self, thread_id: str, call_id: str, end_by: EndBy, text: str) -> bool:
        """Have the voice chat ended after all that is pending; False where that was asked already.

        Raises StoreUnavailable; asking again is safe.
        """
        payload = {"end_by": end_by, "message_content": text}
        added = await self._store.add_outbox("end_voice_chat", thread_id, payload, key=call_id)
        self._notice(thread_id)
        return added

    async def run(self) -> None:
        """Deliver until `close` or cancellation. Runs once."""
        if self._closing.is_set():
            return
        self._ended.clear()
        unsubscribe = self._log.subscribe(None, self._on_message)
        try:
            await self._settle_interrupted()
            async with asyncio.TaskGroup() as group:
                workers: set[asyncio.Task[None]] = set()
                look = time.monotonic() + self._poll_s
                while not self._closing.is_set():
                    self._wake.clear()
                    self._start_workers(group, workers)
                    if not await happens(self._wake, max(0.0, look - time.monotonic())):
                        await self._look_through()
                        look = time.monotonic() + self._poll_s
                if workers:
                    await asyncio.wait(workers, timeout=CLOSE_GRACE_S)
                for worker in workers:
                    worker.cancel()
        finally:
            unsubscribe()
            self._ended.set()

    async def close(self) -> None:
        """Stop, leaving what is pending to the next start; returns once `run` has ended. Idempotent."""
        self._closing.set()
        self._wake.set()
        for news in self._news.values():
            news.set()
        await self._ended.wait()

    def _on_message(self, message: Message) -> None:
        if message.final and message.delivery == "pending":
            self._notice(message.thread_id)

    def _notice(self, thread_id: str) -> None:
        """`thread_id` has something due."""
        news = self._news.get(thread_id)
        if news is not None:
            news.set()
        else:
            self._due.add(thread_id)
            self._wake.set()

    async def _settle_interrupted(self) -> None:
        """Show what a dead process left uncertain, and see what it left pending."""
        failures = 0
        while not self._closing.is_set():
            try:
                for message in await self._store.settle_interrupted():
                    self._log.tell(message)
                self._due.update(await self._store.pending_threads())
                return
            except StoreUnavailable as error:
                failures += 1
                log.warning("outbox.store_unavailable", error=error.message)
                await happens(self._closing, self._backoff.delay(failures))

    async def _look_through(self) -> None:
        """Notice what nobody told us of: rows of another process, or put back by hand."""
        try:
            for thread_id in await self._store.pending_threads():
                self._notice(thread_id)
        except StoreUnavailable as error:
            log.warning("outbox.store_unavailable", error=error.message)

    def _start_workers(self, group: asyncio.TaskGroup, workers: set[asyncio.Task[None]]) -> None:
        while self._due and len(self._news) < self._max_threads:
            thread_id = self._due.pop()
            news = self._news[thread_id] = asyncio.Event()
            worker = group.create_task(self._work(thread_id, news))
            workers.add(worker)
            worker.add_done_callback(workers.discard)
        if self._due:
            # Somebody waits for a place: let those who only keep a connection open see that.
            for news in self._news.values():
                news.set()

    async def _work(self, thread_id: str, news: asyncio.Event) -> None:
        """Deliver what `thread_id` has, until nothing came for a while."""
        line = ThreadLine(thread_id, self._client_factory)
        try:
            while not self._closing.is_set():
                news.clear()
                if await self._deliver_due(line):
                    continue
                if not await happens(news, 0.0 if self._due else self._idle_s):
                    break
        except Exception:
            log.exception("outbox.worker_failed", thread_id=thread_id)
        finally:
            # At once, before anything is awaited: whoever has news from here on starts a new worker.
            del self._news[thread_id]
            self._wake.set()
            await line.close()

    async def _deliver_due(self, line: ThreadLine) -> bool:
        """Deliver a batch, or wait after a failure; False where nothing is due."""
        try:
            rows = await self._store.pending_outbox(BATCH, thread_id=line.thread_id)
            for row in rows:
                if self._closing.is_set():
                    break
                client = await line.client(row.crm_id, row.channel_id)
                await client.connect()
                line.turned_away = 0
                await self._delivery.deliver(client, row)
                line.failures, self._last_taken = 0, time.monotonic()
                if row.kind == "end_voice_chat":
                    await client.close()
        except Alive5Closed as error:
            return await self._turned_away(line, error)
        except (Alive5Unavailable, StoreUnavailable) as error:
            line.failures += 1
            if line.failures == 1:
                log.warning("outbox.waiting", thread_id=line.thread_id, error=error.message)
            await happens(self._closing, self._backoff.delay(line.failures))
            return True
        return bool(rows)

    async def _turned_away(self, line: ThreadLine, error: Alive5Closed) -> bool:
        """Wait and try again, or give up what is due where alive5 takes others and never this thread."""
        if not line.turned_away:
            line.turned_away_since = time.monotonic()
            log.warning("outbox.thread_turned_away", thread_id=line.thread_id, error=error.message)
        line.turned_away += 1
        if line.turned_away < self._refusals or self._last_taken < line.turned_away_since:
            await happens(self._closing, self._backoff.delay(line.turned_away))
            return True
        try:
            given_up = await self._store.refuse_pending(line.thread_id, error.message)
        except StoreUnavailable as unavailable:
            log.warning("outbox.store_unavailable", error=unavailable.message)
            await happens(self._closing, self._backoff.delay(1))
            return True
        log.error("outbox.thread_given_up", thread_id=line.thread_id, messages=len(given_up))
        line.turned_away = 0
        for message in given_up:
            self._log.tell(message)
        return False
