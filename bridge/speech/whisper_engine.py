"""faster-whisper as the call's ear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.ports import Urgency
from bridge.speech.batch import BatchStream
from bridge.speech.dispatch import Dispatcher

MAX_SECONDS = 60
"""Longest stretch taken at once."""

_MAX_QUEUED = 256
_PARTIAL_MAX_AGE_S = 1.0
_PATIENCE_S = {Urgency.TURN: 5.0, Urgency.FINAL: 5.0, Urgency.LATE: 0.0, Urgency.PARTIAL: _PARTIAL_MAX_AGE_S}
"""How long work waits for an engine that is down: long enough for one that is only being restarted."""

_MAX_AGE_S = {Urgency.FINAL: 10.0, Urgency.PARTIAL: _PARTIAL_MAX_AGE_S}
"""How long work waits for its turn. A final that waited longer is safer where a crash does not lose it."""

_BEAMS = {Urgency.TURN: 5, Urgency.FINAL: 5, Urgency.LATE: 5, Urgency.PARTIAL: 1}


class WhisperEngine:
    """A SpeechToText on a Whisper worker process."""

    def __init__(
        self,
        model: str | None = None,
        *,
        language: str = "en",
        threads: int = 1,
        max_queued: int = _MAX_QUEUED,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        arguments = ["--threads", str(threads), "--language", language]
        arguments += ["--model", model] if model else []
        self._dispatcher = Dispatcher(
            "bridge.speech.whisper_worker",
            arguments,
            capacity=max_queued,
            # numpy's own threads only take turns with the model's.
            env={"OPENBLAS_NUM_THREADS": "1"},
            on_change=on_change,
        )

    @property
    def ready(self) -> bool:
        """True while a model is loaded and answering."""
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
    def shed_count(self) -> int:
        """Partials dropped so far."""
        return self._dispatcher.shed_count

    @property
    def restarts(self) -> int:
        """Times that the worker was started again."""
        return max(0, self._dispatcher.worker.starts - 1)

    @property
    def queued(self) -> int:
        """Requests that wait for the worker."""
        return self._dispatcher.queued

    def waiting(self, urgency: Urgency) -> tuple[int, float]:
        """How many requests of this urgency wait, and for how many seconds the oldest has."""
        return self._dispatcher.waiting(float(urgency))

    async def start(self) -> None:
        """Start the worker; returns before the model is loaded. Idempotent."""
        await self._dispatcher.start()

    async def wait_ready(self) -> None:
        """Return once a model is loaded."""
        await self._dispatcher.worker.wait_ready()

    async def close(self) -> None:
        """Stop the worker. Idempotent."""
        await self._dispatcher.close()

    def stream(self, rate: int) -> BatchStream:
        """See SpeechToText."""
        return BatchStream(self.transcribe, rate)

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """Text of `pcm` (s16le mono at `rate` Hz, at most 60 s), stripped; "" where nothing was said.

        Raises SpeechUnavailable, for a PARTIAL Shed, and ValueError where `pcm` is odd-sized or too
        long. Cancelling it removes what is still queued.
        """
        if len(pcm) % 2 or len(pcm) > MAX_SECONDS * rate * 2:
            raise ValueError(f"pcm must be whole samples and at most {MAX_SECONDS} s, not {len(pcm)} bytes")
        if not pcm:
            return ""
        partial = urgency is Urgency.PARTIAL
        job = self._dispatcher.submit(
            {"rate": rate, "beam": _BEAMS[urgency]},
            pcm,
            # The time keeps one that is tried again before those that came after it.
            priority=(float(urgency), asyncio.get_running_loop().time()),
            patience_s=_PATIENCE_S[urgency],
            max_age_s=_MAX_AGE_S.get(urgency, float("inf")),
            droppable=partial,
            # Who kept it tries again, with others in between.
            retries=0 if urgency is Urgency.LATE else 1,
        )
        try:
            reply = await job.future
        finally:
            self._dispatcher.abandon(job)
        return str(reply.header.get("text", "")).strip()
