"""What is said on a bad road is understood at the other end as well as on a good one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from bridge.speech.engines import default_threads
from bridge.speech.whisper_engine import WhisperEngine
from tests.harness.handoff import bridge, phone_for
from tests.harness.road import Road, Weather
from tests.harness.road_console import RoadConsole
from tests.harness.server import ServerProcess
from tests.harness.voice import RATE, room_noise, synthesise
from tests.harness.words import word_errors, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPOKEN = (
    "Good morning, and thank you for waiting. I have your order on the screen in front of me. "
    "The driver left the bakery at eight this morning with two large boxes. He has four other houses to "
    "visit before he comes to you. The road by the river is closed today, so he has to drive around the "
    "hill. That is why the cake is late, and we are very sorry about it.",
    "If you like, I can ask him to call you when he is five minutes away. You can also pick it up "
    "at our shop in the station, which is open until nine in the evening. Please bring the paper that "
    "came with the order. We will take ten dollars off the price for your trouble, and there is "
    "a small present for your daughter in the bag. Is there anything else that I can do for you?",
)
ROADS = {"clean": Weather(), "lossy": Weather(loss=0.05)}
CODECS = {"Opus": "audio/opus", "PCMU": "audio/PCMU"}
CALLS = [(codec, road, part) for codec in CODECS for road in ROADS for part in range(len(SPOKEN))]
NAMES = [f"agent{number}" for number in range(len(CALLS))]
Transcripts = dict[tuple[str, str], str]


async def carried(server: ServerProcess, name: str, codec: str, weather: Weather, pcm: bytes) -> bytes:
    """What the phone hears of an operator who says `pcm` on such a road, as s16le at 8 kHz."""
    login = await server.post("/api/login", {"username": name, "password": name})
    async with (
        Road(5) as road,
        RoadConsole(
            server, road, name, idle=room_noise(), codec=CODECS[codec], token=login["token"]
        ) as console,
        phone_for(server) as phone,
    ):
        await console.open_audio()
        await bridge(console, phone)
        road.weather = weather
        first = phone.slots
        console.microphone.say(pcm)
        await phone.until(lambda: not console.microphone.speaking, within=60)
        last = phone.slots + 25
        await phone.until(lambda: phone.slots >= last, within=10)
        assert bool(road.lost["towards_server"]) is (weather.loss > 0)
        return ulaw_decode(b"".join(slot.payload for slot in list(phone.heard)[first - phone.slots :]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transcripts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Transcripts]:
    """What Whisper makes of the whole speech, by codec and road; all of it is spoken at the same time."""
    whisper = WhisperEngine(threads=default_threads())
    await whisper.start()
    try:
        voice = await synthesise(SPOKEN)
        operators = ",".join(f"{name}:{name}" for name in NAMES)
        folder: Path = tmp_path_factory.mktemp("words")
        async with ServerProcess(folder, operators=operators) as server, asyncio.TaskGroup() as group:
            calls = [
                group.create_task(carried(server, name, codec, ROADS[road], voice[SPOKEN[part]]))
                for name, (codec, road, part) in zip(NAMES, CALLS, strict=True)
            ]
        await whisper.wait_ready()
        found: Transcripts = {}
        for (codec, road, _), call in zip(CALLS, calls, strict=True):
            text = await whisper.transcribe(call.result(), rate=RATE, urgency=Urgency.FINAL)
            found[codec, road] = f"{found.get((codec, road), '')} {text}"
        yield found
    finally:
        await whisper.close()


@pytest.mark.parametrize("codec", CODECS)
async def test_a_lost_packet_in_twenty_costs_at_most_three_words_in_a_hundred(
    transcripts: Transcripts, codec: str
) -> None:
    said = words(" ".join(SPOKEN))
    clean, lossy = (word_errors(said, words(transcripts[codec, road])) / len(said) for road in ROADS)
    assert clean < 0.1, transcripts[codec, "clean"]
    assert lossy - clean <= 0.03, transcripts[codec, "lossy"]
