from __future__ import annotations

import numpy as np
import pytest

from benchmarks.media.phone import SLOT_S, filled, played, sound_of
from bridge.media.g711 import ulaw_encode
from telephony.twilio.playout import SILENCE
from tests.harness.tones import tone

LOUD = [ulaw_encode(tone(300.0 + 50 * number, SLOT_S)) for number in range(10)]


def on_time(late: float = 0.0) -> list[tuple[float, bytes]]:
    """Ten frames, 20 ms apart."""
    return [(7.0 + number * SLOT_S + late, frame) for number, frame in enumerate(LOUD)]


def test_frames_that_come_in_time_fill_every_slot_in_order() -> None:
    slots = played(on_time(late=0.005), 7.01, 7.2)
    assert [slot.payload for slot in slots[1:]] == LOUD[1:]
    assert filled(played(on_time(), 7.0, 7.2)) == 1.0


def test_a_late_frame_leaves_its_slot_empty_and_all_that_follow_a_slot_later() -> None:
    arrivals = on_time()
    arrivals[4] = (arrivals[4][0] + 0.015, arrivals[4][1])
    slots = played(arrivals, 7.0, 7.0 + 12 * SLOT_S)
    assert [slot.payload for slot in slots] == [*LOUD[:4], SILENCE, *LOUD[4:], SILENCE]
    assert [slot.buffered for slot in slots].count(False) == 2
    assert filled(slots) == pytest.approx(10 / 12)


def test_frames_of_silence_fill_nothing() -> None:
    arrivals = on_time()
    arrivals[5] = (arrivals[5][0], SILENCE)
    slots = played(arrivals, 7.0, 7.2)
    assert all(slot.buffered for slot in slots)
    assert filled(slots) == 0.9


def test_what_came_before_the_phone_listened_is_not_played() -> None:
    assert played(on_time(), 7.101, 7.2)[1].payload == LOUD[6]


def test_the_slots_sound_as_they_were_played() -> None:
    sound = sound_of(played(on_time(), 7.0, 7.3))
    assert len(sound) == 15 * 160
    assert not sound[10 * 160 :].any()
    assert np.abs(sound[: 10 * 160]).max() > 7000


def test_no_slot_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no slot"):
        filled([])
