"""Tones that tell the parties of a call apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tone(hertz: float, seconds: float, *, rate: int = 8000, peak: float = 8000.0) -> bytes:
    """A sine as s16le mono."""
    return (
        (np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * hertz / rate) * peak).astype(np.int16).tobytes()
    )


def share(pcm: bytes | NDArray[np.int16], hertz: float, *, rate: int = 8000) -> float:
    """How much of the sound's power is within 15 Hz of `hertz`, 0.0-1.0; 0.0 for silence."""
    samples = np.frombuffer(pcm, np.int16) if isinstance(pcm, bytes) else pcm
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples)))) ** 2
    total = float(spectrum.sum())
    if total < 1e6:
        return 0.0
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(spectrum[np.abs(frequencies - hertz) <= 15].sum()) / total
