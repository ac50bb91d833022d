"""Utterances that are recognised while they are spoken, by the real model in its real process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bridge.ports import Urgency
from bridge.speech.engines import build_stt, default_threads
from bridge.speech.errors import SpeechUnavailable
from bridge.speech.whisper_engine import WhisperEngine

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 8000
FRAME = RATE // 50 * 2
ASK, NUMBER = "I want to speak to a human, please.", "My order number is four five seven two."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper() -> AsyncIterator[WhisperEngine]:
    engine = WhisperEngine(threads=default_threads())
    await engine.start()
    await engine.wait_ready()
    yield engine
    await engine.close()


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm) - FRAME + 1, FRAME)]


async def test_while_somebody_speaks_partials_say_what_they_said_so_far(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    partials: asyncio.Queue[str] = asyncio.Queue()
    said = frames(spoken[NUMBER])
    begun, half_a_second = b"".join(said[: len(said) // 2]), RATE // FRAME
    stream = whisper.stream(RATE)
    hearing = stream.hear(begun, urgency=Urgency.FINAL, on_partial=partials.put_nowait)
    for frame in said[len(said) // 2 :][:half_a_second]:
        hearing.feed(frame)
    async with asyncio.timeout(30):
        partial = await partials.get()
    for frame in said[len(said) // 2 :][half_a_second:]:
        hearing.feed(frame)
    final = await hearing.finish(spoken[NUMBER])
    stream.close()
    assert "number" in partial.lower()
    assert "number" in final.lower()
    assert final != partial
    assert partials.empty()


async def test_while_the_bot_waits_for_an_answer_the_pause_is_recognised_and_no_partial(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    partials: list[str] = []
    hearing = whisper.stream(RATE).hear(b"", urgency=Urgency.TURN, on_partial=partials.append)
    for frame in frames(spoken[ASK]):
        hearing.feed(frame)
    hearing.pause(spoken[ASK])
    # What is asked for later is answered later: then the pause has been recognised.
    assert await whisper.transcribe(spoken[NUMBER], rate=RATE, urgency=Urgency.FINAL)
    assert whisper.queued == 0
    # The text is that of the pause, so that the end asks for nothing new.
    assert "human" in (await hearing.finish(b"")).lower()
    assert partials == []


async def test_after_a_pause_that_was_not_the_end_the_whole_is_recognised(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    hearing = whisper.stream(RATE).hear(b"", urgency=Urgency.TURN, on_partial=lambda text: None)
    hearing.feed(spoken[ASK])
    hearing.pause(spoken[ASK])
    hearing.resume()
    whole = spoken[ASK] + bytes(FRAME * 10) + spoken[NUMBER]
    hearing.feed(spoken[NUMBER])
    heard = (await hearing.finish(whole)).lower()
    assert "human" in heard
    assert "number" in heard


async def test_an_utterance_that_is_given_up_leaves_no_work_behind(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    partials: list[str] = []
    hearing = whisper.stream(RATE).hear(b"", urgency=Urgency.FINAL, on_partial=partials.append)
    hearing.feed(spoken[ASK])
    hearing.cancel()
    hearing.cancel()
    assert "number" in (await whisper.transcribe(spoken[NUMBER], rate=RATE, urgency=Urgency.FINAL)).lower()
    assert partials == []
    assert whisper.queued == 0


async def test_an_utterance_fails_where_there_is_no_engine() -> None:
    engine = WhisperEngine()
    hearing = engine.stream(RATE).hear(bytes(FRAME), urgency=Urgency.TURN, on_partial=lambda text: None)
    hearing.feed(bytes(FRAME * 50))
    hearing.pause(bytes(FRAME * 51))
    with pytest.raises(SpeechUnavailable):
        await hearing.finish(bytes(FRAME * 51))
    await engine.close()


async def test_speech_that_is_switched_off_hears_nothing() -> None:
    hearing = build_stt("none").stream(RATE).hear(bytes(FRAME), urgency=Urgency.FINAL, on_partial=print)
    hearing.feed(bytes(FRAME * 50))
    assert await hearing.finish(bytes(FRAME * 51)) == ""
