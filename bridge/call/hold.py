"""Hold audio: a quiet loop made by arithmetic, so that nothing has to be licensed or shipped."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bridge.media.frame import encode
from bridge.ports import FRAME_MS, Codec

_CHORDS = (
    (220.0, 277.18, 329.63),
    (246.94, 293.66, 369.99),
    (196.0, 246.94, 293.66),
    (220.0, 261.63, 329.63),
)
_CHORD_SECONDS = 2.0
_PEAK = 2600.0


@lru_cache(maxsize=8)
def hold_frames(codec: Codec) -> tuple[bytes, ...]:
    """8 s of hold audio as 20 ms frames in `codec`; its end fits its beginning.

    Four soft broken chords with a slow swell, about -28 dBFS: clearly not silence, clearly not speech.
    """
    parts = [_chord(notes, codec.rate) for notes in _CHORDS]
    pcm = np.concatenate(parts).astype(np.int16).tobytes()
    size = codec.rate * FRAME_MS // 1000 * 2
    return tuple(encode(pcm[at : at + size], codec) for at in range(0, len(pcm) - size + 1, size))


def _chord(notes: tuple[float, ...], rate: int) -> NDArray[np.float64]:
    time = np.arange(int(rate * _CHORD_SECONDS)) / rate
    sound: NDArray[np.float64] = np.zeros_like(time)
    for index, note in enumerate((*notes, notes[1] * 2)):
        begin = index * _CHORD_SECONDS / 4
        age = np.maximum(0.0, time - begin)
        # Starts and ends at zero, so that neither the next chord nor the loop clicks.
        envelope = (
            np.minimum(1.0, age / 0.05) * np.exp(-age * 1.6) * np.minimum(1.0, (_CHORD_SECONDS - time) / 0.1)
        )
        sound += np.where(time >= begin, envelope * np.sin(2 * np.pi * note * age), 0.0)
    scaled: NDArray[np.float64] = sound / np.abs(sound).max() * _PEAK
    return scaled
