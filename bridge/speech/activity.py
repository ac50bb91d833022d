"""Whether a 20 ms frame holds speech: webrtcvad behind an energy gate that follows the noise floor."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import webrtcvad  # type: ignore[import-untyped]

from bridge.media.level import energies
from bridge.ports import FRAME_MS

STRICT_MODE, LENIENT_MODE = 3, 1
"""webrtcvad's aggressiveness before and within an utterance. Measured on telephone speech at 50 to 8 dB
over white, brown and bursty noise, hum and music: mode 3 alone lost up to 1.8 s of an utterance's end at
15 dB, mode 1 alone took music 20 dB below the voice for speech; together they did neither."""

_GATE_DB = 6.0
"""Speech is at least this far above the noise floor."""

_LEAST_DB = 25.0
"""Nothing below -65 dBFS is speech (levels here are dB of the mean square of s16 samples)."""

_FIRST_FLOOR_DB = 60.0
"""What the floor is at most until half a second was heard: the first sound may be speech already."""

_ONSET_RANGE_DB = 30.0
_SPEAKING_RANGE_DB = 20.0
_PEAK_FALL_DB = 0.1
"""Speech stays within a range of its peak, which is forgotten by 5 dB a second; below it is decay, echo
and background. The range is narrower within an utterance, to find its end."""

_FLOOR_BLOCK_FRAMES = 25
_FLOOR_BLOCKS = 6
"""The floor is the lowest level of the last 3 s: every sentence dips to it within that time."""

_VAD_RATES = (8000, 16000)


class SpeechActivity:
    """Judges one frame after another of s16le mono at 8, 16 or 24 kHz."""

    def __init__(self, rate: int) -> None:
        if rate not in (*_VAD_RATES, 24000):
            raise ValueError(f"speech activity needs 8000, 16000 or 24000 Hz, not {rate}")
        self.frame_bytes = rate * FRAME_MS // 1000 * 2
        self._strict, self._lenient = webrtcvad.Vad(STRICT_MODE), webrtcvad.Vad(LENIENT_MODE)
        self._vad_rate = rate if rate in _VAD_RATES else 8000
        self._thirds = self._vad_rate != rate
        self._blocks: deque[float] = deque(maxlen=_FLOOR_BLOCKS)
        self._block_low = math.inf
        self._block_frames = 0
        self._smooth: float | None = None
        self._peak = 0.0

    def judge(self, frame: bytes, *, speaking: bool, energy: float | None = None) -> tuple[bool, float]:
        """(is speech, level in dB) of one frame; `speaking`: an utterance is open.

        `energy`: the frame's mean square where it is known already. Raises ValueError if `frame` is not
        exactly 20 ms.
        """
        if len(frame) != self.frame_bytes:
            raise ValueError(f"a 20 ms frame has {self.frame_bytes} bytes, not {len(frame)}")
        if energy is None:
            (energy,) = energies(frame, self.frame_bytes)
        level = 10.0 * math.log10(energy + 1.0)
        if self._thirds:
            # 24 kHz: webrtcvad does not know it; the mean of three samples is filter enough for a VAD.
            samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
            frame = samples.reshape(-1, 3).mean(axis=1).astype("<i2").tobytes()
        reach = _SPEAKING_RANGE_DB if speaking else _ONSET_RANGE_DB
        loud = level >= max(_LEAST_DB, self.floor + _GATE_DB, self._peak - reach)
        # Both are asked for every frame: each keeps a noise model of its own.
        strict = bool(self._strict.is_speech(frame, self._vad_rate))
        lenient = bool(self._lenient.is_speech(frame, self._vad_rate))
        self._follow(level)
        self._peak = max(self._peak - _PEAK_FALL_DB, level)
        return (lenient if speaking else strict) and loud, level

    @property
    def floor(self) -> float:
        """The present noise floor in dB."""
        return min(*self._blocks, self._block_low) if self._blocks else min(self._block_low, _FIRST_FLOOR_DB)

    def _follow(self, level: float) -> None:
        # Smoothed, since the lowest of 150 raw frames of noise lies well under its mean.
        self._smooth = level if self._smooth is None else 0.7 * self._smooth + 0.3 * level
        self._block_low = min(self._block_low, self._smooth)
        self._block_frames += 1
        if self._block_frames == _FLOOR_BLOCK_FRAMES:
            self._blocks.append(self._block_low)
            self._block_low, self._block_frames = math.inf, 0
