"""A recogniser that dies in the middle of an utterance and stays away: no word is lost, none comes twice."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.speech.whisper_worker import packaged_model
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.figures import scrape
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess
from tests.harness.voice import room_noise, synthesise

SAYS = "My order number is four five seven two, and it never arrived."
WORDS = "order number"


class Recogniser:
    """The server's model, which can be taken away: without it no worker comes up again."""

    def __init__(self, folder: Path) -> None:
        self.model = folder / "model"
        self.restore()

    def restore(self) -> None:
        """Let workers load it."""
        self.model.symlink_to(packaged_model())

    def kill(self, server: ServerProcess) -> None:
        """kill -9 the worker that there is, and let no other come up."""
        self.model.unlink()
        tasks = Path(f"/proc/{server.pid}/task")
        children = " ".join((task / "children").read_text() for task in tasks.iterdir()).split()
        workers = [pid for pid in children if b"whisper_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert len(workers) == 1
        os.kill(int(workers[0]), signal.SIGKILL)


Messages = list[dict[str, Any]]


async def thread_of(server: ServerProcess, thread_id: str, enough: Callable[[Messages], bool]) -> Messages:
    """The thread, once it is as `enough` says."""
    messages: Messages = []
    try:
        async with asyncio.timeout(60):
            while True:
                messages = await server.messages(thread_id)
                if enough(messages):
                    return messages
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"it stays at {messages}") from None


def by(messages: Messages, speaker: str) -> Messages:
    """What that speaker said."""
    return [message for message in messages if message["speaker"] == speaker]


def told(messages: Messages) -> Messages:
    """Notes of speech without a text."""
    return [
        message for message in by(messages, "system") if "could not be transcribed yet" in message["text"]
    ]


async def cut_off(phone: TwilioSimulator, server: ServerProcess, recogniser: Recogniser, pcm: bytes) -> None:
    """Say `pcm`, and lose the recogniser a second into it."""
    phone.speak_pcm(room_noise() + pcm + room_noise())
    begun = phone.slots
    await phone.until(lambda: phone.slots >= begun + 100, within=20)
    recogniser.kill(server)
    await phone.spoken(within=30)


@pytest.fixture
def recogniser(tmp_path: Path) -> Recogniser:
    """A model of the test's own."""
    return Recogniser(tmp_path)


@pytest.mark.parametrize("server_dies", [False, True])
async def test_words_said_while_the_recogniser_is_dead_come_late_and_once(
    tmp_path: Path, recogniser: Recogniser, server_dies: bool
) -> None:
    pcm = (await synthesise([SAYS]))[SAYS]
    thread_id = str(uuid.uuid4())
    async with ServerProcess(tmp_path, stt="whisper", whisper_model=recogniser.model) as server:
        await server.ready()
        async with phone_for(server, threadId=thread_id) as phone:
            await cut_off(phone, server, recogniser, pcm)
            gap = told(await thread_of(server, thread_id, lambda thread: bool(told(thread))))[0]
            seconds = int(gap["text"].split()[0])
            assert abs(seconds - len(pcm) / 16000) <= 2
            assert "of the caller" in gap["text"]
            assert ".." not in gap["text"]
            figures = await scrape(server)
            assert (
                figures["patchbay_backlog_utterances_total", "kept"] >= figures["patchbay_backlog_rows",] >= 1
            )
            if server_dies:
                await server.kill()
                recogniser.restore()
                await server.start()
            else:
                await phone.press("5")
                await thread_of(server, thread_id, lambda thread: len(by(thread, "caller")) == 1)
                recogniser.restore()

            def arrived(thread: Messages) -> bool:
                return any(WORDS in message["text"].lower() for message in by(thread, "caller"))

            thread = await thread_of(server, thread_id, arrived)
            (late,) = [message for message in by(thread, "caller") if WORDS in message["text"].lower()]
            assert late["late"]
            assert gap["seq"] < late["seq"]
            assert late["startedAt"] == gap["startedAt"]
            assert [message["seq"] for message in thread] == list(range(1, len(thread) + 1))
            assert len(told(thread)) == 1
            figures = await scrape(server)
            assert figures["patchbay_backlog_utterances_total", "written"] >= 1
            assert figures["patchbay_backlog_given_up_seconds_total",] == 0
            # What was shown stays where it was.
            assert thread[gap["seq"] - 1] == gap
