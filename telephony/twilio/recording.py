"""What a simulated phone heard and received, and ways to wait for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from telephony.errors import LineClosed
from telephony.twilio.playout import Slot

QUIET_DB = -45.0
_KEEP = 30_000  # ten minutes of slots

Predicate = Callable[[Sequence[Slot]], bool]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message of the server's. `at`: monotonic seconds; `payload` is a medium's, `name` a mark's."""

    at: float
    event: str
    payload: bytes = b""
    name: str = ""


class Recording:
    """Keeps the last ten minutes: `heard`, a slot per 20 ms, and `received`, each message as it came.

    Every wait raises LineClosed when the stream ends first, and TimeoutError after `within` seconds.
    """

    def __init__(self, on_slot: Callable[[Slot], None] | None = None) -> None:
        self.heard: deque[Slot] = deque(maxlen=_KEEP)
        self.received: deque[Arrival] = deque(maxlen=_KEEP)
        self.slots = 0
        self.close_code: int | None = None
        self._on_slot = on_slot
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()

    async def wait_heard(self, predicate: Predicate, within: float | None = None) -> None:
        """Wait until `predicate` holds of what was heard; it is asked at every new slot."""
        await self.until(lambda: predicate(self.heard), within)

    async def wait_received(self, event: str, count: int = 1, within: float | None = None) -> None:
        """Wait until `count` messages of this event have come."""
        await self.until(lambda: sum(item.event == event for item in self.received) >= count, within)

    async def wait_quiet(
        self, ms: int, *, within: float | None = None, threshold_db: float = QUIET_DB
    ) -> None:
        """Wait until, from now on, nothing louder than `threshold_db` was heard for `ms`."""
        needed = -(-ms // 20)
        first = self.slots + needed

        def quiet() -> bool:
            recent = islice(reversed(self.heard), needed)
            return self.slots >= first and all(slot.level_db < threshold_db for slot in recent)

        await self.until(quiet, within)

    async def closed(self, within: float | None = None) -> int | None:
        """Wait for the end of the socket; the code it was closed with, 1006 where it was lost."""
        async with asyncio.timeout(within):
            await self._ended.wait()
        return self.close_code

    async def until(self, check: Callable[[], bool], within: float | None = None) -> None:
        """Wait until `check` holds; it is asked whenever something was heard, said or received."""
        async with asyncio.timeout(within):
            while not check():
                if self._ended.is_set():
                    raise LineClosed(f"The line was closed ({self.close_code}) before that happened.")
                await self._changed.wait()

    def _hear(self, payload: bytes | None, silence: bytes) -> None:
        slot = Slot(time.monotonic(), payload if payload is not None else silence, payload is not None)
        self.heard.append(slot)
        self.slots += 1
        if self._on_slot is not None:
            self._on_slot(slot)

    def _arrive(self, event: str, payload: bytes = b"", name: str = "") -> None:
        self.received.append(Arrival(time.monotonic(), event, payload, name))
        self._wake()

    def _end(self, close_code: int | None) -> None:
        self.close_code = close_code
        self._ended.set()
        self._wake()

    def _wake(self) -> None:
        """Let every waiter look again."""
        self._changed.set()
        self._changed = asyncio.Event()
