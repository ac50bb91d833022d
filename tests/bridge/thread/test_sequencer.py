"""Order by beginning, whatever order the texts come in: nothing lost, nothing doubled, nobody stuck."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.thread.sequencer import Sequencer
from tests.bridge.thread.helpers import at

NEVER = math.inf


def test_a_final_waits_for_one_that_began_earlier() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER, grace_s=NEVER)
    sequencer.open("a", at(0))
    sequencer.open("b", at(1))
    sequencer.close("b", "second", 0.0)
    assert sequencer.release(0.0) == []
    assert sequencer.waiting() == ["second"]
    sequencer.close("a", "first", 0.0)
    assert sequencer.release(0.0) == ["first", "second"]
    assert sequencer.release(0.0) == []


def test_one_that_is_discarded_holds_nobody() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER, grace_s=NEVER)
    sequencer.open("noise", at(0))
    sequencer.open("b", at(1))
    sequencer.close("b", "said", 0.0)
    sequencer.close("noise", None, 0.0)
    assert sequencer.release(0.0) == ["said"]


def test_one_that_takes_too_long_is_overtaken_once_and_then_holds_nobody() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=8.0, grace_s=0.5)
    sequencer.open("slow", at(0))
    sequencer.ended("slow")
    sequencer.open("b", at(1))
    sequencer.open("c", at(2))
    sequencer.close("b", "b", 10.0)
    assert sequencer.deadline() == 18.0
    assert sequencer.release(17.9) == []
    assert sequencer.release(18.0) == ["b"]
    sequencer.close("c", "c", 19.0)
    assert sequencer.release(19.0) == ["c"]
    sequencer.close("slow", "slow", 30.0)
    assert sequencer.release(30.0) == ["slow"]
    assert sequencer.deadline() is None


def test_one_that_is_still_being_spoken_is_waited_for_only_a_moment() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=8.0, grace_s=0.5)
    sequencer.open("long", at(0))
    sequencer.open("okay", at(4))
    sequencer.close("okay", "okay", 5.0)
    assert sequencer.release(5.4) == []
    assert sequencer.release(5.5) == ["okay"]
    sequencer.ended("long")
    sequencer.open("answer", at(9))
    sequencer.close("answer", "answer", 10.0)
    assert sequencer.release(17.9) == []
    sequencer.close("long", "long", 17.9)
    assert sequencer.release(17.9) == ["long", "answer"]


def test_one_that_ends_within_that_moment_is_waited_for_until_its_text_is_there() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=8.0, grace_s=0.5)
    sequencer.open("first", at(0))
    sequencer.open("second", at(4))
    sequencer.close("second", "second", 5.0)
    sequencer.ended("first")
    assert sequencer.release(6.0) == []
    sequencer.close("first", "first", 6.5)
    assert sequencer.release(6.5) == ["first", "second"]


def test_one_opened_after_a_later_one_was_released_comes_then() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER, grace_s=NEVER)
    sequencer.open("b", at(1))
    sequencer.close("b", "b", 0.0)
    assert sequencer.release(0.0) == ["b"]
    sequencer.open("a", at(0))
    sequencer.close("a", "a", 0.0)
    assert sequencer.release(0.0) == ["a"]


def test_a_key_is_open_once_and_closed_once() -> None:
    sequencer: Sequencer[str] = Sequencer(patience_s=NEVER, grace_s=NEVER)
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
    sequencer: Sequencer[tuple[int, int]] = Sequencer(patience_s=NEVER, grace_s=NEVER)
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


@dataclass(frozen=True)
class Said:
    """An utterance: when it is spoken, when its text is there, and whether it has one. In 0.1 s."""

    start: int
    end: int
    ready: int
    kept: bool


said = st.builds(
    lambda start, talk, make_out, kept: Said(start, start + talk, start + talk + make_out, kept),
    st.integers(0, 100),
    st.integers(1, 150),
    st.one_of(st.integers(0, 10), st.integers(0, 120)),
    st.booleans(),
)
PATIENCE, GRACE = 40, 3


def played(story: list[Said]) -> list[tuple[int, int]]:
    """What the sequencer makes of `story`, event by event: (utterance, moment of its release)."""
    sequencer: Sequencer[int] = Sequencer(patience_s=PATIENCE, grace_s=GRACE)
    released: list[tuple[int, int]] = []
    for now in range(max(one.ready for one in story) + PATIENCE + 1):
        for n, one in enumerate(story):
            if one.start == now:
                sequencer.open(str(n), at(one.start))
            if one.end == now:
                sequencer.ended(str(n))
            if one.ready == now:
                sequencer.close(str(n), n if one.kept else None, now)
        deadline = sequencer.deadline()
        out = sequencer.release(now)
        assert (deadline is not None and deadline <= now) == bool(out)
        released += [(n, now) for n in out]
    assert sequencer.waiting() == sequencer.opened() == []
    return released


def place(story: list[Said], n: int) -> tuple[int, int]:
    """Where an utterance belongs: by its beginning, ties by who opened first."""
    return story[n].start, n


@settings(max_examples=200)
@given(st.lists(said, min_size=1, max_size=10))
def test_every_text_comes_once_and_waits_only_for_what_began_earlier(story: list[Said]) -> None:
    released = played(story)
    assert sorted(n for n, _ in released) == [n for n, one in enumerate(story) if one.kept]
    for n, moment in released:
        waited = moment - story[n].ready
        assert 0 <= waited <= PATIENCE
        before = [one for m, one in enumerate(story) if place(story, m) < place(story, n)]
        if waited:
            assert any(one.start < moment <= one.ready for one in before)
        if waited > GRACE:
            assert any(one.end < moment <= one.ready for one in before)


@settings(max_examples=200)
@given(st.lists(said, min_size=1, max_size=10))
def test_whoever_is_overtaken_was_still_speaking_or_had_been_waited_for(story: list[Said]) -> None:
    released = played(story)
    for index, (n, moment) in enumerate(released):
        for m, _ in released[index + 1 :]:
            if place(story, m) > place(story, n):
                continue
            assert story[m].ready > moment
            waited_for = any(
                then - story[k].ready == PATIENCE and story[m].end <= then <= moment
                for k, then in released
                if place(story, k) > place(story, m)
            )
            assert story[m].end > moment or waited_for


steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(0, 30)),
        st.tuples(st.just("close"), st.integers(0, 12)),
        st.tuples(st.just("discard"), st.integers(0, 12)),
        st.tuples(st.just("ended"), st.integers(0, 12)),
        st.tuples(st.just("wait"), st.integers(1, 6)),
    ),
    max_size=50,
)


@given(steps)
def test_whatever_happens_nothing_is_lost_doubled_or_kept_beyond_patience(
    steps: list[tuple[str, int]],
) -> None:
    patience, now = 5.0, 0.0
    sequencer: Sequencer[str] = Sequencer(patience_s=patience, grace_s=1.0)
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
        elif action == "ended":
            sequencer.ended(next(iter(sequencer.opened()[number:]), ""))
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
