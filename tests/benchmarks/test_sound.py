from __future__ import annotations

import numpy as np
import pytest

from benchmarks.sound import Piece, bursts, onsets, transits, voiced
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


def test_each_burst_is_found_once_where_it_begins() -> None:
    found = onsets(frames(bursts(5), 7.0))
    assert found == pytest.approx([7.1, 7.3, 7.5, 7.7, 7.9], abs=0.001)


def test_bursts_are_found_again_after_gaps_and_late_frames() -> None:
    late = [Piece(piece.begins + 0.03, piece.samples) for piece in frames(bursts(3), 1.0)]
    assert transits(onsets(frames(bursts(3), 1.0)), onsets(late)) == pytest.approx([0.03] * 3, abs=0.001)


def test_a_lost_burst_has_no_transit_and_shifts_no_other() -> None:
    assert transits([1.0, 1.2, 1.4], [1.03, 1.44]) == pytest.approx([0.03, 0.04])
