"""Piper as the call's voice: pieces of text queued by when their sound is needed, and a cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable

import structlog

from bridge.speech.cache import AudioCache, Key
from bridge.speech.canned import CANNED, CANNED_RATES
from bridge.speech.dispatch import Dispatcher
from bridge.speech.errors import Shed, SpeechUnavailable
from bridge.speech.jobs import Job
from bridge.speech.text import pieces
from bridge.speech.wire import Frame

log = structlog.get_logger()

MAX_TEXT = 4000
"""Characters of one `speak`, some five minutes; the rest is not spoken, and logged."""

_CACHE_BYTES = 32 * 1024 * 1024
_MAX_QUEUED = 512
_CHARS_PER_SECOND = 15.0
_CHUNK_MS = 200
_BACKGROUND = 1.0


class PiperEngine:
    """A TextToSpeech on a Piper worker process.

    `patience_s`: how long `speak` waits for a voice that is down before it raises.
    `seed`: the voice varies what it says from one time to the next; with a seed, the same texts asked of a
    new engine in the same order sound the same.
    """

    def __init__(
        self,
        voice: str | None = None,
        *,
        threads: int = 1,
        seed: int | None = None,
        patience_s: float = 1.0,
        canned: Iterable[str] = CANNED,
        canned_rates: Iterable[int] = CANNED_RATES,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        arguments = ["--threads", str(threads), *(["--voice", voice] if voice else [])]
        arguments += [] if seed is None else ["--seed", str(seed)]
        self._dispatcher = Dispatcher(
            "bridge.speech.piper_worker",
            arguments,
            capacity=_MAX_QUEUED,
            # One thread for numpy: the voice's own are set above.
            env={"OPENBLAS_NUM_THREADS": "1"},
            on_change=self._changed,
        )
        self._patience_s = patience_s
        self._cache = AudioCache(_CACHE_BYTES)
        self._canned = {key for text in canned for rate in canned_rates for key in _keys(text, rate)}
        self._warming: dict[Key, Job] = {}
        self._on_change = on_change

    @property
    def ready(self) -> bool:
        """True while a voice is loaded and answering."""
        return self._dispatcher.worker.ready

    @property
    def problem(self) -> str | None:
        """Why it is not ready, as a sentence; None while it is."""
        return self._dispatcher.worker.problem

    @property
    def pid(self) -> int | None:
        """Process id of the worker, for diagnostics."""
        return self._dispatcher.worker.pid

    @property
    def restarts(self) -> int:
        """Times that the worker was started again."""
        return max(0, self._dispatcher.worker.starts - 1)

    @property
    def queued(self) -> int:
        """Pieces of text that wait for the worker."""
        return self._dispatcher.queued

    async def start(self) -> None:
        """Start the worker; returns before the voice is loaded. Idempotent."""
        await self._dispatcher.start()

    async def wait_ready(self) -> None:
        """Return once a voice is loaded."""
        await self._dispatcher.worker.wait_ready()

    async def close(self) -> None:
        """Stop the worker. Idempotent."""
        await self._dispatcher.close()

    async def speak(self, text: str, *, rate: int) -> AsyncGenerator[bytes, None]:
        """Yield s16le mono at `rate` Hz in chunks of at most 200 ms, the first as early as possible.

        Later pieces are synthesised ahead, so that nothing is waited for between them; closing the
        iterator drops what is not yet synthesised. Raises SpeechUnavailable.
        """
        if len(text) > MAX_TEXT:
            log.warning("speech_text_cut", characters=len(text), spoken=MAX_TEXT)
        waiting = self._order(_keys(text[:MAX_TEXT], rate))
        try:
            for source in waiting:
                pcm = source if isinstance(source, bytes) else (await source.future).payload
                step = rate * _CHUNK_MS // 1000 * 2
                for at in range(0, len(pcm), step):
                    yield pcm[at : at + step]
        finally:
            for source in waiting:
                if isinstance(source, Job):
                    self._dispatcher.abandon(source)

    def prepare(self, texts: Iterable[str], rate: int) -> None:
        """Synthesise `texts` into the cache when nothing else is to do; returns at once."""
        self._warm(key for text in texts for key in _keys(text, rate))

    def prepared(self, text: str, rate: int) -> bool:
        """True where all of `text` can be spoken without the worker."""
        return all(key in self._cache for key in _keys(text, rate))

    def _order(self, keys: list[Key]) -> list[bytes | Job]:
        """For each piece its audio, or the job that brings it, due when the speech before it is over."""
        due = asyncio.get_running_loop().time()
        sources: list[bytes | Job] = []
        try:
            for key in keys:
                source = self._cache.get(key) or self._submit(key, (0.0, due), self._patience_s)
                sources.append(source)
                due += len(key[0]) / _CHARS_PER_SECOND
        except SpeechUnavailable:
            for source in sources:
                if isinstance(source, Job):
                    self._dispatcher.abandon(source)
            raise
        return sources

    def _submit(
        self, key: Key, priority: tuple[float, float], patience_s: float, droppable: bool = False
    ) -> Job:
        text, rate, first = key
        header: dict[str, object] = {"text": text, "rate": rate, "first": first}
        job = self._dispatcher.submit(header, priority=priority, patience_s=patience_s, droppable=droppable)
        job.future.add_done_callback(lambda future: self._keep(key, future))
        return job

    def _keep(self, key: Key, future: asyncio.Future[Frame]) -> None:
        self._warming.pop(key, None)
        # Asking for the exception also marks it as seen where nobody awaits the job.
        if not future.cancelled() and future.exception() is None:
            self._cache.put(key, future.result().payload, pinned=key in self._canned)

    def _warm(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if key not in self._cache and key not in self._warming:
                try:
                    self._warming[key] = self._submit(key, (_BACKGROUND, 0.0), float("inf"), droppable=True)
                except (Shed, SpeechUnavailable):
                    log.info("speech_not_prepared", text=key[0])
                    return

    def _changed(self) -> None:
        # Also after a crash: it may have come before all of them were there.
        if self.ready:
            self._warm(sorted(self._canned))
        self._on_change()


def _keys(text: str, rate: int) -> list[Key]:
    return [(piece, rate, index == 0) for index, piece in enumerate(pieces(text))]
