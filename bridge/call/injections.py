"""What programs want to have said to a caller, one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from bridge.call.states import State
from bridge.errors import BridgeError
from bridge.ports import PolledLine

if TYPE_CHECKING:
    from bridge.call.call import Call

_WAITING_MOST = 20


class Injections:
    """Says texts in an agent's name, after what is being said and never into a caller's sentence."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: deque[tuple[str, str | None]] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, text: str, name: str | None = None) -> None:
        """Say `text`; on a line that is polled it is the answer to one of the next polls.

        Raises BridgeError: `not_with_bot` where the call is with a person, waits for one, or is over;
        `too_many` where twenty texts wait already.
        """
        call = self._call
        if call.state is not State.BOT:
            raise BridgeError(
                f"The call is in state {call.state.value}: nothing can be put in now.",
                code="not_with_bot",
            )
        line = call.patch.line
        if isinstance(line, PolledLine):
            line.inject(text, name)
            return
        if len(self._waiting) >= _WAITING_MOST:
            raise BridgeError(f"{_WAITING_MOST} texts wait to be said already.", code="too_many")
        self._waiting.append((text, name))
        if self._task is None or self._task.done():
            self._task = call.spawn(self._say_all(), "injections")

    async def _say_all(self) -> None:
        while self._waiting:
            text, name = self._waiting.popleft()
            await self._call.bot.say_as(text, speaker="agent", name=name, may=self._with_bot)
            if not self._with_bot():
                self._waiting.clear()  # whoever has the caller now is not to be talked over

    def _with_bot(self) -> bool:
        return self._call.state is State.BOT
