"""Several things at once, until the first of them is done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def race(*works: Coroutine[Any, Any, None]) -> int:
    """Run `works` together until one has ended, and end the others; the place of the one that ended.

    Raises what that one raised. Of several that end at once, the first counts.
    """
    tasks = [asyncio.create_task(work, name=f"race.{place}") for place, work in enumerate(works)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    place = next(place for place, task in enumerate(tasks) if task in done)
    outcome = outcomes[place]
    if isinstance(outcome, BaseException):
        raise outcome
    return place
