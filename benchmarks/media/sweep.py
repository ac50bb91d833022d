"""A sound that tells by its pitch when it was said: what comes out of a bridge is placed to a millisecond.

A sweep rises from 400 to 3000 Hz in 1.2 s and 0.4 s of faint noise follow it, in which a jitter buffer may
change its depth unheard, as it may between words. Frames that repeat what was there before (concealment)
tell nothing about delay and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Seconds = NDArray[np.float64]

FRAME_S = 0.020
SWEEP_S, GAP_S = 1.2, 0.4
PERIOD_S = SWEEP_S + GAP_S
_LOW_HZ, _HIGH_HZ = 400.0, 3000.0
_SLOPE = (_HIGH_HZ - _LOW_HZ) / SWEEP_S
_PEAK, _NOISE_PEAK = 8000.0, 150.0
_RATE = 8000
_FRAME = round(_RATE * FRAME_S)
_BINS = 2048
_LOUD = 1000.0
_WITHIN_HZ, _PURE = 80.0, 0.75
_EARLIEST_S = -0.030
_ONWARDS_S = 0.010


def sweeps(seconds: float, rate: int) -> Samples:
    """`seconds` of sweeps at `rate` Hz."""
    at = np.arange(round(PERIOD_S * rate)) / rate
    rising = np.sin(2 * np.pi * (_LOW_HZ * at + _SLOPE * at**2 / 2)) * _PEAK
    noise = np.random.default_rng(1).uniform(-_NOISE_PEAK, _NOISE_PEAK, at.size)
    period = np.where(at < SWEEP_S, rising, noise).astype(np.int16)
    return np.resize(period, round(seconds * rate))


def places(frames: NDArray[np.int16]) -> Seconds:
    """Where in the period each frame (rows of 160 samples at 8 kHz) begins, in s; nan where none can tell."""
    if not len(frames):
        return np.zeros(0)
    sound = frames.astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.hanning(_FRAME), _BINS)) ** 2
    rows, peaks = np.arange(len(power)), np.clip(power.argmax(axis=1), 1, power.shape[1] - 2)
    left, middle, right = (np.log(power[rows, peaks + by] + 1e-9) for by in (-1, 0, 1))
    bend = left - 2 * middle + right
    exact = peaks + np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    hertz = exact * _RATE / _BINS
    near = np.abs(np.arange(power.shape[1]) * _RATE / _BINS - hertz[:, None]) < _WITHIN_HZ
    pure = (power * near).sum(axis=1) > _PURE * power.sum(axis=1)
    loud = np.abs(sound).mean(axis=1) > _LOUD
    begins = (hertz - _LOW_HZ) / _SLOPE - FRAME_S / 2
    inside = (begins > 0) & (begins < SWEEP_S - FRAME_S)
    return np.where(pure & loud & inside, begins, np.nan)


def delays(sent: Sequence[float], heard: Sequence[tuple[float, bytes]], *, lag: float = 0.0) -> Seconds:
    """Seconds of each frame heard, from when its sound was sent; nan for those that cannot tell.

    `sent`: when each 20 ms of sweeps was sent; `heard`: when each frame came, with its 320 bytes of s16le at
    8 kHz. `lag`: how much later in its frames the sound is by the sender's own codec, which is taken off.
    Delays from -30 ms to a period later are told apart.
    """
    whole = [(at, pcm) for at, pcm in heard if len(pcm) == 2 * _FRAME]
    frames = np.frombuffer(b"".join(pcm for _, pcm in whole), np.int16).reshape(-1, _FRAME)
    came = np.array([at for at, _ in whole])
    begins = places(frames) + lag
    # Which period: the latest that leaves the delay above the earliest possible one.
    since = came - sent[0] - _EARLIEST_S - begins
    content = begins + np.floor(since / PERIOD_S) * PERIOD_S
    when = np.interp(content / FRAME_S, np.arange(len(sent)), np.asarray(sent))
    found = np.where((content >= 0) & (content / FRAME_S <= len(sent) - 1), came - when, np.nan)
    found[_stale(content)] = np.nan
    return found


def _stale(content: Seconds) -> NDArray[np.bool_]:
    """True where a frame brings nothing that is newer than what came before it."""
    stale = np.zeros(len(content), np.bool_)
    newest = -np.inf
    for index, at in enumerate(content):
        if at < newest + _ONWARDS_S:
            stale[index] = True
        elif not np.isnan(at):
            newest = at
    return stale
