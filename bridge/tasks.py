"""An owner for tasks whose number is not known beforehand."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class TaskOwner:
    """Keeps every task it starts until the task ends; logs what one raises; `close` cancels the rest."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, None], name: str = "") -> asyncio.Task[None] | None:
        """Run `work` as an owned task; after `close` it is discarded unrun."""
        if self._closed:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(self._guard(work), name=f"{self._name}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step never awaits its work.
        task.add_done_callback(lambda _: work.close())
        return task

    async def finish(self, seconds: float) -> None:
        """Wait until every task has ended by itself, at most `seconds`."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)

    async def close(self) -> None:
        """Cancel and await every task. Idempotent; safe to call from one of them."""
        self._closed = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:  # the outer boundary of an owned task: nobody awaits its result
            log.exception("task_failed", owner=self._name)
