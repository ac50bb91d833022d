"""The language model in one call: what it is told, what it remembers, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.bot import prompt
from bridge.bot.context import Context
from bridge.bot.llm import LanguageModel
from bridge.bot.memory import Memory
from bridge.ports import Message


class Mind:
    """Answers what the flow does not cover, by the call's instructions and knowledge."""

    def __init__(self, llm: LanguageModel, context: Context, memory: Memory) -> None:
        self._llm, self._context, self._memory = llm, context, memory

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    async def reply(self, history: Sequence[Message], said: str, *, asked: str | None) -> str:
        """What to say to `said`; `asked` is the flow's question that is open. Raises LlmUnavailable."""
        self._memory.rest()
        briefing = self._context.briefing()
        turns = prompt.conversation(briefing, self._memory.recall(history), said, asked=asked)
        reply = await self._llm.reply(turns)
        self._context.followed(briefing)
        # While the caller listens to the reply, the model has nothing else to do.
        self._memory.catch_up(history)
        return reply

    def catch_up(self, history: Sequence[Message]) -> None:
        """Nobody waits for the model at the moment: it may look after its memory."""
        self._memory.catch_up(history)

    def rest(self) -> None:
        """Others need the model, or the bot is not asked any more."""
        self._memory.rest()
