"""A language model behind any OpenAI-compatible endpoint, with bounded patience."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from bridge.bot import prompt
from bridge.bot.prompt import Turn
from bridge.errors import BridgeError
from bridge.ports import Message

log = structlog.get_logger()

_MOST_MESSAGES = 30
_MOST_REPLY = 600
_MOST_DIGEST = 2_000


class LlmUnavailable(BridgeError):
    """The model was too slow, failed, or said nothing."""

    code = "llm_unavailable"


class LanguageModel:
    """Replies and summaries by one chat model; `patience`: seconds that a reply may take.

    Each call has a Mind, which knows what to ask; this is the one client of all calls.
    """

    def __init__(self, url: str, key: str | None, model: str, *, patience: float) -> None:
        # Takes most of a second, which a server without a model need not wait for at its start.
        from openai import AsyncOpenAI, OpenAIError

        self._failures = (OpenAIError, IndexError, AttributeError, TypeError, ValueError)
        client = AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0)
        # Named here, because naming it imports as much again, which no caller should wait for.
        self._client, self._completions = client, client.chat.completions
        self._model, self._patience = model, patience

    @property
    def name(self) -> str:
        """The model's name, as its endpoint knows it."""
        return self._model

    async def reply(self, turns: list[Turn]) -> str:
        """What the bot should say. Raises LlmUnavailable."""
        reply = prompt.unmarked(await self._within(self._patience, turns, 120, _MOST_REPLY))
        if not reply:
            raise LlmUnavailable("The model said nothing.")
        return reply

    async def summary(self, history: Sequence[Message], *, within: float) -> str:
        """One paragraph for whoever takes the call over; raises LlmUnavailable."""
        turns = prompt.summarising(history[-_MOST_MESSAGES:])
        return await self._within(within, turns, 160, _MOST_REPLY)

    async def digest(self, before: str, messages: Sequence[Message], *, within: float) -> str:
        """The summary `before`, at most 2000 characters, extended by `messages`; raises LlmUnavailable."""
        return await self._within(within, prompt.digesting(before, messages), 400, _MOST_DIGEST)

    async def close(self) -> None:
        """Free the client's sockets."""
        await self._client.close()

    async def _within(self, seconds: float, turns: list[Turn], most_tokens: int, longest: int) -> str:
        """What the model says, on one line of at most `longest` characters."""
        try:
            async with asyncio.timeout(seconds):
                text = " ".join((await self._complete(turns, most_tokens, seconds)).split())
        except TimeoutError:
            raise LlmUnavailable("The model did not answer in time.") from None
        if not text:
            raise LlmUnavailable("The model said nothing.")
        return text[:longest]

    async def _complete(self, turns: list[Turn], most_tokens: int, seconds: float) -> str:
        try:
            answer = await self._completions.create(
                model=self._model,
                messages=turns,  # type: ignore[arg-type]
                max_tokens=most_tokens,
                temperature=0.3,
                timeout=seconds,
            )
            text = answer.choices[0].message.content
        except self._failures as error:
            log.warning("llm_failed", error=type(error).__name__)
            raise LlmUnavailable("The model did not answer.") from error
        return text or ""
