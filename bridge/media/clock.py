"""One 20 ms tick for the whole process, by monotonic deadline.

Only what is paced (speech, hold audio, mixing) rides on it; live audio is forwarded when it arrives.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from bridge.ports import FRAME_MS

log = structlog.get_logger()

_PERIOD = FRAME_MS / 1000
_BLOCKED = 0.100

Tick = Callable[[float], None]


class MediaClock:
    """Calls every subscriber each 20 ms with the monotonic time; idle while there is none."""

    def __init__(self) -> None:
        self._subscribers: dict[Tick, None] = {}
        self._wanted = asyncio.Event()
        self.blocked = 0
        """Times that the event loop came back more than 100 ms late."""

    def subscribe(self, tick: Tick) -> None:
        """Call `tick` from the next period on; a second time changes nothing."""
        self._subscribers[tick] = None
        self._wanted.set()

    def unsubscribe(self, tick: Tick) -> None:
        """Never call `tick` again; harmless where it is not subscribed."""
        self._subscribers.pop(tick, None)
        if not self._subscribers:
            self._wanted.clear()

    async def run(self) -> None:
        """Tick until cancelled. A late period is made up for once, never in a burst."""
        while True:
            await self._wanted.wait()
            deadline = time.monotonic()
            while self._subscribers:
                self._tick_all(time.monotonic())
                deadline += _PERIOD
                delay = deadline - time.monotonic()
                if delay < -_BLOCKED:
                    self.blocked += 1
                    log.warning("event_loop_blocked", late_ms=round(-delay * 1000))
                    deadline, delay = time.monotonic(), 0.0
                await asyncio.sleep(max(0.0, delay))

    def _tick_all(self, now: float) -> None:
        for tick in tuple(self._subscribers):
            try:
                tick(now)
            except Exception:  # one call's fault must not stop the clock of all the others
                log.exception("tick_failed")
                self.unsubscribe(tick)
