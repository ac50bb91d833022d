"""Deepgram's engine on a server that speaks its protocol; on the cloud itself where a key is set."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bridge.ports import Urgency
from bridge.speech.deepgram_engine import DeepgramEngine
from bridge.speech.engines import DeepgramAccess, default_threads
from bridge.speech.whisper_engine import WhisperEngine
from tests.deepgram_server import KEY, DeepgramServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 8000
FRAME = RATE // 50 * 2
ASK, NUMBER = "I want to speak to a human, please.", "What are your opening hours on Sunday?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deepgram() -> AsyncIterator[DeepgramEngine]:
    """The cloud where PATCHBAY_DEEPGRAM_KEY is set, else our server with the packaged model behind it."""
    key = os.environ.get("PATCHBAY_DEEPGRAM_KEY")
    whisper = WhisperEngine(threads=default_threads())

    async def recognise(pcm: bytes, rate: int) -> str:
        return await whisper.transcribe(pcm, rate=rate, urgency=Urgency.FINAL)

    async with DeepgramServer(recognise) as server:
        if key is None:
            await whisper.start()
            await whisper.wait_ready()
        access = DeepgramAccess(key) if key else DeepgramAccess(KEY, url=server.url)
        engine = DeepgramEngine(access.key, model=access.model, url=access.url)
        await engine.start()
        async with asyncio.timeout(30):
            await engine.wait_ready()
        yield engine
        await engine.close()
        await whisper.close()


def frames(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME] for at in range(0, len(pcm), FRAME)]


async def test_an_utterance_is_understood_as_it_is_spoken(
    deepgram: DeepgramEngine, spoken: dict[str, bytes]
) -> None:
    partials: list[str] = []
    stream = deepgram.stream(RATE)
    hearing = stream.hear(b"", urgency=Urgency.FINAL, on_partial=partials.append)
    for frame in frames(spoken[ASK]):
        hearing.feed(frame)
    async with asyncio.timeout(30):
        heard = await hearing.finish(spoken[ASK])
    stream.close()
    assert "human" in heard.lower()
    assert partials
    assert partials[-1] == heard


async def test_utterances_on_one_connection_keep_their_words_apart(
    deepgram: DeepgramEngine, spoken: dict[str, bytes]
) -> None:
    stream = deepgram.stream(RATE)
    heard = []
    for text in (ASK, NUMBER):
        hearing = stream.hear(spoken[text], urgency=Urgency.TURN, on_partial=lambda text: None)
        hearing.feed(bytes(FRAME * 11))
        hearing.pause(spoken[text])
        async with asyncio.timeout(30):
            heard.append((await hearing.finish(spoken[text])).lower())
    stream.close()
    assert "human" in heard[0]
    assert "sunday" in heard[1]
    assert "human" not in heard[1]
    assert stream.connections == 1


async def test_recorded_audio_is_understood(deepgram: DeepgramEngine, spoken: dict[str, bytes]) -> None:
    heard = await deepgram.transcribe(spoken[NUMBER], rate=RATE, urgency=Urgency.FINAL)
    assert "sunday" in heard.lower()
    assert await deepgram.transcribe(b"", rate=RATE, urgency=Urgency.FINAL) == ""


async def test_where_nothing_was_said_nothing_is_heard(deepgram: DeepgramEngine) -> None:
    stream = deepgram.stream(RATE)
    hearing = stream.hear(bytes(FRAME * 100), urgency=Urgency.FINAL, on_partial=lambda text: None)
    async with asyncio.timeout(30):
        assert await hearing.finish(bytes(FRAME * 100)) == ""
    stream.close()
