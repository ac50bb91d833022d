"""One utterance that Deepgram hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from bridge.ports import Urgency
from bridge.speech.deepgram_results import Result
from bridge.speech.errors import SpeechUnavailable

PATIENCE_S = {Urgency.TURN: 4.0, Urgency.FINAL: 7.0, Urgency.PARTIAL: 7.0}
"""From the end of an utterance to its failure: a caller waits for a turn, and the thread for a final."""

_UNANSWERED_S = 1.5
"""Deepgram need not answer a Finalize that finds little audio left: then it gets some silence and another."""

_GO_ON_S = 4.0
"""How long an utterance that was cut in a sentence waits for its final before it asks for it."""

_TAIL_S = 0.2
"""Silence that the segmenter leaves at an utterance's end: no words are missed in it."""


class Stream(Protocol):
    """What a hearing needs of the stream that it is part of. Places are bytes, times seconds."""

    @property
    def settled(self) -> float:
        """Up to here nothing will change any more."""

    @property
    def problem(self) -> str | None:
        """Why waiting is of no use, as a sentence; None where it may be."""

    def record(self, pcm: bytes) -> None:
        """Send more audio of the newest utterance."""

    def flush(self) -> int:
        """Ask for the final result of everything recorded; returns its place."""

    def nudge(self, *, silence: bool) -> None:
        """Ask again; with silence enough to be worth an answer, unless somebody speaks again already."""

    def stalled(self) -> None:
        """An answer did not come in time: better take another connection."""

    def ended(self) -> None:
        """A hearing is over: its audio need not be kept."""


class DeepgramHearing:
    """See Hearing. `start` is the place of its first byte on the stream's tape, `rate` in Hz."""

    def __init__(
        self, stream: Stream, start: int, rate: int, urgency: Urgency, on_partial: Callable[[str], None]
    ) -> None:
        self.urgency = urgency
        self.start = start
        self.over = self.lost = self.goes_on = False
        self.until = float("inf")
        """Seconds at which the next utterance begins: words from there on belong to that one."""
        self.flushed_at: int | None = None
        """Place up to which the final result was asked for."""
        self._fed = self._length = 0
        self._stream, self._second, self._on_partial = stream, rate * 2, on_partial
        self._parts: list[str] = []
        self._interim = ""
        self._changed = asyncio.Event()

    @property
    def end(self) -> int:
        """Place behind its last byte, once `finish` has said which that is."""
        return self.start + self._length

    def feed(self, pcm: bytes, *, recorded: bool = False) -> None:
        """See Hearing. `recorded`: the stream has it already, from the utterance before."""
        if not self.over:
            self._fed += len(pcm)
            if not recorded:
                self._stream.record(pcm)

    def pause(self, pcm: bytes) -> None:
        """See Hearing. Where somebody waits, the text is asked for in the pause already."""
        if self.urgency is Urgency.TURN and not self.over:
            self.flushed_at = self._stream.flush()

    def resume(self) -> None:
        """Nothing to do: Deepgram goes on listening."""

    async def finish(self, pcm: bytes) -> str:
        """See Hearing."""
        self._length = len(pcm)
        try:
            if self.goes_on and await self._until(self._complete, _GO_ON_S):
                return self._text()
            if self.flushed_at is None or self.flushed_at < self.end:
                self.flushed_at = self._stream.flush()
            if await self._until(self._complete, _UNANSWERED_S):
                return self._text()
            self._stream.nudge(silence=self.until == float("inf"))
            if await self._until(self._complete, PATIENCE_S[self.urgency] - _UNANSWERED_S):
                return self._text()
            self._stream.stalled()
            raise SpeechUnavailable("Deepgram did not answer in time.")
        finally:
            self.cancel()

    def cancel(self) -> None:
        """See Hearing."""
        if not self.over:
            self.over = True
            self._stream.ended()

    def take(self, result: Result) -> None:
        """A result may hold words of this utterance."""
        if self.over or result.end <= self.start / self._second or result.start >= self.until:
            return
        text = result.between(self.start / self._second, self.until)
        if result.final:
            self._parts += [text] if text else []
            self._interim = ""
        else:
            self._interim = text
        if text:
            self._on_partial(" ".join(filter(None, [*self._parts, self._interim])))

    def forget_interim(self) -> None:
        """The connection is lost: what was not final will be heard again."""
        self._interim = ""

    def wake(self) -> None:
        """Something has changed in the stream."""
        self._changed.set()

    def lose(self) -> None:
        """Its audio could not be kept: it fails."""
        self.lost = True
        self._changed.set()

    def _complete(self) -> bool:
        # Where more came than belongs to it, that was the silence by which its end was known.
        silent = not self.goes_on and self._fed - self._length >= _TAIL_S * self._second
        return self._stream.settled >= self.end / self._second - (_TAIL_S if silent else 0.0)

    def _text(self) -> str:
        return " ".join(self._parts)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for `condition`; False after `seconds`. Raises SpeechUnavailable where waiting is useless."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    if self.lost or self._stream.problem is not None:
                        raise SpeechUnavailable(self._stream.problem or "The audio could not be kept.")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True
