"""What the model remembers of a long conversation: its end word for word, what came before as a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.bot.llm import LanguageModel
from bridge.bot.prompt import Recalled, shown
from bridge.errors import BridgeError
from bridge.ports import Message

log = structlog.get_logger()

_PATIENCE = 30.0
_ALWAYS = 4
"""Messages that are kept word for word however long they are."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a conversation has its place: in messages, and in characters of what they say."""

    messages: int
    characters: int

    def begin(self, messages: Sequence[Message]) -> int:
        """The index from which on `messages` fit, counted from the newest; the last four always do."""
        characters = 0
        for count, message in enumerate(reversed(messages)):
            characters += len(shown(message.text))
            if count >= _ALWAYS and (count >= self.messages or characters > self.characters):
                return len(messages) - count
        return 0


KEPT = Room(16, 4_000)
"""What stays word for word when the rest is summarised."""
DUE = Room(32, 8_000)
"""What there may be before a summary is worth its while."""
MOST = Room(48, 12_000)
"""What the model is ever shown word for word: beyond it the oldest is left out, summarised or not."""
_BATCH = 8_000
"""Characters that one request takes up into the summary."""


class Memory:
    """One call's conversation, as far as the model is concerned. Never makes a turn wait.

    `read`: the call's committed messages after a seq; `spawn`: runs a task that the call owns. The summary is
    extended in the background by what has been said since it was made. While it is not ready, or where the
    model fails at it, the oldest messages beyond `MOST` are simply left out.
    """

    def __init__(
        self,
        llm: LanguageModel,
        read: Callable[[int], Awaitable[Sequence[Message]]],
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None] | None],
    ) -> None:
        self._llm, self._read, self._spawn = llm, read, spawn
        self._summary, self._upto = "", 0
        self._task: asyncio.Task[None] | None = None

    def recall(self, history: Sequence[Message]) -> Recalled:
        """`history` as it is to be shown to the model: of bounded size, whatever was said."""
        since = self._since(history)
        return Recalled(self._summary, since[MOST.begin(since) :])

    def catch_up(self, history: Sequence[Message]) -> None:
        """Summarise the older part in the background where there is enough of it; one at a time."""
        busy = self._task is not None and not self._task.done()
        if not busy and DUE.begin(self._since(history)):
            self._task = self._spawn(self._extend(), "summarise")

    def rest(self) -> None:
        """Let the summary be: the model is needed for something that somebody waits for."""
        if self._task is not None:
            self._task.cancel()
            # It may take a while to unwind; the next one need not wait for that.
            self._task = None

    def _since(self, history: Sequence[Message]) -> Sequence[Message]:
        return [message for message in history if message.seq > self._upto]

    async def _extend(self) -> None:
        try:
            messages = list(await self._read(self._upto))
            older = messages[: KEPT.begin(messages)]
            while older:
                batch = older[: _batch(older)]
                self._summary = await self._llm.digest(self._summary, batch, within=_PATIENCE)
                self._upto = batch[-1].seq
                older = older[len(batch) :]
        except BridgeError as error:
            log.warning("history_not_summarised", code=error.code)


def _batch(messages: Sequence[Message]) -> int:
    """How many of `messages` one request takes: one at least."""
    characters = 0
    for count, message in enumerate(messages):
        characters += len(shown(message.text))
        if count and characters > _BATCH:
            return count
    return len(messages)
