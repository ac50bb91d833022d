"""Socket.IO events from synchronous code, in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import socketio
import structlog

log = structlog.get_logger()

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    data: object
    room: str | list[str]
    namespace: str


class Emitter:
    """A bounded queue in front of the Socket.IO server; `run` is its one task.

    Beyond 10,000 waiting events, which only a stalled event loop can cause, the oldest is dropped.
    """

    def __init__(self, server: socketio.AsyncServer) -> None:
        self._server = server
        self._queue: asyncio.Queue[_Event] = asyncio.Queue(_MOST)
        self.dropped = 0

    def emit(self, name: str, data: object, *, room: str | list[str], namespace: str) -> None:
        """Send an event to rooms (a client's own id is one) as soon as possible; never blocks."""
        if self._queue.full():
            self._queue.get_nowait()
            self._queue.task_done()
            self.dropped += 1
        self._queue.put_nowait(_Event(name, data, room, namespace))

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._server.emit(event.name, event.data, room=event.room, namespace=event.namespace)
            except Exception:  # one client's broken socket must not silence the others
                log.exception("emit_failed", name=event.name)
            finally:
                self._queue.task_done()

    async def flush(self, seconds: float) -> None:
        """Wait until what is queued now has been sent, at most `seconds`; only while `run` does."""
        try:
            async with asyncio.timeout(seconds):
                await self._queue.join()
        except TimeoutError:
            log.warning("events_not_sent", count=self._queue.qsize())
