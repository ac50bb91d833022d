"""A call whose words come from Deepgram: from a server that speaks its protocol, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.ports import Urgency
from bridge.speech.engines import default_threads
from bridge.speech.whisper_engine import WhisperEngine
from tests.deepgram_server import KEY, DeepgramServer
from tests.harness.console import Console
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess
from tests.harness.voice import synthesise

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKS = "I want to speak to a human, please."
GOES_ON = "I want to change the delivery address of my order, because we moved to another house yesterday."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice() -> dict[str, bytes]:
    return await synthesise([ASKS, GOES_ON])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deepgram() -> AsyncIterator[DeepgramServer]:
    """Deepgram's protocol with the packaged model behind it."""
    whisper = WhisperEngine(threads=default_threads())
    await whisper.start()
    await whisper.wait_ready()

    async def recognise(pcm: bytes, rate: int) -> str:
        return await whisper.transcribe(pcm, rate=rate, urgency=Urgency.FINAL)

    async with DeepgramServer(recognise) as server:
        yield server
    await whisper.close()


def caller_finals(console: Console) -> list[str]:
    messages = [event["message"] for event in console.all("transcript")]
    return [message["text"] for message in messages if message["final"] and message["speaker"] == "caller"]


async def until_caller_said(console: Console, count: int) -> str:
    """The caller's last final message, once there are `count`."""
    while len(caller_finals(console)) < count:
        await console.wait("transcript", len(console.all("transcript")) + 1, within=30)
    return caller_finals(console)[-1].lower()


async def until_noted(console: Console, words: str) -> None:
    """Return once a system message has these words."""
    while not any(
        event["message"]["speaker"] == "system" and words in event["message"]["text"]
        for event in console.all("transcript")
    ):
        await console.wait("transcript", len(console.all("transcript")) + 1, within=30)


async def test_the_bot_understands_and_a_lost_connection_costs_no_word(
    tmp_path: Path, deepgram: DeepgramServer, voice: dict[str, bytes]
) -> None:
    settings = {"stt": "deepgram", "deepgram_key": KEY, "deepgram_url": deepgram.url}
    async with ServerProcess(tmp_path, **settings) as server:
        await server.ready()
        async with Console(server) as console, phone_for(server) as phone:
            await console.wait("call_state", state="bot", within=30)
            phone.speak_pcm(voice[ASKS])
            assert "human" in await until_caller_said(console, 1)
            await console.wait("call_state", state="handoff", within=30)
            # The leg's connection breaks in the middle of a sentence.
            heard = sum(len(session.audio) for session in deepgram.sessions) / 16000
            deepgram.drop_after_s = heard + 1.5
            phone.speak_pcm(voice[GOES_ON])
            async with asyncio.timeout(30):
                await deepgram.dropped.wait()
            text = await until_caller_said(console, 2)
            for word in ("change", "delivery", "address", "another", "house", "yesterday"):
                assert text.count(word) == 1, text
        assert await server.stop() == 0
    assert "CloseStream" in deepgram.sessions[-1].told


async def test_what_deepgram_could_not_hear_is_written_when_it_is_back(
    tmp_path: Path, deepgram: DeepgramServer, voice: dict[str, bytes]
) -> None:
    settings = {"stt": "deepgram", "deepgram_key": KEY, "deepgram_url": deepgram.url}
    async with ServerProcess(tmp_path, **settings) as server:
        await server.ready()
        async with Console(server) as console, phone_for(server) as phone:
            view = await console.wait("call_state", state="bot", within=30)
            deepgram.refuse_with = 503
            deepgram.drop_all()
            phone.speak_pcm(voice[GOES_ON])
            await until_noted(console, "could not be transcribed yet")
            assert caller_finals(console) == []
            deepgram.refuse_with = None
            assert "delivery address" in await until_caller_said(console, 1)
            messages = await server.messages(view["threadId"])
            (said,) = [message for message in messages if message["speaker"] == "caller"]
            assert said["late"]


async def test_readiness_says_that_the_key_is_refused(tmp_path: Path, deepgram: DeepgramServer) -> None:
    settings = {"stt": "deepgram", "deepgram_key": "wrong", "deepgram_url": deepgram.url}
    async with ServerProcess(tmp_path, **settings) as server, asyncio.timeout(30):
        ready = await server.get("/readyz", status=503)

        while "PATCHBAY_DEEPGRAM_KEY" not in str(ready):
            await asyncio.sleep(0.05)
            ready = await server.get("/readyz", status=503)
        assert not any("wrong" in line for line in server.lines)
