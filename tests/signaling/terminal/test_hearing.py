"""What a phone hears, taken apart."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.call.hold import hold_frames
from bridge.media.g711 import ulaw_encode
from bridge.ports import Codec
from signaling.terminal.hearing import Hearing, HoldBegan, Sound

SILENCE = b"\xff" * 160


def feed(hearing: Hearing, frames: list[bytes]) -> list[Sound]:
    return [sound for frame in frames for sound in hearing.slot(frame)]


def hold(seconds: float, *, begin: int = 0) -> list[bytes]:
    frames = hold_frames(Codec.PCMU)
    return [frames[(begin + place) % len(frames)] for place in range(int(seconds * 50))]


@pytest.mark.parametrize("begin", range(0, 400, 25))
def test_hold_audio_is_told_once_however_long_and_from_wherever_it_plays(begin: int) -> None:
    hearing = Hearing()

    sounds = feed(hearing, [SILENCE] * 50 + hold(20.0, begin=begin))

    assert [type(sound) for sound in sounds] == [HoldBegan]
    assert hearing.hold


def test_hold_audio_that_comes_back_is_told_again() -> None:
    hearing = Hearing()
    sounds = feed(hearing, hold(2.0) + [SILENCE] * 50)
    assert not hearing.hold

    sounds += feed(hearing, hold(2.0))

    assert [type(sound) for sound in sounds] == [HoldBegan, HoldBegan]


def test_hold_audio_counts_as_quiet_for_whoever_listens_for_speech() -> None:
    hearing = Hearing()

    for frame in hold(5.0):
        hearing.slot(frame)
        assert hearing.level_dbfs < -60
        assert not hearing.speaking


def test_other_sound_is_not_taken_for_hold_audio() -> None:
    rng = np.random.default_rng(1)
    noise = [ulaw_encode(rng.normal(0, 2000, 160).astype(np.int16).tobytes()) for _ in range(500)]
    hearing = Hearing()

    feed(hearing, noise)

    assert not hearing.hold


def test_time_is_counted_in_slots() -> None:
    hearing = Hearing()
    feed(hearing, [SILENCE] * 51)
    assert hearing.now_ms == 1020
