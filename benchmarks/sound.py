"""Sound with the times at which it was spoken or heard, and where in it speech begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.media.frame import level_dbfs

Samples = NDArray[np.int16]

RATE = 8000
FRAME_S = 0.020
_WINDOW = RATE // 100
_VOICED_DB = 30.0
"""Speech is what is at most this far below the loudest 10 ms of an utterance."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples at 8 kHz, the first of them spoken or heard at monotonic second `begins`.

    A frame that is sent has been spoken in the 20 ms before; one that is received is heard in the 20 ms
    after. So the time between is from mouth to ear, the filling of a frame included.
    """

    begins: float
    samples: Samples

    @property
    def level_db(self) -> float:
        """Loudness in dB of full scale."""
        return level_dbfs(self.samples.tobytes())


def voiced(pieces: Sequence[Piece]) -> tuple[float, float]:
    """When the speech in `pieces`, in order, begins and ends. Raises ValueError where there is none."""
    if not pieces:
        raise ValueError("there is no sound to look at")
    samples = np.concatenate([piece.samples for piece in pieces]).astype(np.float64)
    times = np.concatenate([_times(piece) for piece in pieces])
    windows = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    power = np.square(windows).mean(axis=1)
    loud = np.flatnonzero(power > power.max() / 10 ** (_VOICED_DB / 10))
    if not loud.size:
        raise ValueError("there is only silence")
    return float(times[loud[0] * _WINDOW]), float(times[(loud[-1] + 1) * _WINDOW - 1])


def _times(piece: Piece) -> NDArray[np.float64]:
    times: NDArray[np.float64] = piece.begins + np.arange(len(piece.samples)) / RATE
    return times
