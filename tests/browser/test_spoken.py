"""A person and a caller talk at the same time through a real Chromium, as its echo canceller leaves them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from bridge.speech.engines import default_threads
from bridge.speech.whisper_engine import WhisperEngine
from tests.browser.page_console import PageConsole
from tests.harness.browser import Browser, write_wav
from tests.harness.handoff import bridge, phone_for
from tests.harness.server import ServerProcess
from tests.harness.voice import RATE, room_noise, synthesise
from tests.harness.words import word_errors, words

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR_SAYS = "I have your order in front of me. The driver left the bakery at eight this morning."
CALLER_SAYS = "My cake has not arrived yet, and the party begins in the afternoon."
_BEFORE_S, _AFTER_S = 4.0, 1.0
_MISHEARD = 2


async def test_operator_and_caller_understand_each_other(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    whisper = WhisperEngine(threads=default_threads())
    await whisper.start()
    try:
        voice = await synthesise([OPERATOR_SAYS, CALLER_SAYS])
        said = room_noise(_BEFORE_S) + voice[OPERATOR_SAYS] + room_noise(_AFTER_S)
        seconds = len(said) / 2 / RATE
        file = write_wav(tmp_path / "operator.wav", said)
        async with (
            Browser(file, once=True) as browser,
            PageConsole(shared_server, browser, source="microphone") as console,
            phone_for(shared_server) as phone,
        ):
            # The file begins when the page takes the microphone: what comes before the words is the time
            # that there is for getting through.
            await console.open_audio()
            await bridge(console, phone)
            first = phone.slots
            phone.speak_pcm(voice[CALLER_SAYS])
            at_the_page, _ = await asyncio.gather(
                console.hear(len(voice[CALLER_SAYS]) / 2 / RATE + _AFTER_S),
                phone.until(lambda: phone.slots >= first + seconds * 50, within=20),
            )
            slots = list(phone.heard)[first - phone.slots :]
            at_the_phone = ulaw_decode(b"".join(slot.payload for slot in slots))
        await whisper.wait_ready()
        caller_understood = await whisper.transcribe(at_the_phone, rate=RATE, urgency=Urgency.FINAL)
        operator_understood = await whisper.transcribe(
            at_the_page.tobytes(), rate=RATE, urgency=Urgency.FINAL
        )
    finally:
        await whisper.close()
    assert word_errors(words(OPERATOR_SAYS), words(caller_understood)) <= _MISHEARD, caller_understood
    assert word_errors(words(CALLER_SAYS), words(operator_understood)) <= _MISHEARD, operator_understood
    print(f"the caller understood: {caller_understood}; the operator: {operator_understood}")
