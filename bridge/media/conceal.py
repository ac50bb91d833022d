"""Waveform substitution for codecs without concealment of their own (after ITU-T G.711 Appendix I).

A lost frame is the last pitch period of what was heard, repeated, and faded out over a longer gap; a short
overlap hides both seams. Speech goes on through the 20 to 60 ms that are mostly lost at a time, where
silence would click and a repeated frame would buzz.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

HISTORY_S: Final = 0.060
"""Sound before a gap that is looked at."""
_SHORTEST_PITCH_S: Final = 1 / 200
_LONGEST_PITCH_S: Final = 1 / 66
_COMPARED_S: Final = 0.020
_OVERLAP_S: Final = 0.004
_FULL_S: Final = 0.020
_FADED_S: Final = 0.100
"""A gap sounds as loud as what came before for the first, and is silent after the second."""


class Concealer:
    """Fills gaps in s16le mono at `rate` Hz; costs nothing while nothing is lost."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._period: NDArray[np.float32] = np.zeros(1, np.float32)
        self._phase = 0
        self._filled = 0

    def conceal(self, heard: bytes, samples: int) -> bytes:
        """`samples` samples of a gap; `heard`: the sound right before it, the last 60 ms or less."""
        if not self._filled:
            whole = heard[: len(heard) & ~1]
            self._find_period(np.frombuffer(whole, np.int16).astype(np.float32))
        faded = _pcm(self._take(samples) * self._gains(samples))
        self._filled += samples
        return faded

    def resume(self, pcm: bytes) -> bytes:
        """The first frame after a gap, led into; every other frame comes back as it is."""
        if not self._filled:
            return pcm
        samples = np.frombuffer(pcm, np.int16).astype(np.float32)
        overlap = min(int(self._rate * _OVERLAP_S), len(samples))
        ramp = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
        led = self._take(overlap) * self._gains(overlap)
        samples[:overlap] = samples[:overlap] * ramp + led * (1 - ramp)
        self._filled = 0
        return _pcm(samples)

    @property
    def in_gap(self) -> bool:
        """True after `conceal`, until `resume`."""
        return self._filled > 0

    def _find_period(self, heard: NDArray[np.float32]) -> None:
        """The stretch at the end whose repetition fits best what was heard last."""
        rate = self._rate
        compared, shortest = int(rate * _COMPARED_S), int(rate * _SHORTEST_PITCH_S)
        longest = min(int(rate * _LONGEST_PITCH_S), len(heard) - compared)
        if longest < shortest:
            self._period, self._phase = np.zeros(1, np.float32), 0
            return
        window = heard[-(compared + longest) :]
        lagged = np.lib.stride_tricks.sliding_window_view(window, compared)[: longest - shortest + 1]
        energy = np.einsum("ij,ij->i", lagged, lagged) + 1.0
        lag = longest - int(np.argmax((lagged @ heard[-compared:]) / np.sqrt(energy)))
        period = heard[-lag:].copy()
        overlap = min(int(rate * _OVERLAP_S), lag // 4, len(heard) - lag)
        # The end of the period leads into its own beginning.
        ramp = np.linspace(0.0, 1.0, overlap, dtype=np.float32)
        period[-overlap:] = period[-overlap:] * (1 - ramp) + heard[-lag - overlap : -lag] * ramp
        self._period, self._phase = period, 0

    def _take(self, count: int) -> NDArray[np.float32]:
        positions = (self._phase + np.arange(count)) % len(self._period)
        self._phase = (self._phase + count) % len(self._period)
        return self._period[positions]

    def _gains(self, count: int) -> NDArray[np.float32]:
        """Full at first, then down to silence, by how much of the gap is filled already."""
        at = (self._filled + np.arange(count, dtype=np.float32)) / self._rate
        return np.clip((_FADED_S - at) / (_FADED_S - _FULL_S), 0.0, 1.0).astype(np.float32)


def _pcm(samples: NDArray[np.float32]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16).tobytes()
