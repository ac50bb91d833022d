"""How loud sound is: the energy of each 20 ms frame, and the loudest tenth of a second."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

_S16LE = np.dtype("<i2")
_BATCH = 5
_FULL_SCALE = 32768.0**2
SILENCE_DBFS = -96.0


def energies(pcm: bytes, frame_bytes: int) -> list[float]:
    """Mean square of the samples of each frame in `pcm`: whole frames of `frame_bytes` of s16le mono."""
    samples = np.frombuffer(pcm, _S16LE).astype(np.float32).reshape(-1, frame_bytes // 2)
    means: list[float] = (np.vecdot(samples, samples) / samples.shape[1]).tolist()
    return means


class Meter:
    """Loudest 100 ms since it was last read, in dBFS, from the energies that the ear needs anyway."""

    def __init__(self) -> None:
        self._sum, self._count = 0.0, 0
        self._loudest = 0.0

    def push(self, frames: Iterable[float]) -> None:
        """Energies of the next 20 ms frames, as `energies` gives them."""
        for energy in frames:
            self._sum += energy
            self._count += 1
            if self._count == _BATCH:
                self._loudest = max(self._loudest, self._sum / _BATCH)
                self._sum, self._count = 0.0, 0

    def read(self) -> float:
        """The level, -96.0 to 0.0, and begin anew."""
        loudest, self._loudest = self._loudest / _FULL_SCALE, 0.0
        return round(max(SILENCE_DBFS, 10.0 * math.log10(max(loudest, 1e-10))), 1)
