"""Order from disorder, each frame at its turn, with a bound on the wait."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.jitter import JitterBuffer, Lost, Slot
from bridge.media.lateness import FRAME_S, MAX_DEPTH_S
from bridge.media.rtp import RtpPacket

SSRC, CLOCK = 7, 8000
Played = list[tuple[float, Slot]]


def packet(sequence: int, ssrc: int = SSRC, *, ms: int = 20, later: int = 0) -> RtpPacket:
    """A packet of `ms` whose payload tells its number, `later` ms after where its number puts it."""
    number = sequence & 0xFFFF
    timestamp = (sequence * ms + later) * CLOCK // 1000 & 0xFFFF_FFFF
    return RtpPacket(111, number, timestamp, ssrc, number.to_bytes(2, "big"))


def numbers(slots: Iterable[Slot]) -> list[int | None]:
    """Sequence numbers, None for a lost one."""
    return [None if isinstance(slot, Lost) else slot.sequence for slot in slots]


def play(
    buffer: JitterBuffer,
    arrivals: Iterable[tuple[float, RtpPacket]],
    *,
    silent: Callable[[RtpPacket], bool] = lambda _: False,
    to_the_end: bool = True,
    lag: float = 0.0,
) -> Played:
    """Everything that is played, at its time, with `pop` called `lag` s after it is due.

    Frames that are `silent` are left out or doubled as the buffer asks for.
    """
    played: Played = []

    def take(slots: list[Slot], now: float) -> None:
        for slot in slots:
            if isinstance(slot, RtpPacket) and silent(slot):
                if buffer.wants_shorter:
                    buffer.shortened()
                    continue
                if buffer.wants_longer:
                    buffer.lengthened()
            played.append((now, slot))

    for at, arrived in arrivals:
        while (deadline := buffer.deadline()) is not None and deadline + lag <= at:
            take(buffer.pop(deadline + lag), deadline + lag)
        take(buffer.push(arrived, at), at)
    while to_the_end and (deadline := buffer.deadline()) is not None:
        take(buffer.pop(deadline), deadline)
    return played


def road(
    count: int, *, jitter: float = 0.0, loss: float = 0.0, ppm: float = 0.0, start: int = 0, seed: int = 1
) -> list[tuple[float, RtpPacket]]:
    """Arrivals of `count` packets by a road of up to `jitter` s, from a sender that is fast by `ppm`."""
    chance = random.Random(seed)
    arrivals = []
    for index in range(count):
        at = index * FRAME_S * (1 - ppm * 1e-6) + chance.uniform(0, jitter)
        if chance.random() >= loss:
            arrivals.append((at, packet(start + index)))
    return sorted(arrivals, key=lambda arrival: arrival[0])


def delays(played: Played, start: int = 0) -> list[float]:
    """Seconds from when each packet was sent to when it was played; for less than 65536 packets."""
    return [
        at - ((slot.sequence - start) & 0xFFFF) * FRAME_S
        for at, slot in played
        if isinstance(slot, RtpPacket)
    ]


def test_packets_in_order_leave_at_once() -> None:
    buffer = JitterBuffer(CLOCK)
    for sequence in range(50):
        assert numbers(buffer.push(packet(sequence), sequence * 0.02)) == [sequence]
    assert buffer.waiting_ms == 0


def test_a_swapped_pair_is_put_in_order_without_a_loss() -> None:
    buffer = JitterBuffer(CLOCK)
    assert numbers(buffer.push(packet(1), 0.00)) == [1]
    assert buffer.push(packet(3), 0.02) == []
    assert buffer.waiting_ms == 20
    assert numbers(buffer.push(packet(2), 0.03)) == [2]
    assert numbers(buffer.pop(0.04)) == [3]
    assert (buffer.lost, buffer.late) == (0, 0)


def test_it_is_known_whether_the_next_frame_is_there() -> None:
    buffer = JitterBuffer(CLOCK)
    for sequence, at in ((0, 0.00), (1, 0.02), (3, 0.04)):
        buffer.push(packet(sequence), at)
    assert buffer.next_is_missing, "a later one does not count"
    assert buffer.pop(0.055) == [Lost(packet(3))]
    assert not buffer.next_is_missing
    assert buffer.pop(0.06) == [packet(3)]
    assert buffer.next_is_missing


def test_a_missing_packet_is_given_up_soon_after_its_turn_with_its_successor() -> None:
    buffer = JitterBuffer(CLOCK)
    buffer.push(packet(0), 0.00)
    buffer.push(packet(1), 0.02)
    buffer.push(packet(3), 0.04)
    deadline = buffer.deadline()
    assert deadline is not None
    assert 0.04 < deadline < 0.06
    assert buffer.pop(deadline - 0.001) == []
    assert buffer.pop(deadline) == [Lost(packet(3))]
    assert buffer.pop(0.06) == [packet(3)]
    assert buffer.lost == 1
    assert buffer.push(packet(2), 0.07) == []
    assert buffer.late == 1


def test_the_packet_after_a_lost_one_is_handed_over_to_rebuild_it() -> None:
    played = play(JitterBuffer(CLOCK), road(2000, loss=0.05), to_the_end=False)
    lost = [slot for _, slot in played[500:] if isinstance(slot, Lost)]
    rebuilt = [slot for slot in lost if slot.following is not None]
    assert len(lost) > 50
    assert len(rebuilt) > 0.85 * len(lost), "all but the first of two lost in a row"
    for (_, slot), (_, following) in pairwise(played):
        if isinstance(slot, Lost) and slot.following is not None:
            assert following == slot.following


def test_of_a_longer_gap_only_the_last_can_be_rebuilt() -> None:
    buffer = JitterBuffer(CLOCK)
    buffer.push(packet(10), 0.0)
    buffer.push(packet(14), 0.02)
    assert buffer.pop(0.2) == [Lost(None), Lost(None), Lost(packet(14)), packet(14)]
    assert buffer.lost == 3


def test_a_long_gap_is_not_filled_up() -> None:
    buffer = JitterBuffer(CLOCK)
    buffer.push(packet(0), 0.0)
    buffer.push(packet(1), 0.02)
    slots = [*buffer.pop(0.5), *buffer.push(packet(61), 1.22)]
    assert numbers(slots) == [None] * 5 + [61]
    assert buffer.lost == 59


def test_a_jump_is_a_new_beginning_and_not_a_gap() -> None:
    buffer = JitterBuffer(CLOCK)
    buffer.push(packet(0), 0.0)
    assert numbers(buffer.push(packet(20_000), 0.02)) == [20_000]
    assert numbers(buffer.push(packet(100), 0.04)) == [100]
    assert buffer.lost == 0


def test_another_source_is_a_new_beginning() -> None:
    buffer = JitterBuffer(CLOCK)
    buffer.push(packet(5), 0.0)
    buffer.push(packet(7), 0.02)
    slots = [*buffer.push(packet(900, ssrc=8), 0.03), *buffer.pop(0.06)]
    assert numbers(slots) == [900]
    assert buffer.waiting_ms == 0


def test_a_stray_packet_from_long_ago_is_late_and_changes_nothing() -> None:
    buffer = JitterBuffer(CLOCK)
    play(buffer, road(500), to_the_end=False)
    assert buffer.push(packet(200), 10.0) == []
    assert numbers(buffer.push(packet(500), 10.0)) == [500]
    assert buffer.late == 1


def test_a_sender_that_counts_on_from_an_old_number_is_heard_again_within_a_second() -> None:
    buffer = JitterBuffer(CLOCK)
    play(buffer, road(500), to_the_end=False)
    again = [(10 + index * FRAME_S, packet(300 + index)) for index in range(60)]
    heard = [slot.sequence for _, slot in play(buffer, again) if isinstance(slot, RtpPacket)]
    assert heard == list(range(349, 360))


@pytest.mark.parametrize("wraps", ["number", "timestamp"])
def test_what_wraps_is_played_on(wraps: str) -> None:
    start = 65_530 if wraps == "number" else (1 << 32) // 160 - 5
    buffer = JitterBuffer(CLOCK)
    played = play(buffer, road(20, start=start), to_the_end=False)
    assert numbers(slot for _, slot in played) == [number & 0xFFFF for number in range(start, start + 20)]
    assert [at for at, _ in played] == pytest.approx([index * FRAME_S for index in range(20)])


def test_duplicates_are_played_once_and_counted() -> None:
    buffer = JitterBuffer(CLOCK)
    twice = [(0.0, packet(1)), (0.0, packet(3)), (0.0, packet(3)), (0.01, packet(2)), (0.05, packet(3))]
    assert numbers(slot for _, slot in play(buffer, twice, to_the_end=False)) == [1, 2, 3]
    assert (buffer.duplicates, buffer.late) == (1, 1)


def test_the_end_of_a_stream_is_no_loss_and_is_waited_for_for_a_tenth_of_a_second_only() -> None:
    buffer = JitterBuffer(CLOCK)
    played = play(buffer, road(100))
    assert numbers(slot for _, slot in played) == [*range(100), *[None] * 5]
    assert buffer.lost == 0
    assert buffer.deadline() is None


@pytest.mark.parametrize("jitter", [0.0, 0.03])
def test_a_pause_of_the_sender_is_no_loss(jitter: float) -> None:
    buffer = JitterBuffer(CLOCK)
    before = road(300, jitter=jitter)
    pause = 0.4
    after = [
        (at + 6 + pause, packet(300 + p.sequence, later=400)) for at, p in road(300, jitter=jitter, seed=2)
    ]
    played = play(buffer, before + after)
    unpaused = JitterBuffer(CLOCK)
    play(unpaused, before + [(at - pause, packet(p.sequence)) for at, p in after])
    heard = [(at, slot.sequence) for at, slot in played if isinstance(slot, RtpPacket)]
    assert {number for _, number in heard} >= set(range(300, 600)), "nothing after the pause is left out"
    assert buffer.lost <= unpaused.lost, "no more than the road's own"
    lateness = [at - number * FRAME_S - pause for at, number in heard if number >= 300]
    assert max(lateness) <= jitter + FRAME_S + 1e-6, "and the pause leaves no delay behind"


@pytest.mark.parametrize("ms", [10, 40, 60])
def test_packets_of_another_length_are_concealed_by_their_length(ms: int) -> None:
    buffer = JitterBuffer(CLOCK)
    arrivals = [(index * ms / 1000, packet(index, ms=ms)) for index in range(50) if index != 30]
    played = play(buffer, arrivals, to_the_end=False)
    assert [slot.ms for _, slot in played if isinstance(slot, Lost)] == [ms]
    assert numbers(slot for _, slot in played) == [None if index == 30 else index for index in range(50)]
    assert buffer.lost == 1


def test_the_depth_follows_the_jitter_and_comes_back_down_in_silence() -> None:
    buffer = JitterBuffer(CLOCK)
    quiet, rough = road(300), [(at + 6, packet(300 + p.sequence)) for at, p in road(600, jitter=0.05)]
    again = [(at + 18, packet(900 + p.sequence)) for at, p in road(900)]
    play(buffer, quiet, to_the_end=False)
    assert buffer.depth_ms == 0
    talking = play(buffer, rough, to_the_end=False)
    assert 40 <= buffer.depth_ms <= 50
    settled = [slot for _, slot in talking[300:]]
    assert sum(isinstance(slot, Lost) for slot in settled) <= 0.03 * len(settled)
    calm = play(buffer, again, to_the_end=False, silent=lambda p: p.sequence % 10 == 0)
    assert buffer.depth_ms == 0
    assert median(delays(calm[-100:])) < 0.001
    left_out = 900 - sum(isinstance(slot, RtpPacket) and slot.sequence >= 900 for _, slot in calm)
    assert 1 <= left_out <= 4, "as much silence as was waited for, and no more"


@pytest.mark.parametrize("jitter", [0.0, 0.03])
def test_a_stall_of_half_a_second_leaves_no_delay_behind(jitter: float) -> None:
    buffer = JitterBuffer(CLOCK)
    stalled = [(10.5 if 10 <= at < 10.5 else at, p) for at, p in road(2000, jitter=jitter)]
    played = play(buffer, stalled, to_the_end=False, silent=lambda p: p.sequence % 10 == 0)
    before = median(delays([entry for entry in played if entry[0] < 10]))
    after = median(delays([entry for entry in played if 11 <= entry[0] < 15]))
    at_last = median(delays([entry for entry in played if entry[0] > 30]))
    assert after <= before + 0.08
    assert at_last <= before + FRAME_S + 0.003


def test_a_longer_road_is_settled_on_within_four_packets() -> None:
    buffer = JitterBuffer(CLOCK)
    longer = [(at + (0.3 if p.sequence >= 500 else 0.0), p) for at, p in road(1000)]
    played = play(buffer, longer, to_the_end=False)
    heard = [slot.sequence for _, slot in played if isinstance(slot, RtpPacket)]
    assert len(heard) >= 996
    assert median(delays(played[-300:])) == pytest.approx(0.3, abs=0.002)


def test_a_shorter_road_is_settled_on_and_what_is_still_on_the_longer_comes_too_late() -> None:
    buffer = JitterBuffer(CLOCK)
    both = [(at + (0.3 if p.sequence < 500 else 0.0), p) for at, p in road(1000, jitter=0.03)]
    played = play(buffer, sorted(both, key=lambda a: a[0]), silent=lambda p: p.sequence % 10 == 0)
    heard = [slot.sequence for _, slot in played if isinstance(slot, RtpPacket)]
    assert heard == sorted(set(heard))
    assert set(heard) >= {number for number in range(500, 1000) if number % 10}
    assert max(delays(played[-300:])) <= 0.03 + 2 * FRAME_S


@pytest.mark.parametrize("jitter", [0.0, 0.03])
@pytest.mark.parametrize("by", [-3600.0, -0.5, 0.5, 3600.0])
def test_a_clock_that_is_set_costs_a_few_frames_at_most(by: float, jitter: float) -> None:
    buffer = JitterBuffer(CLOCK)
    before = play(buffer, road(500, jitter=jitter), to_the_end=False)
    set_anew = [(at + 10 + by, packet(500 + p.sequence)) for at, p in road(500, jitter=jitter, seed=2)]
    after = play(buffer, set_anew)
    heard = numbers(slot for _, slot in before + after if isinstance(slot, RtpPacket))
    assert heard == sorted(set(heard), key=lambda number: number or 0)
    assert len(heard) >= 980
    assert max(delays(after[-100:])) - by <= 0.03 + 2 * FRAME_S


@pytest.mark.parametrize("jitter", [0.0, 0.03])
@pytest.mark.parametrize("ppm", [-200.0, 200.0])
def test_drift_is_absorbed_in_silence_for_two_hours(ppm: float, jitter: float) -> None:
    buffer = JitterBuffer(CLOCK)
    count, chance = 2 * 3600 * 50, random.Random(3)
    step = FRAME_S * (1 - ppm * 1e-6)
    far_end_until = now = 0.0
    holds: list[float] = []
    filled = 0

    def hear(slots: list[Slot], now: float, sent: float) -> None:
        nonlocal far_end_until, filled
        for slot in slots:
            silent = isinstance(slot, RtpPacket) and slot.sequence % 400 < 150
            if silent and buffer.wants_shorter:
                buffer.shortened()
                continue
            if silent and buffer.wants_longer:
                buffer.lengthened()
                far_end_until = max(far_end_until, now) + FRAME_S
            far_end_until = max(far_end_until, now) + FRAME_S
            filled += isinstance(slot, Lost)
            holds.append(far_end_until - sent)

    for index in range(count):
        sent = index * step
        now = max(now, sent + chance.uniform(0, jitter))
        while (deadline := buffer.deadline()) is not None and deadline <= now:
            hear(buffer.pop(deadline), deadline, sent)
        hear(buffer.push(packet(index), now), now, sent)
    early, late = holds[5_000:30_000], holds[-25_000:]
    assert median(late) <= median(early) + 0.015
    assert max(holds) <= jitter + 0.09
    assert buffer.lost + buffer.late + filled <= count * 0.003
    if not jitter:
        assert filled == 0, "a quiet road's drift costs no sound at all"


def test_a_fast_sender_that_is_never_silent_is_cut_down_to_the_bound() -> None:
    buffer, far_end_until, holds = JitterBuffer(CLOCK), 0.0, []
    for at, arrived in road(40_000, ppm=1000):
        for slot in buffer.push(arrived, at):
            far_end_until = max(far_end_until, at) + FRAME_S
            holds.append(far_end_until - at)
            assert isinstance(slot, RtpPacket)
    assert max(holds) <= MAX_DEPTH_S + 3 * FRAME_S
    assert 30 <= buffer.late <= 40, "a second in a thousand, less what the bound holds"


def test_timers_that_are_late_again_and_again_do_not_add_up() -> None:
    prompt = play(JitterBuffer(CLOCK), road(2000, jitter=0.03), to_the_end=False)
    late = play(JitterBuffer(CLOCK), road(2000, jitter=0.03), to_the_end=False, lag=0.015)
    assert median(delays(late[-500:])) <= median(delays(prompt[-500:])) + 0.016


@st.composite
def journeys(draw: st.DrawFn) -> tuple[list[tuple[float, int]], int]:
    """Arrivals (time, number) of one stream that is delayed, doubled and thinned out, and its start."""
    start = draw(st.integers(0, 0xFFFF))
    count = draw(st.integers(1, 120))
    slowness = 1 + draw(st.floats(-2e-4, 2e-4))
    arrivals: list[tuple[float, int]] = []
    for index in range(count):
        fate = draw(st.sampled_from(["once"] * 12 + ["lost", "twice", "late"]))
        if index == 0:
            fate = "once"
        delay = draw(st.floats(0, 0.055))
        sent = index * 0.02 * slowness
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
    buffer = JitterBuffer(CLOCK)
    first_seen: dict[int, float] = {}
    for at, sequence in arrivals:
        first_seen.setdefault(sequence & 0xFFFF, at)
    played = play(buffer, [(at, packet(sequence)) for at, sequence in arrivals])

    order = [(slot.sequence - start) & 0xFFFF for _, slot in played if isinstance(slot, RtpPacket)]
    assert order == sorted(set(order)), "in order, nothing twice"
    assert len(order) + buffer.late + buffer.duplicates == len(arrivals), "every packet is accounted for"
    assert [at for at, _ in played] == sorted(at for at, _ in played)
    for at, slot in played:
        if isinstance(slot, RtpPacket):
            assert at - first_seen[slot.sequence] <= MAX_DEPTH_S + FRAME_S + 1e-9, "nobody waits longer"
    for (_, slot), (_, following) in pairwise(played):
        if isinstance(slot, Lost) and slot.following is not None:
            assert following == slot.following
    in_a_row = longest = 0
    for _, slot in played:
        in_a_row = in_a_row + 1 if isinstance(slot, Lost) else 0
        longest = max(longest, in_a_row)
    assert longest <= 5, "no more than 100 ms is made up"
    assert buffer.waiting_ms == 0
    assert buffer.deadline() is None


ODD_PACKETS = st.tuples(
    st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF), st.integers(0, 1), st.floats(-0.1, 0.1)
)
LIKELY_PACKETS = st.tuples(
    st.integers(0, 200), st.integers(0, 200).map(lambda n: n * 160), st.just(0), st.floats(-0.02, 0.05)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ODD_PACKETS, max_size=200) | st.lists(LIKELY_PACKETS, max_size=200))
def test_any_packets_at_any_times_stay_within_bounds(packets: list[tuple[int, int, int, float]]) -> None:
    buffer, now, out, concealed = JitterBuffer(CLOCK), 0.0, 0, 0
    for sequence, timestamp, ssrc, later in packets:
        now += later
        for slot in buffer.push(RtpPacket(0, sequence, timestamp, ssrc, b""), now):
            out += isinstance(slot, RtpPacket)
            concealed += isinstance(slot, Lost)
        assert buffer.waiting_ms <= 64 * 120
        assert 0 <= buffer.depth_ms <= MAX_DEPTH_S * 1000
    for _ in range(200):
        if (deadline := buffer.deadline()) is None:
            break
        slots = buffer.pop(max(deadline, now))
        out += sum(isinstance(slot, RtpPacket) for slot in slots)
    assert buffer.deadline() is None, "it comes to rest by itself"
    assert buffer.waiting_ms == 0
    assert out + buffer.late + buffer.duplicates == len(packets), "every packet is accounted for"
    assert concealed <= 24 * (len(packets) + 1)


def test_a_flood_of_one_moment_does_not_pile_up() -> None:
    buffer = JitterBuffer(CLOCK)
    play(buffer, road(500, jitter=0.05), to_the_end=False)
    most = 0
    for index in range(5000):
        buffer.push(RtpPacket(0, 501 + 2 * index & 0xFFFF, 501 * 160, SSRC, b""), 10.0)
        most = max(most, buffer.waiting_ms)
    assert most <= 64 * 20
