"""Keys, padding and changes of codec, made even for the jitter buffer."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.rtp import RtpPacket
from bridge.peer.continuity import Continuity

SECOND = {"pcmu": 8000, "opus": 48000}


def wire(kinds: list[str], first_sequence: int, first_timestamp: int) -> list[tuple[str, RtpPacket]]:
    """20 ms packets of these kinds; a key takes 20 ms and bears the timestamp of the sound before it."""
    packets, timestamp, clock = [], first_timestamp, 8000
    for at, kind in enumerate(kinds):
        clock = SECOND.get(kind, clock)
        if kind != "key":
            timestamp += clock // 50
        sequence = (first_sequence + at) & 0xFFFF
        packets.append((kind, RtpPacket(0, sequence, timestamp & 0xFFFF_FFFF, 5, b"x")))
    return packets


def even(stream: Continuity, packets: list[tuple[str, RtpPacket]]) -> list[RtpPacket]:
    """What comes out for those that sound."""
    out = []
    for kind, packet in packets:
        if kind == "key":
            stream.silent(packet)
        else:
            out.append(stream.sound(packet, SECOND[kind]))
    return out


kinds = st.lists(st.sampled_from(["pcmu", "opus", "key"]), min_size=1, max_size=80)
starts = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF))


@settings(max_examples=300, deadline=None)
@given(kinds, starts, st.sampled_from([8000, 48000]))
def test_what_sounds_has_numbers_and_times_in_a_row(
    sent: list[str], start: tuple[int, int], clock: int
) -> None:
    first = next((kind for kind in sent if kind != "key"), "pcmu")
    out = even(Continuity(SECOND[first]), wire(sent, *start))
    step = SECOND[first] // 50
    for one, other in pairwise(out):
        assert (other.sequence - one.sequence) & 0xFFFF == 1
        assert (other.timestamp - one.timestamp) & 0xFFFF_FFFF == step


@settings(max_examples=300, deadline=None)
@given(kinds, starts, st.randoms(use_true_random=False), st.floats(0.0, 0.5))
def test_any_order_and_loss_gives_sound_no_number_twice(
    sent: list[str], start: tuple[int, int], random: random.Random, loss: float
) -> None:
    packets = wire(sent, *start)
    arrived = [packet for packet in packets if random.random() >= loss]
    keyed = sorted(enumerate(arrived), key=lambda item: item[0] + random.uniform(0, 4))
    out = even(Continuity(8000), [packet for _, packet in keyed])
    numbers = [packet.sequence for packet in out]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= packet.timestamp <= 0xFFFF_FFFF for packet in out)


def test_a_stream_of_one_codec_comes_out_as_it_is() -> None:
    stream = Continuity(8000)
    packet = RtpPacket(0, 7, 160, 5, b"x")
    assert stream.sound(packet, 8000) is packet


def test_a_packet_that_was_sent_before_the_codec_changed_keeps_its_place() -> None:
    packets = wire(["opus"] * 4 + ["pcmu"] * 2, 10, 0)
    late = packets.pop(2)
    out = even(Continuity(48000), [*packets, late])
    assert [packet.timestamp // 960 for packet in out] == [1, 2, 4, 5, 6, 3]
    assert [packet.sequence for packet in out] == [10, 11, 13, 14, 15, 12]


@pytest.mark.parametrize("keys", [7, 100])
def test_a_key_of_long_ago_moves_nothing_when_the_numbers_go_round(keys: int) -> None:
    out = even(Continuity(8000), wire(["pcmu"] + ["key"] * keys + ["pcmu"] * 140_000, 60_000, 0))
    assert all((other.sequence - one.sequence) & 0xFFFF == 1 for one, other in pairwise(out))


def test_a_day_after_a_change_of_codec_time_still_goes_on_evenly() -> None:
    stream, minute = Continuity(8000), 60 * 50
    stream.sound(RtpPacket(0, 0, 0, 5, b"x"), 8000)
    out = []
    for at in range(26 * 60):  # one packet a minute tells enough
        packet = RtpPacket(0, (1 + at * minute) & 0xFFFF, (160 + at * minute * 960) & 0xFFFF_FFFF, 5, b"x")
        out.append(stream.sound(packet, 48000).timestamp)
    assert {(other - one) & 0xFFFF_FFFF for one, other in pairwise(out)} == {minute * 160}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=6), st.integers(0, 0xFFFF_FFFF), st.data())
def test_loss_around_a_change_of_codec_moves_nothing(
    lengths: list[int], first: int, data: st.DataObject
) -> None:
    names = [("opus", "pcmu")[at % 2] for at, length in enumerate(lengths) for _ in range(length)]
    packets = wire(names, 0, first)
    # One packet of each codec at least gets through, so that every change is seen.
    kept, begin = [], 0
    for length in lengths:
        run = packets[begin : begin + length]
        kept += sorted(
            data.draw(st.lists(st.sampled_from(run), min_size=1, unique_by=lambda item: item[1].sequence)),
            key=lambda item: item[1].sequence,
        )
        begin += length
    out = even(Continuity(48000), kept)
    for packet in out:
        places = (packet.timestamp - out[0].timestamp) & 0xFFFF_FFFF
        assert abs(places / 960 - (packet.sequence - out[0].sequence)) < 0.1
