"""A real voice for callers and operators."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bridge.speech.piper_engine import PiperEngine

RATE = 8000

SEED = 7
"""What is said sounds the same in every run: a word that the recogniser mistakes in one of ten would else
fail one run in ten of a test that asks for it."""


async def synthesise(texts: Iterable[str]) -> dict[str, bytes]:
    """Each text as s16le mono at 8 kHz, spoken by the packaged Piper voice."""
    engine = PiperEngine(canned=(), patience_s=60.0, seed=SEED)
    await engine.start()
    try:
        return {text: b"".join([c async for c in engine.speak(text, rate=RATE)]) for text in texts}
    finally:
        await engine.close()


def room_noise(seconds: float = 1.0) -> bytes:
    """What a live microphone sends while nobody speaks: noise at about -65 dBFS, s16le mono at 8 kHz."""
    random = np.random.default_rng(3)
    return (random.normal(size=int(RATE * seconds)) * 18).astype(np.int16).tobytes()
