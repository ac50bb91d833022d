from __future__ import annotations

import numpy as np
import pytest

from bridge.speech.resample import StreamResampler, resample


def tone(hertz: float, rate: int, seconds: float = 0.5) -> bytes:
    return (np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate) * 8000).astype("<i2").tobytes()


def loudness(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)[400:-400]
    return float(np.sqrt(np.mean(samples**2)))


@pytest.mark.parametrize(("src", "dst"), [(8000, 16000), (22050, 8000), (24000, 16000), (16000, 24000)])
def test_a_tone_keeps_its_length_loudness_and_pitch(src: int, dst: int) -> None:
    out = resample(tone(1000, src), src, dst)
    assert abs(len(out) // 2 - dst // 2) <= 1
    assert loudness(out) == pytest.approx(8000 / np.sqrt(2), rel=0.02)
    spectrum = np.abs(np.fft.rfft(np.frombuffer(out, dtype="<i2")))
    assert np.argmax(spectrum) * dst / (len(out) // 2) == pytest.approx(1000, abs=5)


def test_what_the_lower_rate_cannot_carry_is_removed() -> None:
    assert loudness(resample(tone(5000, 22050), 22050, 8000)) < 80


def test_a_stream_in_chunks_is_the_same_as_the_whole() -> None:
    pcm = tone(700, 22050)
    stream = StreamResampler(22050, 8000)
    chunks = [stream.feed(pcm[at : at + 882]) for at in range(0, len(pcm), 882)]
    assert b"".join([*chunks, stream.flush()]) == resample(pcm, 22050, 8000)


def test_odd_sized_audio_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        resample(b"\x00" * 3, 8000, 16000)


def test_nothing_stays_nothing_and_the_same_rate_the_same() -> None:
    assert resample(b"", 8000, 16000) == b""
    assert resample(b"\x01\x02", 8000, 8000) == b"\x01\x02"
