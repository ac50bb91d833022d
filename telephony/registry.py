"""Which stream speaks for which phone call, in this process."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from typing import Any, Protocol

from bridge.ports import Caller

REMEMBER_S = 30.0
"""How long a stream that broke off is remembered; the call itself gives up sooner."""
_REMEMBERED = 1000


class Stream(Protocol):
    """A live stream, as the registry sees it."""

    caller: Caller | None

    def displace(self) -> None:
        """Tell the call that this line is lost, and close the socket with 1001. Idempotent."""

    def hang_up(self) -> Coroutine[Any, Any, None]:
        """End the leg. Idempotent."""


class StreamRegistry:
    """Keeps at most one stream for each of the provider's call ids: the newest one that was valid.

    Who was on a stream that broke off is remembered for a while, so that the provider's next stream for
    the same phone call carries the same call on. `now`: monotonic seconds.
    A leg belongs to the process its socket is in, so nothing here is a fact that crosses processes.
    `counters` sums up what ended streams have counted.
    """

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._streams: dict[str, Stream] = {}
        self._lost: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streams)

    def claim(self, provider_call: str, stream: Stream, now: float) -> Caller | None:
        """Make `stream` the one for `provider_call`; the caller of the stream that it follows, if any."""
        older = self._streams.pop(provider_call, None)
        self._streams[provider_call] = stream
        lost, at = self._lost.pop(provider_call, (None, 0.0))
        if older is None:
            return lost if now - at <= REMEMBER_S else None
        self.counters["displaced"] += 1
        older.displace()
        return older.caller

    def release(self, provider_call: str, stream: Stream, now: float, *, broke_off: bool) -> None:
        """Forget `stream`, unless a newer one has taken its place."""
        if self._streams.get(provider_call) is not stream:
            return
        del self._streams[provider_call]
        if broke_off and stream.caller is not None:
            self._lost[provider_call] = (stream.caller, now)
            while len(self._lost) > _REMEMBERED:
                self._lost.popitem(last=False)

    async def close(self) -> None:
        """Hang up every line. Idempotent."""
        async with asyncio.TaskGroup() as tasks:
            for stream in self._streams.values():
                tasks.create_task(stream.hang_up())
