"""Sound with the times at which it was spoken or heard, and where in it speech and bursts begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

_BURST_PERIOD_S, _BURST_S, _BURST_HZ, _BURST_PEAK = 0.2, 0.03, 1000.0, 8000.0
_ONSET = _BURST_PEAK * 0.3


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


def bursts(count: int) -> bytes:
    """`count` bursts of a tone, 30 ms in every 200, as s16le mono at 8 kHz; begins and ends in silence."""
    period = np.zeros(round(_BURST_PERIOD_S * RATE))
    length = round(_BURST_S * RATE)
    first = len(period) // 2
    period[first : first + length] = np.sin(np.arange(length) * 2 * np.pi * _BURST_HZ / RATE) * _BURST_PEAK
    return np.tile(period.astype(np.int16), count).tobytes()


def burst_seconds(count: int) -> float:
    """Length of `bursts(count)`."""
    return count * _BURST_PERIOD_S


def onsets(pieces: Iterable[Piece]) -> list[float]:
    """When each burst begins."""
    found: list[float] = []
    last_loud = float("-inf")
    for piece in pieces:
        loud = np.flatnonzero(np.abs(piece.samples.astype(np.int32)) > _ONSET)
        for at in _times(piece)[loud]:
            if at - last_loud > _BURST_PERIOD_S / 3:
                found.append(float(at))
            last_loud = at
    return found


def transits(sent: Sequence[float], received: Sequence[float]) -> list[float]:
    """Seconds from each burst sent to the same burst received; one that was lost has none.

    Bursts stay in order. Where some were lost, each is taken for the first that it can be.
    """
    if len(sent) == len(received):
        return [there - here for here, there in zip(sent, received, strict=True)]
    found = []
    for at, following in zip(sent, [*sent[1:], float("inf")], strict=True):
        arrived = next((time for time in received if time > at), None)
        if arrived is not None and arrived < following:
            found.append(arrived - at)
    return found


def _times(piece: Piece) -> NDArray[np.float64]:
    times: NDArray[np.float64] = piece.begins + np.arange(len(piece.samples)) / RATE
    return times
