"""Telephone keys on the wire and in the ear."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.dtmf import (
    KEYS,
    KeyReader,
    KeyWriter,
    TelephoneEvent,
    parse_event,
    serialise_event,
    tone_frame,
)
from bridge.media.rtp import RtpPacket

CLOCKS = (8000, 48000)
events = st.builds(
    TelephoneEvent, st.integers(0, 255), st.booleans(), st.integers(0, 63), st.integers(0, 0xFFFF)
)


def packets(keys: str, clock: int, *, first_timestamp: int = 0, gap: int = 3) -> list[RtpPacket]:
    """What the wire carries of these keys, `gap` frames between two of them."""
    writer, found, began, timestamp = KeyWriter(), [], 0, first_timestamp
    for key in keys:
        assert writer.press(key)
        while writer.busy:
            packet = writer.next(clock)
            began = timestamp if packet.first else began
            found.append(RtpPacket(126, len(found), began & 0xFFFF_FFFF, 5, packet.payload, packet.first))
            timestamp += clock // 50
        timestamp += gap * clock // 50
    return found


def read(wire: list[RtpPacket], clock: int) -> str:
    """The keys that a reader makes out."""
    reader = KeyReader()
    presses = [reader.take(packet, clock) for packet in wire]
    return "".join(press.key for press in presses if press is not None and press.new)


@given(events)
def test_an_event_survives_the_wire(event: TelephoneEvent) -> None:
    payload = serialise_event(event)
    assert len(payload) == 4
    assert parse_event(payload) == event
    assert parse_event(payload + b"more of it") == event
    for size in range(4):
        assert parse_event(payload[:size]) is None


def test_a_known_packet() -> None:
    assert parse_event(bytes.fromhex("0b8a0320")) == TelephoneEvent(11, True, 10, 800)
    assert serialise_event(TelephoneEvent(11, True, 10, 800)) == bytes.fromhex("0b8a0320")


@given(st.binary(max_size=12), st.integers(0, 0xFFFF_FFFF))
def test_noise_is_a_key_or_none_and_never_raises(payload: bytes, timestamp: int) -> None:
    press = KeyReader().take(RtpPacket(126, 1, timestamp, 5, payload), 8000)
    assert press is None or press.key in KEYS


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_press_lasts_100_ms_and_its_last_packet_comes_three_times(clock: int) -> None:
    wire = packets("7", clock)
    durations = [found.duration * 1000 // clock for packet in wire if (found := parse_event(packet.payload))]
    assert durations == [20, 40, 60, 80, 100, 100, 100]
    assert [bool(packet.payload[1] & 0x80) for packet in wire] == [False] * 4 + [True] * 3
    assert {packet.timestamp for packet in wire} == {0}
    reader = KeyReader()
    told = [reader.take(packet, clock) for packet in wire]
    assert [(press.ms, press.ended) for press in told if press is not None] == [
        (20, False), (40, False), (60, False), (80, False), (100, True),
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_each_press_is_read_once_whatever_is_lost_doubled_or_late(data: st.DataObject) -> None:
    """As long as one packet of a press arrives before the next press does."""
    clock = data.draw(st.sampled_from(CLOCKS))
    keys = data.draw(st.text(KEYS, min_size=1, max_size=12))
    wire = packets(keys, clock, first_timestamp=data.draw(st.integers(0, 0xFFFF_FFFF)))
    arrived: list[RtpPacket] = []
    for at in range(0, len(wire), 7):
        press = wire[at : at + 7]
        came = data.draw(st.lists(st.sampled_from(press), min_size=1, max_size=12))
        stragglers = data.draw(st.lists(st.sampled_from(wire[: at + 1]), max_size=3)) if at else []
        arrived += [came[0], *data.draw(st.permutations([*came[1:], *stragglers]))]
    assert read(arrived, clock) == keys


@pytest.mark.parametrize("exact", [True, False])
def test_a_press_too_long_for_one_packet_is_still_one(exact: bool) -> None:
    """At 48 kHz a packet can say 1.37 s; browsers begin the next segment a little late."""
    reader, clock, presses = KeyReader(), 48000, []
    segment = 0xFFFF if exact else 0xFFFF + 1800
    for number in range(3):
        for duration in (2400, 0xFFFF):
            payload = serialise_event(TelephoneEvent(5, False, 10, duration))
            marker = number == 0 and duration == 2400
            presses.append(reader.take(RtpPacket(110, 1, number * segment, 5, payload, marker), clock))
    told = [press for press in presses if press is not None]
    assert [press.new for press in told] == [True] + [False] * 5
    assert told[-1].ms >= 3 * 0xFFFF * 1000 // clock


def test_what_is_no_key_is_not_pressed_or_read() -> None:
    writer = KeyWriter()
    for key in ("", "x", "12", "a", "\ud800"):
        assert not writer.press(key)
    assert [writer.press("1") for _ in range(40)].count(True) == 32
    flash = RtpPacket(126, 1, 1, 5, serialise_event(TelephoneEvent(16, False, 10, 160)))
    assert KeyReader().take(flash, 8000) is None


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_sounds_like_its_two_tones_at_their_levels(key: str, rate: int) -> None:
    row, column = divmod("123A456B789C*0#D".index(key), 4)
    frames = [tone_frame(key, ms, rate, last=ms == 180) for ms in range(0, 200, 20)]
    samples = np.frombuffer(b"".join(frames), np.int16).astype(np.float64)
    middle = samples[rate // 50 : -rate // 50]
    for hertz, dbm0 in (((697, 770, 852, 941)[row], -10), ((1209, 1336, 1477, 1633)[column], -8)):
        wave = np.exp(-2j * np.pi * hertz * np.arange(len(middle)) / rate) * np.hanning(len(middle))
        peak = 2 * abs(middle @ wave) / np.hanning(len(middle)).sum()
        assert 20 * np.log10(peak / 32124) + 3.17 == pytest.approx(dbm0, abs=0.1)
    steepest = 2 * np.pi * (941 * 7054 + 1633 * 8881) / rate
    assert np.abs(np.diff(samples)).max() < steepest, "20 ms and the next 20 ms fit together"
    assert samples[0] == samples[-1] == 0
