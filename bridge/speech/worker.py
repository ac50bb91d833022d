"""A speech worker as a process that is kept running, seen from the event loop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

import structlog

from bridge.speech.backoff import Backoff
from bridge.speech.wire import Frame, FrameParser, MalformedFrame, encode

log = structlog.get_logger()

_READ_BYTES = 64 * 1024
_STDERR_LINE_BYTES = 1000


class WorkerDied(Exception):
    """The process ended, hung or garbled its answer; another one is being started."""


class WorkerFailed(Exception):
    """The process refused this request and goes on with others; the message says why."""


class WorkerProcess:
    """Runs `python -m module args…`, restarts it when it dies, and puts one request at a time to it.

    `on_change` is called on the event loop whenever `ready` may have changed.
    """

    def __init__(
        self,
        module: str,
        args: Sequence[str] = (),
        *,
        env: Mapping[str, str] | None = None,
        on_change: Callable[[], None] = lambda: None,
        request_timeout: float = 15.0,
        load_timeout: float = 300.0,
        stop_timeout: float = 2.0,
    ) -> None:
        self._command = (sys.executable, "-m", module, *args)
        self._env = {**os.environ, **(env or {})}
        self._on_change = on_change
        self._request_timeout = request_timeout
        self._load_timeout = load_timeout
        self._stop_timeout = stop_timeout
        self._log = log.bind(worker=module.rpartition(".")[2])
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._closing = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._reply: asyncio.Future[Frame] | None = None
        self._request_id = 0
        self.load_ms = 0
        self.starts = 0
        self.problem: str | None = "the process was not started"

    @property
    def ready(self) -> bool:
        """True while a model is loaded and requests are answered."""
        return self._ready.is_set()

    @property
    def pid(self) -> int | None:
        """Process id of the present incarnation, for diagnostics."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Begin to keep the process running; returns before the model is loaded. Idempotent."""
        if self._supervisor is None:
            self.problem = "the model is being loaded"
            self._supervisor = asyncio.get_running_loop().create_task(self._supervise())

    async def wait_ready(self) -> None:
        """Return once a model is loaded."""
        await self._ready.wait()

    async def close(self) -> None:
        """Stop the process, by force if need be, and return when it is gone. Idempotent."""
        # Not by cancelling: an incarnation that is just ending must get to its end.
        self._closing.set()
        if self._supervisor is not None:
            await asyncio.wait([self._supervisor])

    async def request(self, header: Mapping[str, object], payload: bytes = b"") -> Frame:
        """The worker's reply. Raises WorkerDied (worth another try) and WorkerFailed (not worth one).

        Cancelling it abandons the reply; the worker cannot be interrupted inside one request.
        """
        async with self._one_at_a_time:
            process = self._process
            if process is None or process.stdin is None or not self.ready:
                raise WorkerDied("the worker is not running")
            self._request_id += 1
            frame = Frame({**header, "id": self._request_id}, payload)
            self._reply = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._request_timeout):
                    process.stdin.write(encode(frame))
                    await process.stdin.drain()
                    reply = await self._reply
            except TimeoutError:
                self._log.warning("speech_worker_hung", pid=process.pid, seconds=self._request_timeout)
                self._down("it did not answer in time")
                _signal(process, signal.SIGKILL)
                raise WorkerDied("the worker did not answer in time") from None
            except OSError as error:
                raise WorkerDied(f"the worker's pipe broke: {error}") from error
            finally:
                self._reply = None
            if reply.header.get("ok") is not True:
                raise WorkerFailed(str(reply.header.get("error", "no reason given")))
            return reply

    async def _supervise(self) -> None:
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        while not self._closing.is_set():
            began = loop.time()
            try:
                await self._live()
            except (OSError, MalformedFrame, TimeoutError) as error:
                self._down(f"{type(error).__name__}: {error}")
            except Exception as error:  # the owned task's outer boundary: the worker must come back
                self._log.exception("speech_worker_supervision_failed")
                self._down(f"{type(error).__name__}: {error}")
            if self._closing.is_set():
                return
            delay = backoff.delay(loop.time() - began)
            self._log.warning("speech_worker_restarting", problem=self.problem, delay_s=delay)
            try:
                async with asyncio.timeout(delay):
                    await self._closing.wait()
            except TimeoutError:
                pass

    async def _live(self) -> None:
        """One incarnation, from its start to its end; nothing of it remains afterwards."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._env,
            # Ctrl-C in a terminal is for the server, which then ends its workers itself.
            start_new_session=True,
        )
        self._process, self.starts = process, self.starts + 1
        loop = asyncio.get_running_loop()
        reader = loop.create_task(self._read_replies(process))
        others = [loop.create_task(self._drain_stderr(process)), loop.create_task(self._closing.wait())]
        try:
            await asyncio.wait([reader, others[1]], return_when=asyncio.FIRST_COMPLETED)
            self._process = None
            self._down(self.problem or "the process ended")
            await self._stop(process)
            others[1].cancel()
            await asyncio.wait([reader, *others])
        finally:
            # Only where the loop itself is being torn down is anything left to do here.
            _signal(process, signal.SIGKILL)
            for task in (reader, *others):
                task.cancel()
        reader.result()

    async def _read_replies(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        parser = FrameParser()
        async with asyncio.timeout(self._load_timeout) as loading:
            while data := await process.stdout.read(_READ_BYTES):
                for frame in parser.feed(data):
                    self._take(frame)
                if self.ready:
                    loading.reschedule(None)

    def _take(self, frame: Frame) -> None:
        if frame.header.get("ready") is True:
            load_ms = frame.header.get("loadMs")
            self.load_ms = load_ms if isinstance(load_ms, int) else 0
            self.problem = None
            self._ready.set()
            self._log.info("speech_worker_ready", pid=self.pid, load_ms=self.load_ms)
            self._on_change()
        elif "fatal" in frame.header:
            self.problem = str(frame.header["fatal"])
            self._log.error("speech_worker_cannot_load", problem=self.problem)
        elif self._awaits(frame):
            assert self._reply is not None
            self._reply.set_result(frame)

    def _awaits(self, frame: Frame) -> bool:
        # A reply to a request that was abandoned has an older id.
        waiting = self._reply is not None and not self._reply.done()
        return waiting and frame.header.get("id") == self._request_id

    def _down(self, problem: str) -> None:
        self._ready.clear()
        self.problem = problem
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(WorkerDied(f"the worker died: {problem}"))
        self._on_change()

    async def _drain_stderr(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(_READ_BYTES):
            for line in data.decode(errors="replace").splitlines():
                if line.strip():
                    self._log.info("speech_worker_stderr", line=line[:_STDERR_LINE_BYTES])

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        _signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(self._stop_timeout):
                await process.wait()
        except TimeoutError:
            _signal(process, signal.SIGKILL)
            await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        try:
            process.send_signal(number)
        except ProcessLookupError:
            pass
