"""What the flow collects, kept as soon as it is known: a crash must not cost the caller's answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bridge.errors import BridgeError
from bridge.ports import Caller

log = structlog.get_logger()

KeepAnswer = Callable[[Caller, str, str], Awaitable[object]]
"""Keeps that a question's label has this answer; raises BridgeError, and is safe to repeat."""

_AGAIN = 0.5
_MOST_DELAY = 8.0


class Collected:
    """One call's answers on their way out, without ever standing in the call's way."""

    def __init__(self, caller: Caller, keep: KeepAnswer | None) -> None:
        self._caller, self._keep = caller, keep
        self._answers: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._changed = asyncio.Event()

    def changed(self, answers: Mapping[str, str]) -> None:
        """These are the answers now."""
        self._answers = dict(answers)
        self._changed.set()

    async def run(self) -> None:
        """Keep every new answer; while that fails, try again."""
        delay = _AGAIN
        while True:
            self._changed.clear()
            if await self._keep_new():
                delay = _AGAIN
                await self._changed.wait()
            else:
                await asyncio.sleep(delay)
                delay = min(_MOST_DELAY, delay * 2)

    async def _keep_new(self) -> bool:
        """Keep what differs from what was kept; False where that fails."""
        if self._keep is None:
            return True
        for label, answer in self._answers.items():
            if self._kept.get(label) == answer:
                continue
            try:
                await self._keep(self._caller, label, answer)
            except BridgeError as error:
                log.error("answer_not_kept", call=self._caller.call_id, code=error.code)
                return False
            self._kept[label] = answer
        return True
