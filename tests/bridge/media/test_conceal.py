"""What is played where a G.711 frame is missing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from bridge.media.conceal import HISTORY_S, Concealer

RATE, FRAME = 8000, 160
HISTORY = int(RATE * HISTORY_S)
Sound = NDArray[np.int16]


def voice(hertz: float, seconds: float) -> Sound:
    """A vowel: harmonics of a pitch that wavers by 2 %, at a level that comes and goes."""
    at = np.arange(int(RATE * seconds)) / RATE
    phase = 2 * np.pi * hertz * (at + 0.02 / (2 * np.pi * 2) * np.sin(2 * np.pi * 2 * at))
    sound = sum(np.sin(number * phase + number) / number for number in range(1, 11))
    return np.asarray(sound * 3000 * (1 + 0.3 * np.sin(2 * np.pi * 3 * at)), np.int16)


def with_gaps(sound: Sound, lost: set[int], *, concealed: bool) -> Sound:
    """The sound with its lost frames concealed, or silent."""
    concealer, heard = Concealer(RATE), b""
    for number in range(len(sound) // FRAME):
        pcm = sound[number * FRAME : (number + 1) * FRAME].tobytes()
        if number not in lost:
            heard += concealer.resume(pcm)
        elif concealed:
            heard += concealer.conceal(heard[-2 * HISTORY :], FRAME)
        else:
            heard += bytes(2 * FRAME)
    return np.frombuffer(heard, np.int16)


def snr(sound: Sound, heard: Sound) -> float:
    """Power of the sound over the power of what is wrong with it."""
    original = sound[: len(heard)].astype(np.float64)
    return float((original**2).sum() / ((original - heard) ** 2).sum())


def largest_step(sound: Sound) -> int:
    return int(np.abs(np.diff(sound.astype(np.int32))).max())


@pytest.mark.parametrize("hertz", [85.0, 130.0, 190.0])
def test_a_voice_with_a_tenth_of_its_frames_lost_is_nearer_to_itself_than_with_silence(hertz: float) -> None:
    sound, chance = voice(hertz, 4.0), random.Random(3)
    lost = {number for number in range(10, 199) if chance.random() < 0.1}
    gain = snr(sound, with_gaps(sound, lost, concealed=True)) / snr(
        sound, with_gaps(sound, lost, concealed=False)
    )
    assert gain > 3


@pytest.mark.parametrize("hertz", [85.0, 130.0, 190.0])
def test_the_seams_do_not_click(hertz: float) -> None:
    sound = voice(hertz, 2.0)
    lost = {10, 20, 21, 40, 41, 42, 60, 80}
    assert largest_step(with_gaps(sound, lost, concealed=True)) <= 1.25 * largest_step(sound)


def test_a_long_gap_fades_to_silence_within_100_ms_and_stays_silent() -> None:
    sound = voice(130.0, 1.0)
    filled = with_gaps(sound, set(range(20, 40)), concealed=True)[20 * FRAME : 40 * FRAME]
    peaks = [int(np.abs(filled[at : at + FRAME]).max()) for at in range(0, len(filled), FRAME)]
    assert peaks[0] > 0.7 * np.abs(sound).max()
    assert peaks[1:5] == sorted(peaks[1:5], reverse=True)
    assert peaks[4] < 0.3 * peaks[0]
    assert set(peaks[5:]) == {0}


def test_frames_of_60_ms_fade_as_fast_as_three_of_20() -> None:
    history = voice(130.0, 0.06).tobytes()
    short, long = Concealer(RATE), Concealer(RATE)
    assert long.conceal(history, 3 * FRAME) == b"".join(short.conceal(history, FRAME) for _ in range(3))


def test_a_frame_that_follows_no_gap_comes_back_as_it_is() -> None:
    concealer, pcm = Concealer(RATE), voice(130.0, 0.02).tobytes()
    assert concealer.resume(pcm) is pcm
    concealer.conceal(pcm, FRAME)
    assert concealer.in_gap
    concealer.resume(pcm)
    assert not concealer.in_gap
    assert concealer.resume(pcm) is pcm


def test_silence_is_concealed_by_silence() -> None:
    concealer = Concealer(RATE)
    for _ in range(3):
        assert concealer.conceal(bytes(2 * HISTORY), FRAME) == bytes(2 * FRAME)
    assert concealer.resume(bytes(2 * FRAME)) == bytes(2 * FRAME)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 79, 320, 399, 640, 2 * HISTORY, 8 * HISTORY])
def test_any_length_of_history_will_do(size: int) -> None:
    concealer = Concealer(RATE)
    history = voice(130.0, 1.0).tobytes()[:size]
    assert len(concealer.conceal(history, FRAME)) == 2 * FRAME
    assert len(concealer.conceal(history, 3 * FRAME)) == 6 * FRAME
    assert len(concealer.resume(bytes(2 * FRAME))) == 2 * FRAME


def test_the_frame_after_a_gap_may_be_empty() -> None:
    concealer = Concealer(RATE)
    concealer.conceal(voice(130.0, 0.06).tobytes(), FRAME)
    assert concealer.resume(b"") == b""


def test_the_loudest_sound_does_not_wrap_around() -> None:
    loud = np.tile(np.repeat(np.array([32767, -32768], np.int16), 40), 6)
    concealer = Concealer(RATE)
    filled = np.frombuffer(concealer.conceal(loud.tobytes(), FRAME), np.int16)
    assert largest_step(filled) <= largest_step(loud)
    assert np.corrcoef(filled, loud[:FRAME])[0, 1] > 0.95
