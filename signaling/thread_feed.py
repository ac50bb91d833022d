"""One viewer's place in one thread: first what is stored, page by page, then what is said as it is said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from bridge.ports import Message
from bridge.thread.errors import StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.views import message_view

log = structlog.get_logger()

FIRST_PAGE: Final = 500
"""Messages that the ack brings, at most; the rest follows as events."""

_PAGE: Final = 200
_MOST_PARTIALS: Final = 20
_AGAIN_S: Final = 1.0


class Feed:
    """Emits each final of a thread once and in the order of seq.

    While it is behind, finals that are told are not kept: they are committed, and so read in their turn.
    `emit(event, data)` sends; `behind` is called where finals must be read that have not been told in
    order, and has `catch_up` run.
    """

    def __init__(
        self,
        thread_log: ThreadLog,
        thread_id: str,
        emit: Callable[[str, object], None],
        behind: Callable[[Feed], None],
    ) -> None:
        self.thread_id = thread_id
        self.exists = False
        self._log = thread_log
        self._emit = emit
        self._behind = behind
        self._at = 0
        self._live = False
        self._reading = False
        self._told: dict[int, Message] = {}
        """Finals that were told while a page was being read: newer than what that page has."""
        self._partials: dict[str, Message] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self.task: asyncio.Task[None] | None = None

    async def begin(self, after: int) -> list[Message]:
        """Listen, and return the first page behind seq `after`. Raises StoreUnavailable."""
        self._at = after
        # First listen, then read: what is committed in between is told, and so known to be missing.
        self._unsubscribe = self._log.subscribe(self.thread_id, self._hear)
        if after and not await self._log.store.messages(self.thread_id, after_seq=after - 1, limit=1):
            self._at = 0  # what was seen is of a thread that was deleted: this one begins anew
        found = await self._read(FIRST_PAGE)
        if not self._live:
            self._behind(self)
        self._show_partials()
        return found

    async def catch_up(self, drained: Callable[[], Awaitable[None]]) -> None:
        """Emit what is stored until nothing is missing; `drained` waits until the client has taken it."""
        while not self._live:
            await drained()
            try:
                page = await self._read(_PAGE)
            except StoreUnavailable as error:
                log.warning("viewer_behind", thread_id=self.thread_id, error=error.message)
                await asyncio.sleep(_AGAIN_S)
                continue
            for message in page:
                self._emit("message", message_view(message))
            self._show_partials()

    def stop(self) -> None:
        """Emit nothing any more. Idempotent."""
        self._unsubscribe()
        if self.task is not None:
            self.task.cancel()

    async def _read(self, limit: int) -> list[Message]:
        """The next page; with it the feed is live unless there is more."""
        self._reading, self._told = True, {}
        try:
            page = await self._log.store.messages(self.thread_id, after_seq=self._at, limit=limit)
        finally:
            self._reading = False
        self.exists = self.exists or page is not None
        found = [self._told.get(message.seq, message) for message in page or []]
        if found:
            self._at = found[-1].seq
        self._live = len(found) < limit and max(self._told, default=0) <= self._at
        return found

    def _hear(self, message: Message) -> None:
        if not message.final:
            self._hear_partial(message)
            return
        self.exists = True
        self._partials.pop(message.id, None)
        if message.seq <= self._at:
            self._emit("delivery", _delivery(message))
        elif self._live and message.seq == self._at + 1:
            self._at = message.seq
            self._emit("message", message_view(message))
        elif self._reading:
            self._told[message.seq] = message
        elif self._live:
            # Another process has written in between.
            self._live = False
            self._behind(self)

    def _hear_partial(self, message: Message) -> None:
        if self._live:
            self._emit("message", message_view(message))
            return
        self._partials[message.id] = message
        while len(self._partials) > _MOST_PARTIALS:
            del self._partials[next(iter(self._partials))]

    def _show_partials(self) -> None:
        """What is being said, once everything said before has been shown."""
        if self._live:
            partials, self._partials = self._partials, {}
            for message in partials.values():
                self._emit("message", message_view(message))


def _delivery(message: Message) -> dict[str, object]:
    return {
        "threadId": message.thread_id,
        "id": message.id,
        "seq": message.seq,
        "delivery": message.delivery,
        "deliveryNote": message.delivery_note,
    }
