"""One clock for many senders: each is called every 20 ms, spread evenly, by absolute deadlines."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

PERIOD_S = 0.020
_GOLDEN = 0.6180339887498949
_TICK_S = 0.001
LATE_S = 0.010
"""What is sent this much after its time was sent late."""


class Pacer:
    """Calls every sender added at its own phase of the 20 ms. Use as `async with`.

    `late` counts calls that came LATE_S after their deadline, `calls` all of them: where the first is no
    small share of the second, whoever measures is too slow.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._added = 0
        self._task: asyncio.Task[None] | None = None
        self.calls = self.late = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="pacer")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def add(self, send: Callable[[], None]) -> Callable[[], Awaitable[None]]:
        """Call `send` every 20 ms from about now on, until what this returns is called.

        By the golden ratio any number of senders is spread evenly.
        """
        self._added += 1
        number = self._added
        first = (time.monotonic() // PERIOD_S + 1 + number * _GOLDEN % 1) * PERIOD_S
        heapq.heappush(self._due, (first, number, send))

        async def remove() -> None:
            self._due[:] = [entry for entry in self._due if entry[1] != number]
            heapq.heapify(self._due)

        return remove

    def reset(self) -> None:
        """Count lateness anew."""
        self.calls = self.late = 0

    @property
    def late_share(self) -> float:
        """Share of the calls since `reset` that were late."""
        return self.late / self.calls if self.calls else 0.0

    async def _run(self) -> None:
        due = self._due
        while True:
            now = time.monotonic()
            while due and due[0][0] <= now:
                deadline, number, send = due[0]
                heapq.heapreplace(due, (deadline + PERIOD_S, number, send))
                send()
                self.calls += 1
                now = time.monotonic()
                self.late += now - deadline > LATE_S
            # uvloop rounds to whole milliseconds, and less than one would be a spin.
            await asyncio.sleep(max(_TICK_S, due[0][0] - now) if due else PERIOD_S)
