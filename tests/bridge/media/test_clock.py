"""The process's one tick."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.media.clock import MediaClock


@asynccontextmanager
async def running() -> AsyncIterator[MediaClock]:
    """A clock that ticks."""
    clock = MediaClock()
    task = asyncio.ensure_future(clock.run())
    try:
        yield clock
    finally:
        task.cancel()
        await asyncio.wait({task})


async def ticks(clock: MediaClock, count: int) -> list[float]:
    """The times of the next `count` ticks."""
    times: list[float] = []
    enough = asyncio.Event()

    def tick(now: float) -> None:
        times.append(now)
        if len(times) >= count:
            clock.unsubscribe(tick)
            enough.set()

    clock.subscribe(tick)
    clock.subscribe(tick)
    await asyncio.wait_for(enough.wait(), 10)
    return times


async def test_ticks_rise_and_subscribing_twice_is_once() -> None:
    async with running() as clock:
        times = await ticks(clock, 5)
    assert len(times) == 5
    assert times == sorted(set(times))


async def test_it_begins_again_after_a_time_without_subscribers() -> None:
    async with running() as clock:
        first = await ticks(clock, 2)
        again = await ticks(clock, 2)
    assert again[0] > first[-1]


async def test_a_subscriber_that_fails_is_dropped_and_the_others_go_on() -> None:
    asked = 0

    def faulty(now: float) -> None:
        nonlocal asked
        asked += 1
        raise ZeroDivisionError

    async with running() as clock:
        clock.subscribe(faulty)
        assert len(await ticks(clock, 3)) == 3
    assert asked == 1
