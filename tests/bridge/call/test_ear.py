"""What is said to an ear comes to a text, or is kept until it does."""

from __future__ import annotations

from pathlib import Path

import pytest_asyncio

from bridge.call.ear import Ear
from bridge.call.tasks import CallTasks
from bridge.media.frame import Frame
from bridge.ports import Codec, SpeechToText, Urgency
from bridge.speech.batch import BatchStream
from bridge.speech.engines import DisabledSpeechToText
from bridge.thread.backlog import Backlog
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import CallThread
from tests.bridge.thread.helpers import sqlite_url
from tests.harness.voice import RATE, synthesise

SAYS = "I want to speak to a human, please."


class Broken(DisabledSpeechToText):
    """An engine whose answers cannot be read."""

    def stream(self, rate: int) -> BatchStream:
        """Each utterance by itself."""
        return BatchStream(self.transcribe, rate)

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """No text."""
        raise ValueError("This is no answer.")


class Listening:
    """An ear of a call whose audio is kept where it comes to no text; `faults`: tasks that failed."""

    def __init__(self, folder: Path, stt: SpeechToText) -> None:
        store = SqlThreadStore(sqlite_url(folder / "patchbay.db"), outbox=False)
        log = ThreadLog(store)
        self.backlog = Backlog(store.backlog, log, limit_bytes=100_000_000)
        self.thread = CallThread(log, "t", "call", deferred=self.backlog)
        self.faults: list[str] = []
        self.tasks = CallTasks("call", lambda: self.faults.append("failed"))
        spawn = self.tasks.spawn
        self.ear = Ear(speaker="caller", name=None, rate=RATE, stt=stt, thread=self.thread, spawn=spawn)

    def hear(self, pcm: bytes) -> None:
        """Push `pcm` in frames."""
        size = RATE // 50 * 2
        for at in range(0, len(pcm) - size + 1, size):
            self.ear.push(Frame.of_pcm(pcm[at : at + size], Codec.L16_8K), at_once=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def said() -> bytes:
    """SAYS, with silence before and after."""
    return bytes(RATE) + (await synthesise([SAYS]))[SAYS] + bytes(RATE * 2)


async def test_what_was_said_is_kept_where_the_call_is_given_up_in_the_moment_it_was_over(
    tmp_path: Path, said: bytes
) -> None:
    on = Listening(tmp_path, DisabledSpeechToText())
    async with on.tasks:
        on.hear(said)
        assert on.backlog.rows == 0
        on.tasks.cancel()
    assert on.backlog.rows == 1
    assert on.backlog.seconds > 1


async def test_what_an_engine_fails_on_as_nobody_expected_is_kept_and_the_call_goes_on(
    tmp_path: Path, said: bytes
) -> None:
    on = Listening(tmp_path, Broken())
    heard: list[str] = []
    on.ear.listen(on_speech=lambda: None, on_text=heard.append, on_nothing=lambda: heard.append(""))
    async with on.tasks:
        on.hear(said)
        await on.tasks.ended(("recognise",), 20)
        assert heard == [""], "the bot asks again"
        assert (on.backlog.rows, on.faults) == (1, [])
        assert on.ear.quiet.is_set()


async def test_words_that_are_known_are_not_kept(tmp_path: Path, said: bytes) -> None:
    on = Listening(tmp_path, DisabledSpeechToText())
    async with on.tasks:
        on.hear(said)
        await on.tasks.ended(("recognise",), 20)
    assert on.backlog.rows == 0
