"""Voices for the people on a call: real speech, and the quiet noise of an open microphone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from benchmarks.sound import RATE
from bridge.speech.engines import build_tts

_NOISE_PEAK = 40.0


async def speech(texts: Iterable[str], rate: int = RATE) -> dict[str, bytes]:
    """Each text spoken by the packaged voice, s16le mono at `rate` Hz."""
    voice = build_tts("piper")
    await voice.start()
    try:
        await voice.wait_ready()
        return {
            text: b"".join([chunk async for chunk in voice.speak(text, rate=rate)])
            for text in dict.fromkeys(texts)
        }
    finally:
        await voice.close()


def room_noise() -> bytes:
    """2 s of a live but silent microphone, about -60 dBFS: heard, but no speech."""
    noise = np.random.default_rng(1).uniform(-_NOISE_PEAK, _NOISE_PEAK, 2 * RATE)
    return noise.astype(np.int16).tobytes()
