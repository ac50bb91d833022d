from __future__ import annotations

import asyncio

import pytest

from bridge.speech.backoff import Backoff
from bridge.speech.cache import AudioCache
from bridge.speech.jobs import Job, JobQueue, QueueFull


def job(priority: float, *, droppable: bool = False) -> Job:
    future = asyncio.get_running_loop().create_future()
    return Job({}, b"", (priority,), future, created=0.0, patience_s=1.0, droppable=droppable)


async def test_the_most_urgent_comes_first_and_within_one_urgency_the_oldest() -> None:
    queue = JobQueue(8)
    partial, final, turn, second_turn = job(2), job(1), job(0), job(0)
    for queued in (partial, final, turn, second_turn):
        assert queue.push(queued) is None
    assert [queue.pop() for _ in range(5)] == [turn, second_turn, final, partial, None]


async def test_a_full_queue_drops_its_oldest_droppable_job_for_an_urgent_one() -> None:
    queue = JobQueue(3)
    old, final, young = job(2, droppable=True), job(1), job(2, droppable=True)
    for queued in (old, final, young):
        queue.push(queued)
    assert queue.push(job(1)) is old
    assert queue.push(job(0)) is young
    with pytest.raises(QueueFull):
        queue.push(job(0))
    assert len(queue) == 3


async def test_a_full_queue_refuses_a_droppable_job() -> None:
    queue = JobQueue(1)
    queue.push(job(2, droppable=True))
    with pytest.raises(QueueFull):
        queue.push(job(2, droppable=True))


async def test_a_discarded_job_is_never_taken() -> None:
    queue = JobQueue(4)
    kept, gone = job(1), job(0)
    queue.push(kept)
    queue.push(gone)
    assert queue.discard(gone)
    assert not queue.discard(gone)
    assert queue.pop() is kept


def test_a_worker_is_restarted_at_once_first_and_later_each_time() -> None:
    backoff = Backoff()
    delays = [backoff.delay(lived_s=1.0) for _ in range(12)]
    assert delays[0] == 0.0
    assert 0.0 < delays[1] < 1.0
    assert delays[1:] == sorted(delays[1:])
    assert delays[-1] == delays[-2] == 10.0


def test_a_worker_that_lived_is_restarted_at_once_again() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.delay(lived_s=1.0)
    assert backoff.delay(lived_s=3600.0) == 0.0


def test_the_cache_forgets_what_was_not_used_for_longest() -> None:
    cache = AudioCache(10)
    cache.put(("a", 8000, True), b"1234")
    cache.put(("b", 8000, True), b"1234")
    assert cache.get(("a", 8000, True)) == b"1234"
    cache.put(("c", 8000, True), b"1234")
    assert ("b", 8000, True) not in cache
    assert cache.get(("a", 8000, True)) == b"1234"
    assert cache.bytes == 8


def test_the_cache_never_holds_more_than_it_may() -> None:
    cache = AudioCache(10)
    cache.put(("a", 8000, True), bytes(11))
    assert ("a", 8000, True) not in cache
    for size in (4, 8, 2, 6):
        cache.put(("b", 8000, True), bytes(size))
        cache.put((str(size), 16000, False), bytes(size))
        assert cache.bytes <= 10


def test_pinned_audio_stays_and_is_told_apart_by_rate() -> None:
    cache = AudioCache(4)
    cache.put(("sorry", 8000, True), b"12", pinned=True)
    cache.put(("x", 8000, True), b"1234")
    cache.put(("y", 8000, True), b"1234")
    assert cache.get(("sorry", 8000, True)) == b"12"
    assert cache.get(("sorry", 16000, True)) is None
