from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sound import Piece, voiced
from tests.harness.tones import tone

FRAME = 160


def frames(pcm: bytes, begin: float) -> list[Piece]:
    """Sound in 20 ms frames, the first at `begin`."""
    samples = np.frombuffer(pcm, np.int16)
    return [
        Piece(begin + at / 8000, samples[at : at + FRAME]) for at in range(0, len(samples) - FRAME + 1, FRAME)
    ]


def test_speech_is_found_between_silence_and_faint_noise() -> None:
    quiet, faint = bytes(2 * 800), tone(300, 0.1, peak=80)
    begins, ends = voiced(frames(quiet + tone(300, 0.4) + faint + quiet, 50.0))
    assert begins == pytest.approx(50.1, abs=0.011)
    assert ends == pytest.approx(50.5, abs=0.011)


def test_silence_has_no_speech_in_it() -> None:
    with pytest.raises(ValueError, match="only silence"):
        voiced(frames(bytes(3200), 0.0))
