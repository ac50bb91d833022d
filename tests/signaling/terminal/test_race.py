"""Several things at once, until the first is done."""

from __future__ import annotations

import asyncio

import pytest

from signaling.terminal.race import race


async def test_the_first_to_end_ends_the_others() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("forever")

    async def brief() -> None:
        await asyncio.sleep(0)

    assert await race(forever(), brief(), forever()) == 1
    assert ended == ["forever", "forever"]


async def test_what_the_first_raises_is_raised() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await race(asyncio.Event().wait(), fail())  # type: ignore[arg-type]


async def test_cancelled_it_ends_all_of_them() -> None:
    ended: list[int] = []

    async def forever(place: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(place)

    task = asyncio.create_task(race(forever(0), forever(1)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [0, 1]
