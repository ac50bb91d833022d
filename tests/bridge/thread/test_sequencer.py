"""Order by beginning, whatever order the texts come in: nothing lost, nothing doubled, nobody stuck."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.thread.sequencer import Sequencer
from tests.bridge.thread.helpers import at

NEVER = math.inf


def test_a_final_waits_for_one_that_began_earlier() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER)
    sequencer.open("a", at(0))
    sequencer.open("b", at(1))
    sequencer.close("b", "second", 0.0)
    assert sequencer.release(0.0) == []
    assert sequencer.waiting() == ["second"]
    sequencer.close("a", "first", 0.0)
    assert sequencer.release(0.0) == ["first", "second"]
    assert sequencer.release(0.0) == []


def test_one_that_is_discarded_holds_nobody() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER)
    sequencer.open("noise", at(0))
    sequencer.open("b", at(1))
    sequencer.close("b", "said", 0.0)
    sequencer.close("noise", None, 0.0)
    assert sequencer.release(0.0) == ["said"]


def test_one_that_takes_too_long_is_overtaken_once_and_then_holds_nobody() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=8.0)
    sequencer.open("slow", at(0))
    sequencer.open("b", at(1))
    sequencer.open("c", at(2))
    sequencer.close("b", "b", 10.0)
    assert sequencer.deadline() == 18.0
    assert sequencer.release(17.9) == []
    assert sequencer.release(18.0) == ["b"]
    sequencer.close("c", "c", 19.0)
    assert sequencer.release(19.0) == ["c"]
    sequencer.close("slow", "late", 20.0)
    assert sequencer.release(20.0) == ["late"]
    assert sequencer.deadline() is None


def test_one_that_is_opened_after_a_later_one_came_out_follows_it() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER)
    sequencer.open("b", at(1))
    sequencer.close("b", "b", 0.0)
    assert sequencer.release(0.0) == ["b"]
    sequencer.open("a", at(0))
    sequencer.close("a", "a", 0.0)
    assert sequencer.release(0.0) == ["a"]


def test_a_key_is_open_once_and_closed_once() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER)
    sequencer.open("a", at(0))
    with pytest.raises(ValueError, match="open already"):
        sequencer.open("a", at(1))
    assert sequencer.opened() == ["a"]
    assert sequencer.close("a", "x", 0.0) is True
    assert sequencer.close("a", "y", 0.0) is False
    assert sequencer.close("unknown", "z", 0.0) is False
    assert sequencer.release(0.0) == ["x"]


Plan = list[tuple[int, bool]]
plans = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=12)
"""Utterances: when each begins, and whether something comes of it."""


@given(plans, st.randoms(use_true_random=False))
def test_with_patience_texts_come_out_in_order_of_beginning(plan: Plan, random: object) -> None:
    sequencer: Sequencer[tuple[int, int]] = Sequencer(patience_s=NEVER)
    for n, (start, _) in enumerate(plan):
        sequencer.open(str(n), at(start))
    order = list(range(len(plan)))
    random.shuffle(order)  # type: ignore[attr-defined]
    released: list[tuple[int, int]] = []
    for n in order:
        start, kept = plan[n]
        sequencer.close(str(n), (start, n) if kept else None, 0.0)
        released += sequencer.release(0.0)
    assert released == sorted((start, n) for n, (start, kept) in enumerate(plan) if kept)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(0, 30)),
        st.tuples(st.just("close"), st.integers(0, 12)),
        st.tuples(st.just("discard"), st.integers(0, 12)),
        st.tuples(st.just("wait"), st.integers(1, 6)),
    ),
    max_size=50,
)


@given(steps)
def test_whatever_happens_nothing_is_lost_doubled_or_kept_beyond_patience(
    steps: list[tuple[str, int]],
) -> None:
    patience, now = 5.0, 0.0
    sequencer: Sequencer[str] = Sequencer(patience_s=patience)
    starts: dict[str, int] = {}
    closed_at: dict[str, float] = {}
    released: list[str] = []

    def release() -> None:
        out = sequencer.release(now)
        assert [starts[key] for key in out] == sorted(starts[key] for key in out)
        released.extend(out)
        assert all(closed_at[key] + patience > now for key in sequencer.waiting())

    for action, number in steps:
        if action == "open":
            key = str(len(starts))
            starts[key] = number
            sequencer.open(key, at(number))
        elif action == "wait":
            now += number
        elif key := next(iter(sequencer.opened()[number:]), ""):
            assert sequencer.close(key, key if action == "close" else None, now)
            if action == "close":
                closed_at[key] = now
        release()
    for key in sequencer.opened():
        sequencer.close(key, key, now)
        closed_at[key] = now
    release()
    assert sorted(released) == sorted(closed_at)
    assert sequencer.waiting() == sequencer.opened() == []
