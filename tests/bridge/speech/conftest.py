"""Real speech for the tests: synthesised once, as a telephone carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.media.g711 import ulaw_decode, ulaw_encode
from bridge.speech.piper_engine import PiperEngine

RATE = 8000

SENTENCES = (
    "I want to speak to a human, please.",
    "My order number is four five seven two.",
    "What are your opening hours on Sunday?",
)

Samples = NDArray[np.int16]


async def _synthesise() -> dict[str, bytes]:
    engine = PiperEngine(canned=(), patience_s=60.0)
    await engine.start()
    try:
        return {text: b"".join([c async for c in engine.speak(text, rate=RATE)]) for text in SENTENCES}
    finally:
        await engine.close()


def _telephone(pcm: bytes) -> bytes:
    """300-3400 Hz, half as loud, through µ-law and back."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 65536.0
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    narrow = np.clip(np.fft.irfft(spectrum, len(samples)), -1, 1)
    return ulaw_decode(ulaw_encode((narrow * 32767).astype("<i2").tobytes()))


@pytest.fixture(scope="session")
def spoken() -> dict[str, bytes]:
    """Telephone speech (s16le mono, 8 kHz) for each of SENTENCES."""
    with ThreadPoolExecutor(1) as pool:
        raw = pool.submit(lambda: asyncio.run(_synthesise())).result()
    return {text: _telephone(pcm) for text, pcm in raw.items()}


@pytest.fixture
def noise() -> Callable[[float, int], Samples]:
    """White noise of a given RMS, `ms` long at 8 kHz, the same in every run."""
    random = np.random.default_rng(7)
    return lambda rms, ms: (random.normal(size=RATE * ms // 1000) * rms).astype(np.int16)
