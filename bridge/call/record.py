"""What is kept of a call: its row in the database, as it changes and at its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bridge.call.views import call_view
from bridge.errors import BridgeError
from bridge.ports import CallRow, ThreadStore

if TYPE_CHECKING:
    from bridge.call.call import Call

log = structlog.get_logger()

_AGAIN = 0.5
_MOST_DELAY = 8.0


class Record:
    """Keeps one call known to the database, without ever standing in its way."""

    def __init__(self, call: Call, store: ThreadStore) -> None:
        self._call, self._store = call, store
        self._changed = asyncio.Event()
        self._thread_opened = False

    def changed(self) -> None:
        """The call is not what was stored any more."""
        self._changed.set()

    async def run(self) -> None:
        """Store every change, so that it is known after a crash; while the database fails, try again."""
        delay = _AGAIN
        while True:
            self._changed.clear()
            if await self.store():
                delay = _AGAIN
                await self._changed.wait()
            else:
                await asyncio.sleep(delay)
                delay = min(_MOST_DELAY, delay * 2)

    async def store(self) -> bool:
        """Store the caller's ids with the thread, once, and the call as it is now; False where that fails."""
        call, caller, times = self._call, self._call.caller, self._call.times
        view: dict[str, object] = {**call_view(call), "timeline": call.timeline.view()}
        try:
            if not self._thread_opened:
                await self._store.open_thread(caller)
                self._thread_opened = True
            await self._store.save_call(
                CallRow(caller.call_id, caller.thread_id, times.started, times.ended, view)
            )
        except BridgeError as error:
            log.error("call_not_stored", call=caller.call_id, code=error.code)
            return False
        return True
