"""Work that several ask for at the same time, done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Does what `do` is given for a key unless the same is being done: then it waits for that answer."""

    def __init__(self) -> None:
        self._running: dict[bytes, asyncio.Future[T]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, key: bytes) -> bool:
        return key in self._running

    async def do(self, key: bytes, work: Callable[[], Awaitable[T]]) -> T:
        """The answer of `work`, or of the work that is on; where that fails, whoever waited tries anew."""
        while (running := self._running.get(key)) is not None:
            await asyncio.wait({running})
            if not running.cancelled():
                return running.result()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._running[key] = answer
        try:
            result = await work()
            answer.set_result(result)
            return result
        finally:
            del self._running[key]
            answer.cancel()
