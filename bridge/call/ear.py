"""One side's speech to text: segments, recognises, and writes into the thread in order of speaking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from bridge.errors import BridgeError
from bridge.media.frame import Frame, join
from bridge.media.level import Meter, energies
from bridge.ports import FRAME_MS, Speaker, SpeechToText, Urgency
from bridge.speech.errors import Shed, SpeechUnavailable
from bridge.speech.segmenter import Segmenter, SpeechPaused, SpeechResumed, SpeechStarted, UtteranceEnded
from bridge.thread.writer import CallThread

log = structlog.get_logger()

_BATCH_FRAMES = 5
_PARTIAL_EVERY_MS = 700


class Spawn(Protocol):
    """Starts a task that the call owns."""

    def __call__(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None: ...


@dataclass(slots=True)
class _Utterance:
    """An utterance from its first sound to its text; `early` is the recognition begun in its first pause."""

    id: str
    early: asyncio.Task[str] | None = None
    partial_at_ms: int = 0
    partial_running: bool = False


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
        self._segmenter = Segmenter(rate)
        self._batch: list[Frame] = []
        self._frame_bytes = rate * FRAME_MS // 1000 * 2
        self._position_ms = 0
        self._open: _Utterance | None = None
        self.urgency = Urgency.FINAL
        self.partials = False
        self.quiet = asyncio.Event()
        """Set while nobody is in the middle of an utterance, or waits for its words to be made out."""
        self.quiet.set()
        self.meter = Meter()
        self._recognising = 0

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
        for place, energy in enumerate(levels):
            self._position_ms += FRAME_MS
            for event in self._segmenter.push(pcm[place * size : (place + 1) * size], energy):
                self._take(event)
        self._maybe_partial()

    def flush(self) -> None:
        """The leg is over: end an utterance that is still open."""
        if self._batch:
            self._look()
        for event in self._segmenter.flush():
            self._take(event)

    def _take(self, event: object) -> None:
        if isinstance(event, SpeechStarted):
            started = self._wall(event.at_ms)
            self._open = _Utterance(self._thread.open(self.speaker, self.name, started))
            self._open.partial_at_ms = event.at_ms + _PARTIAL_EVERY_MS
            self.quiet.clear()
            self._on_speech()
        elif self._open is None:
            return
        elif isinstance(event, SpeechPaused):
            self._begin_early(self._open, event.pcm)
        elif isinstance(event, SpeechResumed):
            self._drop_early(self._open)
        elif isinstance(event, UtteranceEnded):
            utterance, self._open = self._open, None
            self._recognising += 1
            self._spawn(self._finish(utterance, event), "recognise")

    def _begin_early(self, utterance: _Utterance, pcm: bytes) -> None:
        """Recognise in the pause already: most pauses of this length turn out to be the end."""
        if self.urgency is Urgency.TURN:
            self._drop_early(utterance)
            recognition = self._stt.transcribe(pcm, rate=self._rate, urgency=Urgency.TURN)
            utterance.early = asyncio.ensure_future(recognition)
            # A recognition that is given up for a resumed utterance may fail without anybody asking.
            utterance.early.add_done_callback(lambda task: task.cancelled() or task.exception())

    @staticmethod
    def _drop_early(utterance: _Utterance) -> None:
        if utterance.early is not None:
            utterance.early.cancel()
            utterance.early = None

    async def _finish(self, utterance: _Utterance, event: UtteranceEnded) -> None:
        try:
            text = await self._written(utterance, event)
        finally:
            self._recognising -= 1
            if not self._recognising and self._open is None:
                self.quiet.set()
        if text:
            self._on_text(text)
        else:
            self._on_nothing()

    async def _written(self, utterance: _Utterance, event: UtteranceEnded) -> str:
        """The utterance's text, once it stands in the thread; "" where there is none."""
        text = ""
        try:
            text = await self._recognise(utterance, event.pcm)
        except BridgeError as error:
            log.warning("utterance_not_recognised", speaker=self.speaker, code=error.code)
            seconds = (event.end_ms - event.start_ms) / 1000
            self._thread.close(utterance.id, "", self._wall(event.end_ms))
            self._thread.system(f"{seconds:.0f} s of speech could not be transcribed.")
            return ""
        finally:
            self._drop_early(utterance)
        self._thread.close(utterance.id, text, self._wall(event.end_ms))
        return text

    async def _recognise(self, utterance: _Utterance, pcm: bytes) -> str:
        if utterance.early is not None:
            try:
                return await utterance.early
            except (SpeechUnavailable, Shed):
                log.info("early_recognition_failed", speaker=self.speaker)
        urgency = self.urgency if self.urgency is not Urgency.PARTIAL else Urgency.FINAL
        return await self._stt.transcribe(pcm, rate=self._rate, urgency=urgency)

    def _maybe_partial(self) -> None:
        utterance = self._open
        if not self.partials or utterance is None or utterance.partial_running:
            return
        if self._position_ms >= utterance.partial_at_ms:
            pcm = self._segmenter.current()
            if pcm:
                utterance.partial_running = True
                self._spawn(self._partial(utterance, pcm), "partial")

    async def _partial(self, utterance: _Utterance, pcm: bytes) -> None:
        try:
            text = await self._stt.transcribe(pcm, rate=self._rate, urgency=Urgency.PARTIAL)
        except (SpeechUnavailable, Shed):
            text = ""
        utterance.partial_running = False
        utterance.partial_at_ms = self._position_ms + _PARTIAL_EVERY_MS
        if text and utterance is self._open:
            self._thread.partial(utterance.id, text)

    def _wall(self, at_ms: int) -> datetime:
        """Wall-clock time of a position in the stream: frames arrive as they are spoken."""
        return datetime.now(UTC) - timedelta(milliseconds=max(0, self._position_ms - at_ms))
