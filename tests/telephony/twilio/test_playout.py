"""How Twilio plays what it is sent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bridge.media.g711 import ulaw_encode
from telephony.twilio.playout import SILENCE, Playout, Slot

A, B = b"\x01" * 160, b"\x02" * 160


def test_audio_is_played_in_order_and_silence_after_it():
    playout = Playout()
    playout.feed(A)
    playout.feed(B)
    assert [playout.tick() for _ in range(3)] == [(A, []), (B, []), (None, [])]


def test_payloads_of_any_length_fill_whole_slots():
    playout = Playout()
    for size in (100, 100, 160):
        playout.feed(b"\x01" * size)
    assert playout.buffered_ms == 45
    slots = [playout.tick()[0] for _ in range(3)]
    assert slots == [A, A, b"\x01" * 40 + SILENCE[:120]]


def test_a_mark_is_due_when_the_audio_before_it_is_over():
    playout = Playout()
    playout.feed(A)
    assert playout.mark("a") == []
    playout.feed(B)
    assert playout.mark("b") == []
    assert [playout.tick(), playout.tick()] == [(A, ["a"]), (B, ["b"])]
    assert playout.mark("c") == ["c"]


def test_a_clear_forgets_the_audio_and_returns_every_mark():
    playout = Playout()
    playout.feed(A)
    playout.mark("a")
    playout.feed(B)
    playout.mark("b")
    assert playout.clear() == ["a", "b"]
    assert playout.tick() == (None, [])
    playout.feed(B)
    assert playout.tick() == (B, [])


def test_audio_beyond_the_limit_is_refused_and_counted():
    playout = Playout(limit=160)
    playout.feed(A)
    playout.feed(B)
    assert (playout.overflowed, playout.buffered_ms) == (160, 20)


@pytest.mark.parametrize(("amplitude", "level"), [(32000, 0), (3200, -20), (320, -40)])
def test_the_level_of_a_slot_is_in_db_of_full_scale(amplitude, level):
    sine = amplitude * np.sin(np.arange(160) * 2 * math.pi / 16)
    slot = Slot(0.0, ulaw_encode(sine.astype("<i2").tobytes()), True)
    assert slot.level_db == pytest.approx(level - 3, abs=0.5)


def test_silence_has_no_level():
    assert Slot(0.0, SILENCE, True).level_db == -100
    assert Slot(0.0, A, False).level_db == -100
