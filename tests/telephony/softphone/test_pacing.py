"""When frames and marks leave for a browser."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telephony.softphone.pacing import MAX_MARKS, MAX_MEDIA, Due, Pacer

PERIOD = 0.020


def frame(number: int) -> bytes:
    return number.to_bytes(2, "big")


def test_what_is_sent_ahead_leaves_one_frame_a_period() -> None:
    pacer = Pacer()
    for number in range(4):
        pacer.put(frame(number))
    left = [pacer.due(10.0 + tick * PERIOD) for tick in range(4)]
    assert left == [Due((frame(number),)) for number in range(4)]
    assert not pacer.waiting


def test_a_live_frame_passes_straight_through_though_it_is_a_little_early() -> None:
    pacer = Pacer()
    for number, at in enumerate((10.0, 10.012, 10.041, 10.055)):
        pacer.put(frame(number))
        assert pacer.due(at) == Due((frame(number),))


def test_after_a_pause_nothing_is_made_up_for() -> None:
    pacer = Pacer()
    pacer.put(frame(0))
    pacer.due(10.0)
    pacer.put(frame(1))
    pacer.put(frame(2))
    assert pacer.due(15.0).frames == (frame(1),)


def test_a_mark_returns_when_what_was_before_it_has_left() -> None:
    pacer = Pacer()
    pacer.put(frame(0))
    pacer.put(frame(1))
    pacer.mark("end")
    pacer.put(frame(2))
    assert pacer.due(10.0) == Due((frame(0),))
    assert pacer.due(10.02) == Due((frame(1),), ("end",))
    assert pacer.due(10.04) == Due((frame(2),))


def test_clearing_drops_the_frames_and_returns_the_marks() -> None:
    pacer = Pacer()
    for number in range(3):
        pacer.put(frame(number))
        pacer.mark(str(number))
    assert pacer.due(10.0) == Due((frame(0),), ("0",))
    pacer.clear()
    pacer.put(frame(9))
    assert pacer.due(10.001) == Due((frame(9),), ("1", "2")), "and the next frame need not wait"


def test_the_oldest_frame_is_dropped_where_too_many_wait() -> None:
    pacer = Pacer()
    pacer.mark("first")
    for number in range(MAX_MEDIA + 3):
        pacer.put(frame(number))
    for number in range(MAX_MARKS + 3):
        pacer.mark(str(number))
    assert pacer.dropped == 3 + 4
    due = pacer.due(10.0)
    assert due == Due((frame(3),), ("first",))


@given(st.lists(st.sampled_from(["put", "mark", "clear", "tick"]), max_size=200))
def test_everything_leaves_once_in_order_and_no_faster_than_it_may(steps: list[str]) -> None:
    pacer, now = Pacer(), 10.0
    left: list[int] = []
    marks: list[int] = []
    cleared = True
    for number, step in enumerate([*steps, *["tick"] * (MAX_MEDIA + 1)], 1):
        if step == "put":
            pacer.put(frame(number))
        elif step == "mark":
            pacer.mark(str(number))
        elif step == "clear":
            pacer.clear()
            cleared = True
        else:
            now += PERIOD
            due = pacer.due(now)
            assert len(due.frames) <= 1 or cleared
            cleared = False
            left += [int.from_bytes(payload, "big") for payload in due.frames]
            marks += [int(name) for name in due.marks]
    assert left == sorted(set(left))
    assert marks == [at for at, step in enumerate(steps, 1) if step == "mark"][:MAX_MARKS] or pacer.dropped
    assert not pacer.waiting
