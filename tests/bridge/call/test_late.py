"""Late transcription on a real engine: after everything live, in order, each text once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.call.late import MOST_FAILURES, LateTranscription, Recogniser
from bridge.ports import Urgency
from bridge.speech.dispatch import Dispatcher
from bridge.speech.engines import default_threads
from bridge.speech.errors import Shed, SpeechUnavailable
from bridge.speech.whisper_engine import WhisperEngine
from bridge.thread.backlog import Backlog
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import CallThread
from tests.bridge.thread.helpers import Inbox, at, sqlite_url
from tests.harness.voice import RATE, synthesise

WORKERS = [str(Path(__file__).parents[1] / "speech"), *sys.path]

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = ("one hundred", "two hundred", "three hundred", "four hundred")
SAYS = [f"I would like to order {number} chocolate cakes." for number in NUMBERS]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper() -> AsyncIterator[WhisperEngine]:
    """The packaged model."""
    engine = WhisperEngine(threads=default_threads())
    await engine.start()
    await engine.wait_ready()
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice() -> list[bytes]:
    """Each of SAYS."""
    spoken = await synthesise(SAYS)
    return [spoken[text] for text in SAYS]


@pytest_asyncio.fixture(loop_scope="module")
async def log(tmp_path: Path) -> AsyncIterator[ThreadLog]:
    """A log on a store of its own."""
    store = SqlThreadStore(sqlite_url(tmp_path / "patchbay.db"), outbox=False)
    await store.start()
    yield ThreadLog(store)
    await store.close()


@contextlib.asynccontextmanager
async def late(log: ThreadLog, engine: Recogniser) -> AsyncIterator[Backlog]:
    """A backlog that is worked through."""
    assert isinstance(log.store, SqlThreadStore)
    backlog = Backlog(log.store.backlog, log, limit_bytes=100_000_000)
    texts = LateTranscription(backlog, engine, clean=str.strip, passed_over_s=0.05)
    tasks = [asyncio.ensure_future(work) for work in (backlog.run(), texts.run())]
    try:
        yield backlog
    finally:
        await backlog.close()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def test_with_more_speech_than_can_be_done_live_turns_come_first_and_all_texts_come(
    whisper: WhisperEngine, voice: list[bytes], log: ThreadLog
) -> None:
    inbox, done = Inbox(log), []
    async with late(log, whisper) as backlog, asyncio.TaskGroup() as group:
        thread = CallThread(log, "t", "call", deferred=backlog)
        group.create_task(thread.run())

        async def hear(n: int, urgency: Urgency) -> None:
            """One utterance as an ear has it."""
            utterance = thread.open("caller", None, at(n))
            thread.ended(utterance, at(n + 1))
            pcm = voice[n % len(voice)]
            try:
                thread.close(utterance, await whisper.transcribe(pcm, rate=RATE, urgency=urgency), at(n + 1))
            except SpeechUnavailable as error:
                thread.defer(utterance, pcm, RATE, error.message)
            done.append(urgency)

        async def guess(n: int) -> bool:
            """A partial; False where it was shed."""
            try:
                await whisper.transcribe(voice[n % len(voice)], rate=RATE, urgency=Urgency.PARTIAL)
            except Shed:
                return False
            return True

        kept = thread.open("human", "Ada", at(100))
        thread.ended(kept, at(101))
        thread.defer(kept, voice[0], RATE, "The speech engine is down.")
        before = whisper.shed_count
        partials = [group.create_task(guess(n)) for n in range(30)]
        finals = [group.create_task(hear(n, Urgency.FINAL)) for n in range(24)]
        await asyncio.sleep(0)
        turns = [group.create_task(hear(30 + n, Urgency.TURN)) for n in range(2)]
        await asyncio.wait(turns)
        assert done.count(Urgency.FINAL) <= 1
        assert whisper.waiting(Urgency.FINAL)[0] > 0
        assert thread.behind_s > 0
        await asyncio.wait(finals)
        await inbox.until(lambda: len({m.id for m in inbox.messages if m.speaker != "system"}) == 27)
        assert thread.behind_s == 0
        assert await thread.drain(30.0) == 0
        shed = sum(not task.result() for task in [await _done(task) for task in partials])
        assert shed == whisper.shed_count - before > 0
    messages = await log.store.messages("t") or []
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    spoken = [message for message in messages if message.speaker != "system"]
    assert len({message.id for message in spoken}) == len(spoken) == 27
    assert all("hundred" in message.text.lower() or "00" in message.text for message in spoken)
    in_time = [message.started_at for message in spoken if not message.late]
    assert in_time == sorted(in_time)
    assert next(message for message in spoken if message.id == kept).late


class Sensitive:
    """An engine on a real worker process, which dies of audio that begins with silence."""

    def __init__(self) -> None:
        self.dispatcher = Dispatcher("echo_worker", env={"PYTHONPATH": os.pathsep.join(WORKERS)}, capacity=4)
        self.deaths = 0

    async def wait_ready(self) -> None:
        """See Recogniser."""
        await self.dispatcher.worker.wait_ready()

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """The length of what it survives."""
        deadly = not any(pcm[:100])
        self.deaths += deadly
        job = self.dispatcher.submit(
            {"do": "die" if deadly else "echo", "path": os.devnull},
            pcm,
            priority=(float(urgency),),
            patience_s=30,
            retries=0,
        )
        return f"{len((await job.future).payload) / 2 / rate:.0f} s"


async def test_audio_that_kills_every_recogniser_holds_nobody_up_and_is_given_up(log: ThreadLog) -> None:
    engine, inbox = Sensitive(), Inbox(log)
    await engine.dispatcher.start()
    try:
        async with late(log, engine) as backlog, asyncio.TaskGroup() as group:
            thread = CallThread(log, "t", "call", deferred=backlog)
            group.create_task(thread.run())
            for n, pcm in enumerate((bytes(RATE * 4), b"\x00\x10" * RATE)):
                utterance = thread.open("caller", None, at(n))
                thread.ended(utterance, at(n + 1))
                thread.defer(utterance, pcm, RATE, "The speech engine is down.")
            given_up = "2 s of the caller could not be transcribed: the speech engine fails on it."
            await inbox.until(lambda: given_up in inbox.texts())
            assert await thread.drain(30.0) == 0
            assert (engine.deaths, backlog.rows) == (MOST_FAILURES, 0)
            assert (backlog.written, backlog.given_up) == (1, 1)
    finally:
        await engine.dispatcher.close()
    assert inbox.texts().index("1 s") < inbox.texts().index(given_up)


async def _done(task: asyncio.Task[bool]) -> asyncio.Task[bool]:
    await asyncio.wait([task])
    return task
