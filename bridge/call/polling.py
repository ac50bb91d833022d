"""For a phone that fetches whole replies: what was said since it last asked, and when that is all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.call.call import Call

_KEPT = 64


class Polling:
    """Keeps the texts of what was said, at most 64 between two fetches, and wakes whoever waits."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._said: deque[str] = deque(maxlen=_KEPT)
        self._changed = asyncio.Event()

    @property
    def busy(self) -> bool:
        """True while the bot or an agent is still to say something."""
        call = self._call
        return not call.ended and (call.bot.busy or call.agent.busy)

    @property
    def waiting(self) -> bool:
        """True where something was said that was not fetched yet."""
        return bool(self._said)

    def said(self, text: str) -> None:
        """This was said, as far as it was not cut."""
        if text:
            self._said.append(text)
        self.wake()

    def fetch(self) -> str:
        """What was said since the last fetch, as one text."""
        text = " ".join(self._said)
        self._said.clear()
        return text

    def wake(self) -> None:
        """Something has changed that somebody may wait for."""
        self._changed.set()

    async def until(self, check: Callable[[], bool], seconds: float) -> bool:
        """Wait for `check`, which is asked at every change; False where it does not come in time."""
        try:
            async with asyncio.timeout(seconds):
                while not check():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
