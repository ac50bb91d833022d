"""How like itself speech still sounds: PESQ, narrow band, of what the phone played."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.int16]

RATE = 8000


def opinion(said: Sound, heard: Sound) -> float:
    """Mean opinion score (P.862.1, 1.0 to 4.55) of `said` within `heard`, which begins no later than it.

    Both at 8 kHz. PESQ itself follows delays that change; it is given what is as long as `said`, from where
    the two agree best.
    """
    import pesq  # only the benchmarks have it, and their tests do without

    part = best_match(said, heard)
    if not part.any():
        return 1.0  # nothing came at all, and PESQ knows no score for that
    return float(pesq.pesq(RATE, said, part, "nb"))


def best_match(said: Sound, heard: Sound) -> Sound:
    """What is as long as `said`, from where `heard` is most like it; silence where there is no more."""
    start = offset(said, heard)
    part = np.zeros_like(said)
    rest = heard[start : start + len(said)]
    part[: len(rest)] = rest
    return part


def offset(said: Sound, heard: Sound) -> int:
    """By how many samples `said` comes later in `heard`, from 0 on: where they correlate best."""
    size = 1 << (len(said) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard.astype(np.float64), size) * np.conj(
        np.fft.rfft(said.astype(np.float64), size)
    )
    correlation = np.fft.irfft(spectrum, size)[: max(1, len(heard) - len(said) // 2)]
    return int(correlation.argmax())
