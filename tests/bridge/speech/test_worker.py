from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge.speech.dispatch import Dispatcher
from bridge.speech.errors import Shed, SpeechUnavailable
from bridge.speech.jobs import Job
from bridge.speech.worker import WorkerDied, WorkerFailed, WorkerProcess

HERE = Path(__file__).parent
ENV = {"PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}


@contextlib.asynccontextmanager
async def working(**options: Any) -> AsyncIterator[WorkerProcess]:
    worker = WorkerProcess("echo_worker", env=ENV, **options)
    await worker.start()
    try:
        await worker.wait_ready()
        yield worker
    finally:
        await worker.close()


@contextlib.asynccontextmanager
async def dispatching(capacity: int = 16, **options: Any) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher("echo_worker", env=ENV, capacity=capacity, **options)
    await dispatcher.start()
    try:
        await dispatcher.worker.wait_ready()
        yield dispatcher
    finally:
        await dispatcher.close()


@contextlib.asynccontextmanager
async def occupied(dispatcher: Dispatcher, tmp_path: Path) -> AsyncIterator[None]:
    """The worker is busy inside; it goes on with the queue afterwards."""
    fifo = tmp_path / "occupied"
    os.mkfifo(fifo)
    blocker = dispatcher.submit({"do": "wait", "path": str(fifo)}, priority=(-1.0,), patience_s=60)
    # Opening for writing returns when the worker has opened for reading: it is inside the request.
    gate = await asyncio.to_thread(fifo.open, "wb")
    try:
        yield
    finally:
        gate.close()
        await blocker.future


async def test_a_request_brings_its_own_reply_and_payload() -> None:
    async with working() as worker:
        replies = await asyncio.gather(*(worker.request({}, bytes([n]) * 100_000) for n in range(4)))
        assert [reply.payload for reply in replies] == [bytes([n]) * 100_000 for n in range(4)]
        assert {reply.header["pid"] for reply in replies} == {worker.pid}


async def test_a_refused_request_leaves_the_worker_running() -> None:
    async with working() as worker:
        pid = worker.pid
        with pytest.raises(WorkerFailed, match="no such request"):
            await worker.request({"do": "refuse"})
        assert (await worker.request({}, b"ok")).payload == b"ok"
        assert worker.pid == pid


async def test_an_abandoned_reply_is_not_taken_for_the_next_ones(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    async with working() as worker:
        abandoned = asyncio.ensure_future(worker.request({"do": "wait", "path": str(fifo)}, b"old"))
        gate = await asyncio.to_thread(fifo.open, "wb")
        abandoned.cancel()
        following = asyncio.ensure_future(worker.request({}, b"new"))
        gate.close()
        assert (await following).payload == b"new"
        assert abandoned.cancelled()


async def test_a_killed_worker_fails_its_request_and_comes_back() -> None:
    running: list[WorkerProcess] = []
    changes: list[bool] = []
    async with working(on_change=lambda: changes.extend(one.ready for one in running)) as worker:
        running.append(worker)
        old = worker.pid
        with pytest.raises(WorkerDied):
            await worker.request({"do": "die"})
        assert not worker.ready
        await worker.wait_ready()
        reply = await worker.request({}, b"again")
        assert reply.payload == b"again"
        assert reply.header["pid"] == worker.pid != old
        assert changes[0] is False
        assert changes[-1] is True
        assert worker.starts == 2


async def test_a_worker_that_hangs_is_replaced() -> None:
    async with working(request_timeout=0.2) as worker:
        old = worker.pid
        with pytest.raises(WorkerDied, match="in time"):
            await worker.request({"do": "hang"})
        await worker.wait_ready()
        assert (await worker.request({})).header["pid"] != old


async def test_what_a_library_prints_does_not_garble_the_replies() -> None:
    with structlog.testing.capture_logs() as logs:
        async with working() as worker:
            assert (await worker.request({"do": "print"}, b"x")).payload == b"x"
        lines = [entry["line"] for entry in logs if entry["event"] == "speech_worker_stderr"]
    assert "a library talks on stdout" in lines


async def test_a_model_that_cannot_be_loaded_is_said_in_a_sentence() -> None:
    told = asyncio.Event()
    worker = WorkerProcess("echo_worker", ["--broken"], env=ENV, on_change=told.set)
    await worker.start()
    try:
        await told.wait()
        assert not worker.ready
        assert worker.problem == "The model is missing."
    finally:
        await worker.close()


async def test_closing_stops_the_process_however_often_it_is_asked() -> None:
    async with working() as worker:
        pid = worker.pid
        assert pid is not None
        await worker.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        await worker.close()
        assert not worker.ready
        with pytest.raises(WorkerDied):
            await worker.request({})


def test_a_worker_ends_when_its_stdin_does() -> None:
    command = [sys.executable, "-m", "echo_worker"]
    with subprocess.Popen(
        command, env={**os.environ, **ENV}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdin is not None
        assert worker.stdout.read(8)
        worker.stdin.close()
        assert worker.wait(30) == 0


def test_a_worker_ends_at_bytes_that_are_no_request() -> None:
    command = [sys.executable, "-m", "echo_worker"]
    worker = subprocess.run(
        command, env={**os.environ, **ENV}, input=b"\xff" * 64, capture_output=True, timeout=30, check=False
    )
    assert worker.returncode == 2
    assert b"reading requests failed" in worker.stderr


def test_no_worker_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    fifos = [tmp_path / "first", tmp_path / "second"]
    for fifo in fifos:
        os.mkfifo(fifo)
    with subprocess.Popen(
        [sys.executable, str(HERE / "orphan_maker.py"), *map(str, fifos)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        held = [fifo.open("rb") for fifo in fifos]
        server.send_signal(signal.SIGKILL)
        # The end of the file comes when nobody holds it for writing any more: the workers are gone.
        assert [file.read() for file in held] == [b"", b""]
        for file in held:
            file.close()


def _note(done: list[str], name: str, _: object) -> None:
    done.append(name)


async def test_queued_work_is_done_by_urgency(tmp_path: Path) -> None:
    done: list[str] = []
    async with dispatching() as dispatcher:
        async with occupied(dispatcher, tmp_path):
            jobs: list[Job] = []
            for name, urgency in (("partial", 2.0), ("final", 1.0), ("turn", 0.0), ("late turn", 0.0)):
                job = dispatcher.submit({}, priority=(urgency,), patience_s=60)
                job.future.add_done_callback(partial(_note, done, name))
                jobs.append(job)
        await asyncio.gather(*(job.future for job in jobs))
    assert done == ["turn", "late turn", "final", "partial"]


async def test_when_too_much_waits_partials_are_shed_and_finals_are_not(tmp_path: Path) -> None:
    async with dispatching(capacity=2) as dispatcher:
        async with occupied(dispatcher, tmp_path):
            loose = dispatcher.submit({}, priority=(2.0,), patience_s=60, droppable=True)
            finals = [dispatcher.submit({}, b"1", priority=(1.0,), patience_s=60)]
            with pytest.raises(Shed):
                dispatcher.submit({}, priority=(2.0,), patience_s=60, droppable=True)
            finals.append(dispatcher.submit({}, b"2", priority=(1.0,), patience_s=60))
            with pytest.raises(Shed):
                await loose.future
            with pytest.raises(SpeechUnavailable, match="too much"):
                dispatcher.submit({}, priority=(0.0,), patience_s=60)
        assert [(await final.future).payload for final in finals] == [b"1", b"2"]
        assert dispatcher.shed_count == 2


async def test_a_partial_that_waited_too_long_is_shed(tmp_path: Path) -> None:
    async with dispatching() as dispatcher:
        async with occupied(dispatcher, tmp_path):
            late = dispatcher.submit({}, priority=(2.0,), patience_s=60, max_age_s=0.0, droppable=True)
            fresh = dispatcher.submit(
                {}, b"fresh", priority=(2.0,), patience_s=60, max_age_s=60.0, droppable=True
            )
        with pytest.raises(Shed):
            await late.future
        assert (await fresh.future).payload == b"fresh"


async def test_an_abandoned_job_leaves_the_queue(tmp_path: Path) -> None:
    async with dispatching() as dispatcher:
        async with occupied(dispatcher, tmp_path):
            job = dispatcher.submit({}, priority=(1.0,), patience_s=60)
            assert dispatcher.queued == 1
            dispatcher.abandon(job)
            assert dispatcher.queued == 0
        assert job.future.cancelled()


async def test_work_that_was_in_a_dying_worker_is_done_by_the_next(tmp_path: Path) -> None:
    async with dispatching() as dispatcher:
        header = {"do": "die_once", "path": str(tmp_path / "died")}
        job = dispatcher.submit(header, b"precious", priority=(1.0,), patience_s=60)
        assert (await job.future).payload == b"precious"
        assert dispatcher.worker.starts == 2


async def test_work_that_kills_every_worker_is_given_up(tmp_path: Path) -> None:
    async with dispatching() as dispatcher:
        deadly = dispatcher.submit({"do": "die", "path": str(tmp_path / "x")}, priority=(1.0,), patience_s=60)
        with pytest.raises(SpeechUnavailable):
            await deadly.future
        harmless = dispatcher.submit({}, b"ok", priority=(1.0,), patience_s=60)
        assert (await harmless.future).payload == b"ok"
        assert dispatcher.worker.starts == 3


async def test_a_partial_in_a_dying_worker_is_shed(tmp_path: Path) -> None:
    async with dispatching() as dispatcher:
        header = {"do": "die", "path": str(tmp_path / "x")}
        loose = dispatcher.submit(header, priority=(2.0,), patience_s=60, droppable=True)
        with pytest.raises(Shed):
            await loose.future


async def test_work_waits_for_a_dead_engine_only_as_long_as_it_has_patience() -> None:
    dispatcher = Dispatcher("echo_worker", ["--broken"], env=ENV, capacity=8)
    await dispatcher.start()
    try:
        patient = dispatcher.submit({}, priority=(1.0,), patience_s=3600)
        hasty = dispatcher.submit({}, priority=(1.0,), patience_s=0.01)
        loose = dispatcher.submit({}, priority=(2.0,), patience_s=0.01, droppable=True)
        with pytest.raises(SpeechUnavailable):
            await hasty.future
        with pytest.raises(Shed):
            await loose.future
        assert not patient.future.done()
    finally:
        await dispatcher.close()
    with pytest.raises(SpeechUnavailable, match="shut down"):
        await patient.future


async def test_after_closing_nothing_is_accepted() -> None:
    async with dispatching() as dispatcher:
        await dispatcher.close()
        with pytest.raises(SpeechUnavailable):
            dispatcher.submit({}, priority=(1.0,), patience_s=60)
        await dispatcher.close()
