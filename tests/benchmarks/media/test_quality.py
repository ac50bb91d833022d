from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.media.endpoint import OPUS, PCMU
from benchmarks.media.material import PIECE_S, packets, pieces
from benchmarks.media.quality import best_match, offset

Sound = NDArray[np.int16]


def babble(seconds: float, rate: int = 8000, seed: int = 3) -> Sound:
    """Syllables without words: a gliding voice with overtones, and pauses."""
    random = np.random.default_rng(seed)
    at = np.arange(round(seconds * rate)) / rate
    pitch = np.interp(at, np.arange(0, seconds + 1, 0.2), random.uniform(90, 180, round(5 * seconds) + 5))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(overtone * phase) / overtone for overtone in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * at) + 0.3, 0, 1)
    return (voice * syllables * 5000).astype(np.int16)


SAID = babble(8.0)


def test_where_speech_begins_in_what_was_heard_is_found_to_the_sample() -> None:
    for late in (0, 1, 137, 4000):
        assert offset(SAID, np.concatenate([np.zeros(late, np.int16), SAID])) == late


def test_what_is_judged_is_what_was_said_however_late_it_came() -> None:
    late = np.concatenate([np.zeros(3333, np.int16), SAID, np.zeros(2000, np.int16)])
    assert np.array_equal(best_match(SAID, late), SAID)


def test_what_never_came_is_silence() -> None:
    part = best_match(SAID, np.concatenate([np.zeros(800, np.int16), SAID[:48_000]]))
    assert np.array_equal(part[:48_000], SAID[:48_000])
    assert not part[48_000:].any()


def test_sentences_are_packed_into_pieces_of_one_length_and_none_is_lost() -> None:
    sentences = [babble(3.4, 16000, seed).tobytes() for seed in range(5)]
    found = pieces(sentences)
    assert [(len(piece.wide), len(piece.said)) for piece in found] == [(128_000, 64_000)] * 3
    assert sum(np.count_nonzero(piece.wide) for piece in found) == sum(
        np.count_nonzero(np.frombuffer(sentence, np.int16)) for sentence in sentences
    )
    with pytest.raises(ValueError, match="longer than a piece"):
        pieces([babble(PIECE_S, 16000).tobytes()])


def test_a_packet_is_20_ms_in_either_codec() -> None:
    wide = babble(1.0, 16000)
    assert (
        len(packets(wide, OPUS, 16000))
        == len(packets(wide, OPUS, 8000))
        == len(packets(wide, PCMU, 8000))
        == 50
    )
    assert {len(packet) for packet in packets(wide, PCMU, 8000)} == {160}
