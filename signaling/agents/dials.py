"""Numbers that the phone was told to dial, until it is known whether a call came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.tasks import TaskOwner

WITHIN = 90.0
"""Seconds after which no call is expected any more: the person may take 30 s to pick up."""
_MOST = 32

Tell = Callable[[dict[str, object], str], None]


class Dials:
    """Tells `tell` the outcome of each dial: `{number, ok, detail}` and the session's id, "" for none."""

    def __init__(self, tell: Tell, tasks: TaskOwner) -> None:
        self._tell, self._tasks = tell, tasks
        self._waiting: list[tuple[str, asyncio.Event]] = []

    def begin(self, number: str) -> None:
        """The phone took the command; beyond 32 dials that wait, the oldest is given up."""
        if len(self._waiting) >= _MOST:
            self._end(0)
        came = asyncio.Event()
        self._waiting.append((number, came))
        self._tasks.start(self._expire(number, came), "dial")

    def call_began(self, number: str, session_id: str) -> None:
        """A call with `number` began."""
        for at, (dialled, came) in enumerate(self._waiting):
            if _digits(dialled) and _digits(dialled) == _digits(number):
                del self._waiting[at]
                came.set()
                self._tell({"number": dialled, "ok": True, "detail": "The call is connected."}, session_id)
                return

    async def _expire(self, number: str, came: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(WITHIN):
                await came.wait()
        except TimeoutError:
            if (number, came) in self._waiting:  # else its call began in this very moment
                self._end(self._waiting.index((number, came)))

    def _end(self, at: int) -> None:
        number, came = self._waiting.pop(at)
        came.set()
        self._tell({"number": number, "ok": False, "detail": f"No call came within {WITHIN:g} s."}, "")


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())
