"""Hearing utterances as they are spoken, with an engine that takes finished stretches of audio only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

import structlog

from bridge.errors import BridgeError
from bridge.ports import Urgency
from bridge.speech.errors import Shed, SpeechUnavailable

log = structlog.get_logger()

PARTIAL_EVERY_MS = 500
"""From the beginning of an utterance, and from one partial's answer, to the next partial."""


class Transcribe(Protocol):
    """SpeechToText.transcribe."""

    def __call__(self, pcm: bytes, *, rate: int, urgency: Urgency) -> Coroutine[Any, Any, str]: ...


class BatchStream:
    """A SpeechStream that asks `transcribe` for each utterance; it holds nothing between them."""

    def __init__(self, transcribe: Transcribe, rate: int) -> None:
        self._transcribe, self._rate = transcribe, rate

    def hear(self, pcm: bytes, *, urgency: Urgency, on_partial: Callable[[str], None]) -> BatchHearing:
        """See SpeechStream."""
        return BatchHearing(self._transcribe, self._rate, pcm, urgency, on_partial)

    def close(self) -> None:
        """Nothing to close."""


class BatchHearing:
    """One utterance. Owns its recognitions: none outlives `finish` or `cancel`.

    While somebody waits for the words, they are recognised in each pause already, since most pauses turn
    out to be the end, and nothing else takes the engine's time; else there are partials.
    """

    def __init__(
        self,
        transcribe: Transcribe,
        rate: int,
        pcm: bytes,
        urgency: Urgency,
        on_partial: Callable[[str], None],
    ) -> None:
        self.urgency = urgency
        self._transcribe, self._rate, self._on_partial = transcribe, rate, on_partial
        self._heard = bytearray(pcm)
        self._every = rate * PARTIAL_EVERY_MS // 1000 * 2
        self._partial_at = len(pcm) + self._every
        self._paused = False
        self._early: asyncio.Task[str] | None = None
        self._partial: asyncio.Task[None] | None = None

    def feed(self, pcm: bytes) -> None:
        """See Hearing."""
        self._heard += pcm
        wanted = self.urgency is not Urgency.TURN and not self._paused
        if wanted and self._partial is None and len(self._heard) >= self._partial_at:
            self._partial = asyncio.get_running_loop().create_task(self._report(bytes(self._heard)))
            self._partial.add_done_callback(self._reported)

    def pause(self, pcm: bytes) -> None:
        """See Hearing."""
        self._paused = True
        self._drop_early()
        if self.urgency is Urgency.TURN:
            recognition = self._transcribe(pcm, rate=self._rate, urgency=Urgency.TURN)
            self._early = asyncio.get_running_loop().create_task(recognition)
            # One that is given up for a resumed utterance may fail without anybody asking.
            self._early.add_done_callback(lambda task: task.cancelled() or task.exception())

    def resume(self) -> None:
        """See Hearing."""
        self._paused = False
        self._drop_early()

    async def finish(self, pcm: bytes) -> str:
        """See Hearing."""
        self._drop_partial()
        try:
            if self._early is not None:
                try:
                    return await self._early
                except (SpeechUnavailable, Shed) as error:
                    log.info("early_recognition_failed", code=error.code)
            return await self._transcribe(pcm, rate=self._rate, urgency=self.urgency)
        finally:
            self.cancel()

    def cancel(self) -> None:
        """See Hearing."""
        self._drop_partial()
        self._drop_early()
        self._heard.clear()

    async def _report(self, pcm: bytes) -> None:
        try:
            text = await self._transcribe(pcm, rate=self._rate, urgency=Urgency.PARTIAL)
        except BridgeError:
            return  # Shed, or no engine: the next partial or the final will show it.
        if text:
            self._on_partial(text)

    def _reported(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("partial_failed", error=repr(error))
        self._partial = None
        self._partial_at = len(self._heard) + self._every

    def _drop_partial(self) -> None:
        if self._partial is not None:
            self._partial.cancel()

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early.cancel()
            self._early = None
