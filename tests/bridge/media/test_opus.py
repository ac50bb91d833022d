"""Opus by libopus: rates, redundancy, concealment, and what is not Opus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.opus import OpusDecoder, OpusEncoder, OpusError
from tests.harness.tones import share, tone

RATE = 8000
SIZE = RATE // 50 * 2


def frames(pcm: bytes, size: int = SIZE) -> list[bytes]:
    """`pcm` in whole frames."""
    return [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]


def vowel(seconds: float) -> bytes:
    """Something like a voice at 8 kHz: 120 Hz and its harmonics, swelling and falling."""
    time = np.arange(int(RATE * seconds)) / RATE
    sound = sum(np.sin(2 * np.pi * 120 * n * time) / n for n in range(1, 12))
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * time)
    return (sound * swell * 5000).astype(np.int16).tobytes()


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_sound_comes_back_at_the_lines_own_rate(rate: int) -> None:
    encoder, decoder = OpusEncoder(rate), OpusDecoder(rate)
    pcm = tone(440.0, 1.0, rate=rate)
    back = b"".join(decoder.decode(encoder.encode(frame)) for frame in frames(pcm, rate // 50 * 2))
    assert len(back) == len(pcm)
    assert share(back[rate:], 440.0, rate=rate) > 0.95


def test_a_lost_frame_comes_back_from_its_successor_better_than_by_guessing() -> None:
    encoder = OpusEncoder(RATE, loss_pct=20)
    pcm = vowel(2.0)
    packets = [encoder.encode(frame) for frame in frames(pcm)]
    whole, rebuilt, guessed = OpusDecoder(RATE), OpusDecoder(RATE), OpusDecoder(RATE)
    off = {"rebuilt": 0.0, "guessed": 0.0}
    for index, packet in enumerate(packets):
        truth = np.frombuffer(whole.decode(packet), np.int16).astype(float)
        if index % 5 == 4 and index + 1 < len(packets):
            by_fec = np.frombuffer(rebuilt.recover(packets[index + 1]), np.int16).astype(float)
            by_guess = np.frombuffer(guessed.conceal(), np.int16).astype(float)
            assert by_fec.size == by_guess.size == RATE // 50
            off["rebuilt"] += float(np.square(by_fec - truth).mean())
            off["guessed"] += float(np.square(by_guess - truth).mean())
        else:
            rebuilt.decode(packet)
            guessed.decode(packet)
    assert off["rebuilt"] < off["guessed"]


def test_concealment_fades_instead_of_droning_on() -> None:
    encoder, decoder = OpusEncoder(RATE), OpusDecoder(RATE)
    for frame in frames(vowel(0.5)):
        decoder.decode(encoder.encode(frame))
    guesses = [np.abs(np.frombuffer(decoder.conceal(), np.int16)).max() for _ in range(50)]
    assert guesses[0] > 500
    assert guesses[-1] < guesses[0] / 10


def test_silence_stays_silent() -> None:
    encoder, decoder = OpusEncoder(RATE), OpusDecoder(RATE)
    loudest = 0
    for _ in range(50):
        loudest = max(
            loudest, int(np.abs(np.frombuffer(decoder.decode(encoder.encode(bytes(SIZE))), np.int16)).max())
        )
    assert loudest <= 8


@pytest.mark.parametrize("size", [0, 1, 2, 319, 321, 5000])
def test_a_frame_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(OpusError) as refused:
        OpusEncoder(RATE).encode(bytes(size))
    assert refused.value.code == "opus_error"


def test_an_impossible_rate_is_refused() -> None:
    with pytest.raises(OpusError):
        OpusEncoder(11025)
    with pytest.raises(OpusError):
        OpusDecoder(44100)


def test_an_empty_packet_is_no_packet() -> None:
    with pytest.raises(OpusError):
        OpusDecoder(RATE).decode(b"")


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=400))
def test_noise_is_refused_or_decoded_and_never_too_long(data: bytes) -> None:
    decoder = OpusDecoder(RATE)
    for take in (decoder.decode, decoder.recover):
        try:
            size = len(take(data))
        except OpusError:
            continue
        assert 0 < size <= RATE * 120 // 1000 * 2


def test_a_coder_that_failed_to_begin_is_collected_quietly() -> None:
    for _ in range(3):
        with pytest.raises(OpusError):
            OpusDecoder(1)


@pytest.mark.parametrize("percent", [-5, 0, 50, 100, 900])
def test_any_loss_can_be_set(percent: int) -> None:
    encoder = OpusEncoder(RATE)
    encoder.set_loss(percent)
    assert encoder.encode(tone(440.0, 0.02))
