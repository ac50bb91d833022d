from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from signaling.ratelimit import TokenBuckets


def test_a_key_has_its_attempts_and_then_waits_for_the_next() -> None:
    buckets = TokenBuckets(capacity=2, refill_s=8)

    assert [buckets.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 8.0]
    assert buckets.take("b", 100.0) == 0.0
    assert buckets.take("a", 107.0) == 1.0
    assert buckets.take("a", 108.0) == 0.0


def test_an_attempt_given_back_can_be_taken_again() -> None:
    buckets = TokenBuckets(capacity=1, refill_s=10)

    assert buckets.take("a", 0.0) == 0.0
    buckets.give_back("a")
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) > 0.0


def test_giving_back_never_fills_above_the_capacity() -> None:
    buckets = TokenBuckets(capacity=1, refill_s=10)
    buckets.take("a", 0.0)
    for _ in range(5):
        buckets.give_back("a")
    buckets.give_back("never seen")

    assert [buckets.take("a", 0.0) > 0.0 for _ in range(2)] == [False, True]


def test_memory_is_bounded_and_the_longest_unused_key_goes_first() -> None:
    buckets = TokenBuckets(capacity=1, refill_s=10, max_keys=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, 0.0)

    assert len(buckets) == 2
    assert buckets.take("a", 0.0) > 0.0


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), max_size=50))
def test_no_clock_gives_more_than_capacity_and_refill(times: list[float]) -> None:
    buckets = TokenBuckets(capacity=3, refill_s=5)
    allowed = sum(buckets.take("a", now) == 0.0 for now in times)
    forward = sum(max(0.0, later - now) for now, later in pairwise(times))

    assert allowed <= 3 + forward / 5 + 1e-6
