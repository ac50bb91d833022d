"""WAV files in and out: every kind that can be read, and a sentence for every one that cannot."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.clawfinger.wav import MalformedWav, read_wav, write_wav
from tests.harness.phone_app import read_strictly, wav_file

SAMPLES = np.array([0, 256, -256, 16384, -32768, 32512], np.int16)
PCM = SAMPLES.tobytes()


def build(body: bytes, *, kind: int = 1, channels: int = 1, rate: int = 24_000, bits: int = 16) -> bytes:
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * frame, frame, bits)
    chunks = b"fmt " + struct.pack("<I", 16) + head + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_what_the_app_records_is_read() -> None:
    speech = read_wav(wav_file(PCM, 24_000))
    assert (speech.rate, speech.pcm) == (24_000, PCM)


def test_what_is_written_has_exact_sizes() -> None:
    assert read_strictly(write_wav(PCM, 16_000)) == (PCM, 16_000)


@pytest.mark.parametrize(
    ("bits", "kind", "body"),
    [
        (8, 1, (SAMPLES // 256 + 128).astype(np.uint8).tobytes()),
        (24, 1, b"".join(b"\0" + sample.tobytes() for sample in SAMPLES)),
        (32, 1, (SAMPLES.astype(np.int32) << 16).tobytes()),
        (32, 3, (SAMPLES / 32767).astype("<f4").tobytes()),
    ],
)
def test_other_sample_formats_become_16_bits(bits: int, kind: int, body: bytes) -> None:
    heard = np.frombuffer(read_wav(build(body, bits=bits, kind=kind)).pcm, np.int16)
    assert np.abs(heard.astype(int) - SAMPLES).max() <= 1


def test_two_channels_become_one() -> None:
    stereo = np.array([[100, 300], [-100, 100]], np.int16).tobytes()
    assert np.frombuffer(read_wav(build(stereo, channels=2)).pcm, np.int16).tolist() == [200, 0]


def test_a_writer_that_did_not_know_the_length_is_read_to_the_end() -> None:
    data = wav_file(PCM, 24_000)
    assert read_wav(data[:40] + b"\xff\xff\xff\xff" + data[44:]).pcm == PCM


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a WAV file"),
        (b"ID3" + bytes(100), "not a WAV file"),
        (wav_file(PCM, 24_000)[:-3], "cut off"),
        (wav_file(PCM, 24_000)[:30], "no audio|cut off"),
        (build(PCM + b"x"), "whole number"),
        (build(PCM, channels=6), "6 channels"),
        (build(PCM, rate=4000), "4000"),
        (build(PCM, kind=85), "format 85"),
        (build(bytes(61 * 8000 * 2), rate=8000), "longer than 60 s"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, says: str) -> None:
    with pytest.raises(MalformedWav, match=says):
        read_wav(data)


@given(st.binary(max_size=200), st.integers(0, 60))
def test_garbage_is_refused_or_read_and_nothing_else(noise: bytes, at: int) -> None:
    whole = wav_file(PCM, 24_000)
    try:
        speech = read_wav(whole[:at] + noise + whole[at + len(noise) :])
    except MalformedWav:
        return
    assert len(speech.pcm) % 2 == 0
    assert 8000 <= speech.rate <= 48_000
