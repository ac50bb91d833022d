"""The real models in their real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from bridge.media.g711 import ulaw_decode, ulaw_encode
from bridge.ports import SpeechToText, TextToSpeech, Urgency
from bridge.speech.canned import APOLOGY
from bridge.speech.engines import DeepgramAccess, build_stt, build_tts, default_threads
from bridge.speech.errors import Shed, SpeechUnavailable
from bridge.speech.piper_engine import PiperEngine
from bridge.speech.whisper_engine import WhisperEngine

pytestmark = pytest.mark.asyncio(loop_scope="module")

RATE = 8000
ASK, NUMBER = "I want to speak to a human, please.", "My order number is four five seven two."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whisper() -> AsyncIterator[WhisperEngine]:
    engine = WhisperEngine(threads=default_threads())
    await engine.start()
    await engine.wait_ready()
    yield engine
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def piper() -> AsyncIterator[PiperEngine]:
    engine = PiperEngine(canned=[APOLOGY], canned_rates=[RATE], patience_s=60.0)
    await engine.start()
    await engine.wait_ready()
    yield engine
    await engine.close()


async def said(engine: TextToSpeech, text: str, rate: int = RATE) -> bytes:
    return b"".join([chunk async for chunk in engine.speak(text, rate=rate)])


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until `condition` holds."""
    for _ in range(10_000_000):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


async def in_flight(engine: WhisperEngine) -> None:
    """Return when the worker has taken everything that was queued."""
    await until(lambda: not engine.queued)


async def test_what_piper_says_over_the_phone_whisper_understands(
    whisper: WhisperEngine, piper: PiperEngine
) -> None:
    pcm = ulaw_decode(
        ulaw_encode(await said(piper, "I would like to order three chocolate cakes for Saturday."))
    )
    heard = (await whisper.transcribe(pcm, rate=RATE, urgency=Urgency.TURN)).lower()
    assert "chocolate" in heard
    assert "saturday" in heard
    assert "order" in heard


@pytest.mark.parametrize("urgency", list(Urgency))
async def test_every_urgency_understands_telephone_speech(
    whisper: WhisperEngine, spoken: dict[str, bytes], urgency: Urgency
) -> None:
    heard = (await whisper.transcribe(spoken[ASK], rate=RATE, urgency=urgency)).lower()
    assert "human" in heard


@pytest.mark.parametrize("level", [0, 30, 1500])
async def test_nothing_is_heard_where_nothing_was_said(
    whisper: WhisperEngine, noise: Callable[[float, int], NDArray[np.int16]], level: float
) -> None:
    pcm = noise(level, 2000).tobytes()
    assert await whisper.transcribe(pcm, rate=RATE, urgency=Urgency.FINAL) == ""


async def test_audio_longer_than_the_model_takes_is_understood_to_its_end(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    pcm = spoken[ASK] + bytes(RATE * 2 * 28) + spoken[NUMBER]
    heard = (await whisper.transcribe(pcm, rate=RATE, urgency=Urgency.FINAL)).lower()
    assert "human" in heard
    assert "number" in heard


@pytest.mark.parametrize("size", [3, 2 * RATE * 61])
async def test_audio_that_cannot_be_right_is_refused(whisper: WhisperEngine, size: int) -> None:
    with pytest.raises(ValueError, match="pcm"):
        await whisper.transcribe(bytes(size), rate=RATE, urgency=Urgency.TURN)


async def test_a_cancelled_recognition_leaves_the_queue(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    def begin() -> asyncio.Future[str]:
        return asyncio.ensure_future(whisper.transcribe(spoken[ASK], rate=RATE, urgency=Urgency.FINAL))

    first = begin()
    await asyncio.sleep(0)
    await in_flight(whisper)
    second = begin()
    await asyncio.sleep(0)
    assert whisper.queued == 1
    second.cancel()
    await asyncio.wait([second])
    assert whisper.queued == 0
    assert "human" in (await first).lower()


async def test_a_turn_survives_the_death_of_its_recogniser_and_a_partial_does_not(
    whisper: WhisperEngine, spoken: dict[str, bytes]
) -> None:
    for urgency in (Urgency.PARTIAL, Urgency.TURN):
        task = asyncio.ensure_future(whisper.transcribe(spoken[ASK], rate=RATE, urgency=urgency))
        await asyncio.sleep(0)
        await in_flight(whisper)
        old = whisper.pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        if urgency is Urgency.PARTIAL:
            with pytest.raises(Shed):
                await task
            assert not whisper.ready
            await whisper.wait_ready()
        else:
            assert "human" in (await task).lower()
            assert whisper.ready
        assert whisper.pid != old


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
async def test_speech_has_the_rate_asked_for(piper: PiperEngine, rate: int) -> None:
    chunks = [chunk async for chunk in piper.speak("One, two, three, four.", rate=rate)]
    assert all(len(chunk) <= rate // 5 * 2 and len(chunk) % 2 == 0 for chunk in chunks)
    samples = np.frombuffer(b"".join(chunks), dtype="<i2").astype(np.float64)
    assert 1.0 < len(samples) / rate < 4.0
    assert 700 < np.sqrt(np.mean(samples**2)) < 6000
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    # A voice at its right pitch has most of its power between its fundamental and 1 kHz.
    assert spectrum[(hertz > 60) & (hertz < 1000)].sum() > 0.6 * spectrum.sum()


async def test_the_first_sentence_is_heard_before_the_last_is_made(piper: PiperEngine) -> None:
    text = "We open at nine. On Sunday we open at ten. Is there anything else that I can do for you today?"
    speech = piper.speak(text, rate=RATE)
    first = await anext(speech)
    assert len(first) == RATE // 5 * 2
    assert piper.queued > 0
    await speech.aclose()
    assert piper.queued == 0


async def test_speech_repeated_comes_from_memory(piper: PiperEngine) -> None:
    text = "Every synthesis differs a little, so the same bytes mean the same synthesis."
    assert await said(piper, text) == await said(piper, text)


async def test_prepared_speech_needs_no_synthesis(piper: PiperEngine) -> None:
    texts = ["Your table is ready.", "We are closed on Mondays."]
    piper.prepare(texts, RATE)
    # It is behind the others in the queue, so they are there when it is.
    piper.prepare(["The end of the line."], RATE)
    await until(lambda: piper.prepared("The end of the line.", RATE))
    assert all(piper.prepared(text, RATE) for text in texts)
    speech = piper.speak(texts[0], rate=RATE)
    assert await anext(speech)
    assert piper.queued == 0
    await speech.aclose()


async def test_text_without_words_is_silence(piper: PiperEngine) -> None:
    assert await said(piper, " ... ") == b""


async def test_while_the_voice_is_dead_canned_speech_is_there_and_the_rest_waits(piper: PiperEngine) -> None:
    before = await said(piper, APOLOGY)
    old = piper.pid
    assert old is not None
    waiting = asyncio.ensure_future(said(piper, "This sentence was never said before."))
    await asyncio.sleep(0)
    os.kill(old, signal.SIGKILL)
    await until(lambda: not piper.ready)
    assert await said(piper, APOLOGY) == before
    assert not piper.ready
    assert len(await waiting) > RATE
    assert piper.ready
    assert piper.pid != old


async def test_a_voice_that_does_not_come_up_is_not_waited_for() -> None:
    told = asyncio.Event()
    engine = PiperEngine("no_such_voice", patience_s=0.0, on_change=told.set)
    await engine.start()
    try:
        with pytest.raises(SpeechUnavailable):
            await said(engine, "Hello there.")
        await told.wait()
        assert not engine.ready
        assert engine.problem is not None
        assert "no_such_voice" in engine.problem
        assert "PATCHBAY_PIPER_VOICE" in engine.problem
    finally:
        await engine.close()


async def test_a_model_that_is_not_there_is_named() -> None:
    told = asyncio.Event()
    engine = WhisperEngine("/no/such/model", on_change=told.set)
    await engine.start()
    try:
        await told.wait()
        assert engine.problem is not None
        assert "/no/such/model" in engine.problem
        with pytest.raises(SpeechUnavailable, match=r"check PATCHBAY_WHISPER_MODEL\.$"):
            await engine.transcribe(bytes(RATE), rate=RATE, urgency=Urgency.LATE)
    finally:
        await engine.close()


@pytest.mark.parametrize("language", ["de", "auto"])
async def test_a_model_that_knows_english_only_refuses_another_language(language: str) -> None:
    told = asyncio.Event()
    engine = WhisperEngine(language=language, on_change=told.set)
    await engine.start()
    try:
        await told.wait()
        assert not engine.ready
        assert "knows English only" in str(engine.problem)
        assert "PATCHBAY_LANGUAGE" in str(engine.problem)
    finally:
        await engine.close()


async def test_speech_that_is_switched_off_is_ready_and_silent() -> None:
    ear, voice = build_stt("none"), build_tts("none")
    await ear.start()
    await voice.start()
    assert ear.ready
    assert voice.ready
    assert await ear.transcribe(bytes(320), rate=RATE, urgency=Urgency.TURN) == ""
    assert await said(voice, "Hello.") == b""
    await ear.close()
    await voice.close()


async def test_engines_are_built_by_name_and_unknown_ones_refused() -> None:
    ear: SpeechToText = build_stt("whisper")
    voice: TextToSpeech = build_tts("piper")
    assert not ear.ready
    assert not voice.ready
    assert not build_stt("deepgram", deepgram=DeepgramAccess("a-key")).ready
    with pytest.raises(SpeechUnavailable, match="PATCHBAY_DEEPGRAM_KEY"):
        build_stt("deepgram")
    with pytest.raises(SpeechUnavailable, match="vosk"):
        build_stt("vosk")
    with pytest.raises(SpeechUnavailable, match="festival"):
        build_tts("festival")
