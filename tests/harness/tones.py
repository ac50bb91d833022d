"""Tones that tell the parties of a call apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def tone(hertz: float, seconds: float, *, rate: int = 8000, peak: float = 8000.0) -> bytes:
    """A sine as s16le mono."""
    return (
        (np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * hertz / rate) * peak).astype(np.int16).tobytes()
    )


def pulsing(hertz: float, seconds: float, *, rate: int = 8000, peak: float = 8000.0) -> bytes:
    """The same swelling and fading three times a second, as a voice does: noise suppression leaves it be."""
    time = np.arange(int(rate * seconds)) / rate
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * time)
    return (np.sin(2 * np.pi * hertz * time) * swell * peak).astype(np.int16).tobytes()


_PIECE_S = 0.1


def dominance(pcm: bytes | NDArray[np.int16], hertz: float, *, rate: int = 8000) -> float:
    """The tone's share of the power in most of the sound: the median over pieces of 100 ms, one every 20.

    One Opus frame that is concealed because a busy machine sent it late costs a pure tone a fifth of a
    second (SILK has no pitch to go on, and rings); of the whole window's power that is a lot, of its pieces
    few. For a tone that must not be there, take `share`; short holes are to be counted.
    """
    samples = np.frombuffer(pcm, np.int16) if isinstance(pcm, bytes) else pcm
    size = int(rate * _PIECE_S)
    pieces = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 5]
    return float(np.median([share(piece, hertz, rate=rate, within=25.0) for piece in pieces]))


def share(pcm: bytes | NDArray[np.int16], hertz: float, *, rate: int = 8000, within: float = 15.0) -> float:
    """How much of the sound's power is `within` Hz of `hertz`, 0.0-1.0; 0.0 for silence."""
    samples = np.frombuffer(pcm, np.int16) if isinstance(pcm, bytes) else pcm
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64) * np.hanning(len(samples)))) ** 2
    total = float(spectrum.sum())
    if total < 1e6:
        return 0.0
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(spectrum[np.abs(frequencies - hertz) <= within].sum()) / total
