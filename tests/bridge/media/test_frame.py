"""A frame stays in its encoding until somebody asks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.media.frame import Frame, decode, encode, level_dbfs, mix
from bridge.ports import Codec
from tests.harness.tones import tone

PCM = tone(440.0, 0.02)


def test_the_same_encoding_is_the_very_same_bytes() -> None:
    payload = bytes(range(160))
    assert Frame(Codec.PCMU, payload).to(Codec.PCMU) is payload


def test_samples_are_made_once() -> None:
    frame = Frame(Codec.PCMU, bytes(160))
    assert frame.pcm is frame.pcm
    assert len(frame.pcm) == 320


@pytest.mark.parametrize("source", [Codec.PCMU, Codec.PCMA, Codec.L16_8K])
@pytest.mark.parametrize("target", [Codec.PCMU, Codec.PCMA, Codec.L16_8K])
def test_encodings_of_the_same_rate_convert(source: Codec, target: Codec) -> None:
    frame = Frame.of_pcm(PCM, source)
    assert len(frame.payload) == source.frame_bytes
    converted = frame.to(target)
    assert len(converted) == target.frame_bytes
    sent = np.frombuffer(PCM, np.int16).astype(int)
    got = np.frombuffer(decode(converted, target), np.int16).astype(int)
    assert np.abs(sent - got).max() < 700, "companding is coarse where it is loud, and nowhere coarser"


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000"):
        Frame(Codec.PCMU, bytes(160)).to(Codec.L16_16K)


@pytest.mark.parametrize(
    ("peak", "audible"), [(0, False), (2, False), (8, False), (9, True), (-9, True), (-32768, True)]
)
def test_digital_silence_is_told_from_the_quietest_microphone(peak: int, audible: bool) -> None:
    samples = np.zeros(160, np.int16)
    samples[7] = peak
    assert Frame(Codec.L16_8K, samples.tobytes()).audible is audible


def test_nothing_is_not_audible() -> None:
    assert not Frame(Codec.L16_8K, b"").audible


@given(st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-32768, 32767)), max_size=200))
def test_a_mix_is_the_sum_within_bounds(pairs: list[tuple[int, int]]) -> None:
    one = np.array([a for a, _ in pairs], np.int16).tobytes()
    other = np.array([b for _, b in pairs], np.int16).tobytes()
    expected = [max(-32768, min(32767, a + b)) for a, b in pairs]
    assert list(np.frombuffer(mix(one, other), np.int16)) == expected


def test_levels() -> None:
    assert level_dbfs(b"") == level_dbfs(bytes(320)) == -96.0
    full = np.full(160, 32767, np.int16).tobytes()
    assert level_dbfs(full) == pytest.approx(0.0, abs=0.01)
    assert level_dbfs(tone(400.0, 0.1, peak=32767)) == pytest.approx(-3.01, abs=0.05)


@pytest.mark.parametrize("codec", Codec)
def test_encoding_and_sizes_belong_together(codec: Codec) -> None:
    pcm = bytes(codec.rate // 50 * 2)
    assert len(encode(pcm, codec)) == codec.frame_bytes
