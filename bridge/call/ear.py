"""One side's speech to text: segments, recognises, and writes into the thread in order of speaking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from bridge.errors import BridgeError
from bridge.media.frame import Frame, join
from bridge.media.level import Meter, energies
from bridge.ports import FRAME_MS, Hearing, Speaker, SpeechStream, SpeechToText, Urgency
from bridge.speech.segmenter import Segmenter, SpeechPaused, SpeechResumed, SpeechStarted, UtteranceEnded
from bridge.thread.writer import CallThread

log = structlog.get_logger()

_BATCH_FRAMES = 5
_CALL_OVER = "The call ended before the words were made out."
_BROKEN = "The speech engine failed in a way that nobody expected."


class Spawn(Protocol):
    """Starts a task that the call owns."""

    def __call__(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None: ...


@dataclass(frozen=True, slots=True)
class _Utterance:
    """An utterance from its first sound to its text."""

    id: str
    hearing: Hearing


class Ear:
    """Listens to one leg. `push` takes its 20 ms frames, at `rate` Hz, and never blocks."""

    def __init__(
        self,
        *,
        speaker: Speaker,
        name: str | None,
        rate: int,
        stt: SpeechToText,
        thread: CallThread,
        spawn: Spawn,
    ) -> None:
        self.speaker, self.name = speaker, name
        self._rate, self._stt, self._thread, self._spawn = rate, stt, thread, spawn
        self._on_speech: Callable[[], None] = lambda: None
        self._on_text: Callable[[str], None] = lambda text: None
        self._on_nothing: Callable[[], None] = lambda: None
        self.on_withheld: Callable[[str], None] = lambda text: None
        """Called before `on_text` where the words are left out of the thread."""
        self._segmenter = Segmenter(rate)
        self._batch: list[Frame] = []
        self._frame_bytes = rate * FRAME_MS // 1000 * 2
        self._position_ms = 0
        self._open: _Utterance | None = None
        self._urgency = Urgency.FINAL
        self._stream: SpeechStream | None = None
        self._deaf = False
        self.quiet = asyncio.Event()
        """Set while nobody is in the middle of an utterance, or waits for its words to be made out."""
        self.quiet.set()
        self.meter = Meter()
        self._recognising = 0

    @property
    def urgency(self) -> Urgency:
        """TURN while what is said is an answer that somebody waits for, else FINAL."""
        return self._urgency

    @urgency.setter
    def urgency(self, urgency: Urgency) -> None:
        self._urgency = urgency
        if self._open is not None:
            self._open.hearing.urgency = urgency

    def listen(
        self,
        *,
        on_speech: Callable[[], None],
        on_text: Callable[[str], None],
        on_nothing: Callable[[], None],
    ) -> None:
        """Be told: `on_speech` when somebody begins to speak, then `on_text` with the words.

        `on_nothing` comes in place of the words where none could be made out.
        """
        self._on_speech, self._on_text, self._on_nothing = on_speech, on_text, on_nothing

    def push(self, frame: Frame, *, at_once: bool) -> None:
        """Take one frame; unless `at_once`, frames are looked at in batches of 100 ms."""
        if self._batch and self._batch[0].codec is not frame.codec:
            self._look()
        self._batch.append(frame)
        if at_once or len(self._batch) >= _BATCH_FRAMES:
            self._look()

    def _look(self) -> None:
        """Look at the batch: it is decoded, and its energies are had, in one pass each."""
        batch, self._batch = self._batch, []
        pcm, size = join(batch), self._frame_bytes
        levels = energies(pcm, size)
        self.meter.push(levels)
        if self._deaf:
            return
        for place, energy in enumerate(levels):
            self._position_ms += FRAME_MS
            frame = pcm[place * size : (place + 1) * size]
            if self._open is not None:
                self._open.hearing.feed(frame)
            for event in self._segmenter.push(frame, energy):
                self._take(event)

    def pause(self, on: bool) -> None:
        """Hear nothing from this frame on, or begin to hear again. What is being said ends here."""
        self.flush()
        self._segmenter.forget()
        self._deaf = on

    def flush(self) -> None:
        """End an utterance that is still open; the leg may go on afterwards."""
        if self._batch:
            self._look()
        for event in self._segmenter.flush():
            self._take(event)

    def close(self) -> None:
        """The leg is over: flush, and need no recogniser once the last words are made out. Idempotent."""
        self.flush()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _take(self, event: object) -> None:
        if isinstance(event, SpeechStarted):
            self._begin(event)
        elif self._open is None:
            return
        elif isinstance(event, SpeechPaused):
            self._open.hearing.pause(event.pcm)
        elif isinstance(event, SpeechResumed):
            self._open.hearing.resume()
        elif isinstance(event, UtteranceEnded):
            utterance, self._open = self._open, None
            self._recognising += 1
            self._thread.ended(utterance.id, self._wall(event.end_ms))
            task = self._spawn(self._finish(utterance, event), "recognise")
            if task is None:
                self._give_up(utterance, event)
            else:
                # Whatever becomes of it: one that is cancelled before its first step does nothing itself.
                task.add_done_callback(lambda _: self._give_up(utterance, event))

    def _begin(self, event: SpeechStarted) -> None:
        message_id = self._thread.open(self.speaker, self.name, self._wall(event.at_ms))
        if self._stream is None:
            self._stream = self._stt.stream(self._rate)
        hearing = self._stream.hear(
            self._segmenter.current() or b"",
            urgency=self._urgency,
            on_partial=lambda text: self._thread.partial(message_id, text),
        )
        self._open = _Utterance(message_id, hearing)
        self.quiet.clear()
        self._on_speech()

    async def _finish(self, utterance: _Utterance, event: UtteranceEnded) -> None:
        withheld = self._thread.withheld(utterance.id)
        try:
            text = await self._written(utterance, event)
        finally:
            self._recognising -= 1
            if not self._recognising and self._open is None:
                self.quiet.set()
        if text and withheld:
            self.on_withheld(text)
        if text:
            self._on_text(text)
        else:
            self._on_nothing()

    async def _written(self, utterance: _Utterance, event: UtteranceEnded) -> str:
        """The utterance's text, once it stands in the thread; "" where there is none."""
        try:
            text = await utterance.hearing.finish(event.pcm)
        except BridgeError as error:
            log.warning("utterance_not_recognised", speaker=self.speaker, code=error.code)
            self._thread.defer(utterance.id, event.pcm, self._rate, error.message)
            return ""
        except Exception:  # whatever an engine's answer broke: the words are not to be lost with it
            log.exception("utterance_not_recognised_unexpectedly", speaker=self.speaker)
            self._thread.defer(utterance.id, event.pcm, self._rate, _BROKEN)
            return ""
        finally:
            utterance.hearing.cancel()
        self._thread.close(utterance.id, text, self._wall(event.end_ms))
        return text

    def _give_up(self, utterance: _Utterance, event: UtteranceEnded) -> None:
        """Its words are not waited for any more; does nothing where they are known."""
        utterance.hearing.cancel()
        self._thread.defer(utterance.id, event.pcm, self._rate, _CALL_OVER)

    def _wall(self, at_ms: int) -> datetime:
        """Wall-clock time of a position in the stream: frames arrive as they are spoken."""
        return self._thread.now() - timedelta(milliseconds=max(0, self._position_ms - at_ms))
