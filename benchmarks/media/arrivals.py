"""What came, and when."""

from __future__ import annotations

import asyncio
import time


class Arrivals(list[tuple[float, bytes]]):
    """Each message with its monotonic second, in order. One waiter at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted: int | None = None
        self._reached = asyncio.Event()

    def note(self, data: bytes) -> None:
        """Keep what has just come."""
        self.append((time.monotonic(), data))
        if self._wanted is not None and len(self) >= self._wanted:
            self._reached.set()

    async def reach(self, count: int, within: float = 20.0) -> None:
        """Return when there are `count`; raises TimeoutError."""
        self._wanted = count
        self._reached.clear()
        if len(self) < count:
            await asyncio.wait_for(self._reached.wait(), within)
        self._wanted = None
