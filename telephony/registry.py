"""Which stream speaks for which phone call, in this process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Protocol

from bridge.ports import Caller


class Stream(Protocol):
    """A live stream, as the registry sees it."""

    caller: Caller | None

    def displace(self) -> None:
        """Tell the call that this line is lost, and close the socket with 1001. Idempotent."""

    def hang_up(self) -> Coroutine[Any, Any, None]:
        """End the leg. Idempotent."""


class StreamRegistry:
    """Keeps at most one stream for each of the provider's call ids: the newest one that was valid.

    A leg belongs to the process its socket is in, so nothing here is a fact that crosses processes.
    `counters` sums up what ended streams have counted.
    """

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._streams: dict[str, Stream] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def claim(self, provider_call: str, stream: Stream) -> Caller | None:
        """Make `stream` the one for `provider_call`; the caller of the older one that it displaced."""
        older = self._streams.pop(provider_call, None)
        self._streams[provider_call] = stream
        if older is None:
            return None
        self.counters["displaced"] += 1
        older.displace()
        return older.caller

    def release(self, provider_call: str, stream: Stream) -> None:
        """Forget `stream`, unless a newer one has taken its place."""
        if self._streams.get(provider_call) is stream:
            del self._streams[provider_call]

    async def close(self) -> None:
        """Hang up every line. Idempotent."""
        async with asyncio.TaskGroup() as tasks:
            for stream in self._streams.values():
                tasks.create_task(stream.hang_up())
