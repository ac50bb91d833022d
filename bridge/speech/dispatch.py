"""Brings queued work and a worker process together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from bridge.speech.errors import Shed, SpeechFailed, SpeechUnavailable
from bridge.speech.jobs import Job, JobQueue, Priority, QueueFull
from bridge.speech.worker import WorkerDied, WorkerFailed, WorkerProcess

log = structlog.get_logger()

_RETRIES = 1
"""A request during which the worker died is tried once more; twice means that it is what kills it."""


_OVERLOADED = "The speech engine has too much waiting."


class Dispatcher:
    """Owns one worker process and its queue. `close` fails what is still queued."""

    def __init__(
        self,
        module: str,
        args: Sequence[str] = (),
        *,
        capacity: int,
        env: Mapping[str, str] | None = None,
        on_change: Callable[[], None] = lambda: None,
        request_timeout: float = 15.0,
    ) -> None:
        self._on_change = on_change
        self.worker = WorkerProcess(
            module, args, env=env, on_change=self._worker_changed, request_timeout=request_timeout
        )
        self._queue = JobQueue(capacity)
        self._wake = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        self._down_since = 0.0
        self._closed = False
        self.shed_count = 0

    @property
    def queued(self) -> int:
        """Jobs that wait for the worker."""
        return len(self._queue)

    def waiting(self, urgency: float) -> tuple[int, float]:
        """How many jobs of this first part of a priority wait, and for how many seconds the oldest has."""
        created = [job.created for job in self._queue if job.priority[0] == urgency]
        return len(created), self._now() - min(created) if created else 0.0

    async def start(self) -> None:
        """Start the worker and serve; returns before the model is loaded. Idempotent."""
        if self._loop_task is None and not self._closed:
            self._down_since = asyncio.get_running_loop().time()
            await self.worker.start()
            self._loop_task = asyncio.get_running_loop().create_task(self._serve())

    async def close(self) -> None:
        """Stop the worker; whoever waits for a reply gets SpeechUnavailable. Idempotent."""
        self._closed = True
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.wait([self._loop_task])
        await self.worker.close()
        for job in self._queue.take_if(lambda job: True):
            _refuse(job, "speech is being shut down")

    def submit(
        self,
        header: Mapping[str, object],
        payload: bytes = b"",
        *,
        priority: Priority,
        patience_s: float,
        max_age_s: float = float("inf"),
        droppable: bool = False,
        retries: int = _RETRIES,
    ) -> Job:
        """Queue a request; its future brings the reply, SpeechUnavailable or (droppable ones) Shed.

        SpeechFailed is what it brings where the worker died of it, `retries` times again, or refused it.

        Raises Shed or SpeechUnavailable at once where there is no room or no engine any more.
        """
        loop = asyncio.get_running_loop()
        job = Job(
            header,
            payload,
            priority,
            loop.create_future(),
            loop.time(),
            patience_s,
            max_age_s,
            droppable,
            retries,
        )
        if self._closed or self._loop_task is None:
            raise SpeechUnavailable("The speech engine is not running.")
        try:
            dropped = self._queue.push(job)
        except QueueFull:
            if droppable:
                self.shed_count += 1
                raise Shed("Speech work was dropped: too much is waiting.") from None
            raise SpeechUnavailable(_OVERLOADED) from None
        if dropped is not None:
            self._shed(dropped)
        self._wake.set()
        return job

    def abandon(self, job: Job) -> None:
        """Forget a job whose reply nobody wants; one that is being worked on is finished unheard."""
        self._queue.discard(job)
        job.future.cancel()

    async def _serve(self) -> None:
        while True:
            await self._until_work()
            self._drop_aged()
            job = self._queue.pop()
            if job is None or job.future.done():
                continue
            try:
                await self._do(job)
            except Exception as error:  # the owned task's outer boundary: one job must not end the rest
                log.exception("speech_dispatch_failed")
                _refuse(job, str(error))

    async def _do(self, job: Job) -> None:
        job.attempts += 1
        try:
            reply = await self.worker.request(job.header, job.payload)
        except WorkerDied as error:
            if job.droppable:
                self._shed(job)
            elif job.attempts <= job.retries and not job.future.done():
                self._retry(job)
            else:
                _refuse(job, str(error), SpeechFailed)
        except WorkerFailed as error:
            _refuse(job, str(error), SpeechFailed)
        except asyncio.CancelledError:
            _refuse(job, "speech is being shut down")
            raise
        else:
            if not job.future.done():
                job.future.set_result(reply)

    def _retry(self, job: Job) -> None:
        try:
            dropped = self._queue.push(job)
        except QueueFull:
            _refuse(job, "too much is waiting")
            return
        if dropped is not None:
            self._shed(dropped)

    def _drop_aged(self) -> None:
        """Give up what has waited longer than it was worth."""
        now = self._now()
        for job in self._queue.take_if(lambda job: now - job.created > job.max_age_s):
            if job.droppable:
                self._shed(job)
            elif not job.future.done():
                job.future.set_exception(SpeechUnavailable(_OVERLOADED))

    async def _until_work(self) -> None:
        """Return when the worker is ready and something is queued; meanwhile fail what waited too long."""
        while not (self.worker.ready and len(self._queue)):
            self._wake.clear()
            deadline = None if self.worker.ready else self._expire()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _expire(self) -> float | None:
        """Fail queued jobs whose patience with a dead engine is over; returns when the next one's is."""
        now = self._now()
        deadlines = [self._patience_ends(job) for job in self._queue]
        for job in self._queue.take_if(lambda job: self._patience_ends(job) <= now):
            if job.droppable:
                self._shed(job)
            else:
                _refuse(job, self.worker.problem or "the engine is not ready")
        remaining = [deadline for deadline in deadlines if deadline > now]
        nearest = min(remaining, default=float("inf"))
        return None if nearest == float("inf") else nearest

    def _patience_ends(self, job: Job) -> float:
        return max(job.created, self._down_since) + job.patience_s

    def _worker_changed(self) -> None:
        if not self.worker.ready:
            self._down_since = self._now()
        self._wake.set()
        self._on_change()

    def _shed(self, job: Job) -> None:
        self.shed_count += 1
        if not job.future.done():
            job.future.set_exception(Shed("Speech work was dropped for more urgent work."))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _refuse(job: Job, reason: str, kind: type[SpeechUnavailable] = SpeechUnavailable) -> None:
    if not job.future.done():
        job.future.set_exception(kind(f"The speech engine could not answer: {reason.rstrip('.')}."))
