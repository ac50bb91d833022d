"""A whole handoff on real speech: asked for in words, taken at the console, heard and read on both sides."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from bridge.speech.engines import default_threads
from bridge.speech.whisper_engine import WhisperEngine
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess
from tests.harness.voice import RATE, room_noise, synthesise
from tests.harness.web_console import WebConsole
from tests.harness.words import word_errors, words

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANN = "Ann Miller"
ASKS = "Can I speak to a human, please?"
OPERATOR_SAYS = "I have your order in front of me. The driver left the bakery at eight this morning."
CALLER_SAYS = "My cake has not arrived yet, and the party begins in the afternoon."
_PAUSE_S = 2.0
_MISHEARD = 3


async def test_what_is_said_is_heard_and_read_on_both_sides(tmp_path: Path) -> None:
    whisper = WhisperEngine(threads=default_threads())
    await whisper.start()
    try:
        voice = await synthesise([ASKS, OPERATOR_SAYS, CALLER_SAYS])
        # Over and over, with pauses: whenever the call begins, the whole of it comes.
        file = write_wav(tmp_path / "operator.wav", voice[OPERATOR_SAYS] + room_noise(_PAUSE_S))
        async with (
            ServerProcess(tmp_path, stt="whisper", tts="piper") as server,
            Browser(file) as browser,
            Console(server, "kim") as watcher,
        ):
            await server.ready()
            console = await WebConsole.on_shift(server, browser)
            async with phone_for(server, name=ANN) as phone:
                await ask_for_a_person(phone, voice[ASKS])
                await expect(console.card(ANN)).to_contain_text("human", timeout=30_000)
                await console.accept(ANN)
                first = phone.slots
                operator_read = await said(watcher, "human", OPERATOR_SAYS)
                slots = list(phone.heard)[first - phone.slots :]
                phone.speak_pcm(voice[CALLER_SAYS])
                operator_hears = await console.hear(len(voice[CALLER_SAYS]) / 2 / RATE + 1.0)
                caller_read = await said(watcher, "caller", CALLER_SAYS)
                for text in (operator_read, caller_read):
                    await expect(console.page.get_by_role("log")).to_contain_text(text)
            await console.says(f"{ANN} hung up.")
            await console.close()
        await whisper.wait_ready()
        at_the_page = await whisper.transcribe(operator_hears.tobytes(), rate=RATE, urgency=Urgency.FINAL)
        caller_hears = ulaw_decode(b"".join(slot.payload for slot in slots))
        at_the_phone = await whisper.transcribe(caller_hears, rate=RATE, urgency=Urgency.FINAL)
    finally:
        await whisper.close()
    assert word_errors(words(CALLER_SAYS), words(at_the_page)) <= _MISHEARD, at_the_page
    assert contains(at_the_phone, OPERATOR_SAYS), at_the_phone


async def ask_for_a_person(phone: TwilioSimulator, pcm: bytes) -> None:
    """Hear the bot out, and say so."""
    await phone.wait_heard(lambda heard: any(slot.buffered for slot in heard), within=20)
    await phone.wait_quiet(1500, within=30)
    phone.speak_pcm(pcm)
    await phone.spoken(within=10)


async def said(watcher: Console, speaker: str, text: str) -> str:
    """Wait until the thread has these words of that speaker, give or take a few; as they stand there."""
    async with asyncio.timeout(40):
        count = 0
        while True:
            count += 1
            message = (await watcher.wait("transcript", count, within=40))["message"]
            if message["final"] and message["speaker"] == speaker and contains(message["text"], text):
                return str(message["text"])


def contains(heard: str, text: str) -> bool:
    """True where all of `text` is in what was heard, give or take a few; more may be around it."""
    all_heard, wanted = words(heard), words(text)
    starts = range(max(1, len(all_heard) - len(wanted) + 2))
    return any(word_errors(wanted, all_heard[at : at + len(wanted)]) <= _MISHEARD for at in starts)
