"""Order from disorder, with a bound on the wait."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.jitter import JitterBuffer, Lost, Slot
from bridge.media.rtp import RtpPacket

SSRC = 7


def packet(sequence: int, ssrc: int = SSRC) -> RtpPacket:
    """A packet whose payload tells its number."""
    number = sequence & 0xFFFF
    return RtpPacket(111, number, number * 160, ssrc, number.to_bytes(2, "big"))


def numbers(slots: list[Slot]) -> list[int | None]:
    """Sequence numbers, None for a lost one."""
    return [None if isinstance(slot, Lost) else slot.sequence for slot in slots]


def test_packets_in_order_leave_at_once() -> None:
    buffer = JitterBuffer()
    for sequence in range(50):
        assert numbers(buffer.push(packet(sequence), sequence * 0.02)) == [sequence]
    assert buffer.deadline() is None
    assert buffer.waiting_ms == 0


def test_a_swapped_pair_is_put_in_order_without_a_loss() -> None:
    buffer = JitterBuffer()
    assert numbers(buffer.push(packet(1), 0.00)) == [1]
    assert buffer.push(packet(3), 0.02) == []
    assert buffer.waiting_ms == 20
    assert numbers(buffer.push(packet(2), 0.03)) == [2, 3]
    assert (buffer.lost, buffer.late) == (0, 0)


def test_a_missing_packet_is_given_up_after_the_wait_with_its_successor() -> None:
    buffer = JitterBuffer(max_wait=0.060)
    buffer.push(packet(1), 0.00)
    buffer.push(packet(3), 0.04)
    deadline = buffer.deadline()
    assert deadline == 0.04 + 0.060
    assert buffer.pop(0.09) == []
    assert buffer.pop(deadline) == [Lost(packet(3)), packet(3)]
    assert buffer.lost == 1
    assert numbers(buffer.push(packet(2), 0.12)) == []
    assert buffer.late == 1


def test_of_a_longer_gap_only_the_last_can_be_rebuilt() -> None:
    buffer = JitterBuffer()
    buffer.push(packet(10), 0.0)
    buffer.push(packet(14), 0.1)
    assert buffer.pop(0.2) == [Lost(None), Lost(None), Lost(packet(14)), packet(14)]


def test_a_long_gap_is_not_filled_up() -> None:
    buffer = JitterBuffer()
    buffer.push(packet(0), 0.0)
    buffer.push(packet(60), 1.2)
    slots = buffer.pop(1.3)
    assert len(slots) == 6
    assert buffer.lost == 59


def test_a_jump_is_a_new_beginning_and_not_a_gap() -> None:
    buffer = JitterBuffer()
    buffer.push(packet(0), 0.0)
    assert numbers(buffer.push(packet(20_000), 0.02)) == [20_000]
    assert numbers(buffer.push(packet(100), 0.04)) == [100]
    assert buffer.lost == 0


def test_another_source_is_a_new_beginning() -> None:
    buffer = JitterBuffer()
    buffer.push(packet(5), 0.0)
    buffer.push(packet(7), 0.02)
    assert numbers(buffer.push(packet(900, ssrc=8), 0.03)) == [900]
    assert buffer.deadline() is None


def test_the_number_wraps() -> None:
    buffer = JitterBuffer()
    found = [buffer.push(packet(sequence), 0.0) for sequence in range(65_530, 65_545)]
    assert [number for slots in found for number in numbers(slots)] == [
        sequence & 0xFFFF for sequence in range(65_530, 65_545)
    ]


def test_duplicates_are_played_once_and_counted() -> None:
    buffer = JitterBuffer()
    buffer.push(packet(1), 0.0)
    buffer.push(packet(3), 0.0)
    buffer.push(packet(3), 0.0)
    assert numbers(buffer.push(packet(2), 0.01)) == [2, 3]
    assert buffer.push(packet(3), 0.02) == []
    assert (buffer.duplicates, buffer.late) == (1, 1)


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[tuple[float, int]], int]:
    """Arrivals (time, number) of one stream that is delayed, doubled and thinned out, and its start."""
    start = draw(st.integers(0, 0xFFFF))
    count = draw(st.integers(1, 120))
    arrivals: list[tuple[float, int]] = []
    for index in range(count):
        fate = draw(st.sampled_from(["once"] * 12 + ["lost", "twice", "late"]))
        if index == 0:
            fate = "once"
        delay = draw(st.floats(0, 0.055))
        sent = index * 0.02
        if fate != "lost":
            arrivals.append(
                (sent + (0 if index == 0 else delay + (0.2 if fate == "late" else 0)), start + index)
            )
        if fate == "twice":
            arrivals.append((sent + draw(st.floats(0, 0.3)), start + index))
    return sorted(arrivals), start


@settings(max_examples=300, deadline=None)
@given(journeys())
def test_whatever_comes_leaves_in_order_once_and_in_time(
    journey: tuple[list[tuple[float, int]], int],
) -> None:
    arrivals, start = journey
    buffer = JitterBuffer(max_wait=0.060)
    played: list[tuple[float, Slot]] = []
    first_seen: dict[int, float] = {}
    for at, sequence in arrivals:
        while (deadline := buffer.deadline()) is not None and deadline <= at:
            played += [(deadline, slot) for slot in buffer.pop(deadline)]
        first_seen.setdefault(sequence & 0xFFFF, at)
        played += [(at, slot) for slot in buffer.push(packet(sequence), at)]
    while (deadline := buffer.deadline()) is not None:
        played += [(deadline, slot) for slot in buffer.pop(deadline)]

    order = [(slot.sequence - start) & 0xFFFF for _, slot in played if isinstance(slot, RtpPacket)]
    assert order == sorted(set(order)), "in order, nothing twice"
    assert len(order) + buffer.late + buffer.duplicates == len(arrivals), "every packet is accounted for"
    for at, slot in played:
        if isinstance(slot, RtpPacket):
            assert at - first_seen[slot.sequence] <= 0.060 + 1e-9, "nobody waits longer than that"
    for (_, slot), (_, following) in pairwise(played):
        if isinstance(slot, Lost) and slot.following is not None:
            assert following == slot.following
    assert not isinstance(played[-1][1], Lost), "a loss is known by what follows it"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2), st.floats(0, 0.1)), max_size=200))
def test_any_numbers_at_all_stay_within_bounds(packets: list[tuple[int, int, float]]) -> None:
    buffer, now, out = JitterBuffer(), 0.0, 0
    for sequence, ssrc, later in packets:
        now += later
        out += sum(isinstance(slot, RtpPacket) for slot in buffer.push(packet(sequence, ssrc), now))
        assert buffer.waiting_ms <= 2_020
        assert (buffer.deadline() is None) == (buffer.waiting_ms == 0)
    assert out <= len(packets)
