"""G.711 against the reference values of ITU-T G.711 and against itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.media import g711

CODES = bytes(range(256))


def samples(pcm: bytes) -> list[int]:
    """s16le as numbers."""
    return [int(sample) for sample in np.frombuffer(pcm, "<i2")]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8), (0xEF, 132), (0xF0, 120)],
)
def test_mu_law_reference_values(code: int, sample: int) -> None:
    assert samples(g711.ulaw_decode(bytes([code]))) == [sample]


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0x54, -24), (0x80, 5504)],
)
def test_a_law_reference_values(code: int, sample: int) -> None:
    assert samples(g711.alaw_decode(bytes([code]))) == [sample]


def test_every_code_survives_decoding_and_encoding() -> None:
    assert g711.alaw_encode(g711.alaw_decode(CODES)) == CODES
    again = g711.ulaw_encode(g711.ulaw_decode(CODES))
    assert again == CODES.replace(b"\x7f", b"\xff"), "of two zeros the positive one is used"


def test_silence_is_silence() -> None:
    assert g711.ulaw_encode(bytes(4)) == bytes([g711.ULAW_SILENCE] * 2)
    assert g711.alaw_encode(bytes(2)) == bytes([g711.ALAW_SILENCE])


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=400))
def test_the_nearest_code_is_chosen(numbers: list[int]) -> None:
    pcm = np.array(numbers, "<i2").tobytes()
    for encode, decode in ((g711.ulaw_encode, g711.ulaw_decode), (g711.alaw_encode, g711.alaw_decode)):
        levels = np.array(samples(decode(CODES)), np.int64)
        back = samples(decode(encode(pcm)))
        assert len(back) == len(numbers)
        for sent, got in zip(numbers, back, strict=True):
            assert abs(got - sent) == int(np.abs(levels - sent).min())


def test_odd_sizes_are_refused() -> None:
    for encode in (g711.ulaw_encode, g711.alaw_encode):
        with pytest.raises(ValueError, match="size"):
            encode(b"\x00\x01\x02")


def test_nothing_is_nothing() -> None:
    assert g711.ulaw_decode(b"") == g711.ulaw_encode(b"") == g711.alaw_decode(b"") == b""
