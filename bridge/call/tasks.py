"""Every task of one call, in one TaskGroup."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from types import TracebackType
from typing import Any, Self

import structlog

log = structlog.get_logger()


class CallTasks:
    """Use as `async with`; outside of it `spawn` discards what it is given.

    A task that fails is logged and reported to `on_fault`, and does not take the others with it: how a
    call ends is for its state table to say.
    """

    def __init__(self, call_id: str, on_fault: Callable[[], object]) -> None:
        self._call_id = call_id
        self._on_fault = on_fault
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._group = await asyncio.TaskGroup().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        self.cancel()
        if group is not None:
            await group.__aexit__(kind, error, trace)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Run `work`; None where the call is over."""
        if self._group is None:
            work.close()
            return None
        task = self._group.create_task(self._guard(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step never awaits its work.
        task.add_done_callback(lambda _: work.close())
        return task

    async def ended(self, names: Collection[str], seconds: float) -> None:
        """Wait until the tasks of these names have ended by themselves, at most `seconds`."""
        awaited = {task for task in self._tasks if task.get_name() in names}
        if awaited:
            await asyncio.wait(awaited, timeout=seconds)

    def cancel(self, *, but: Collection[str] = ()) -> None:
        """Cancel every task whose name is not in `but`."""
        for task in self._tasks:
            if task.get_name() not in but:
                task.cancel()

    async def _guard(self, work: Coroutine[Any, Any, None], name: str) -> None:
        try:
            await work
        except Exception:  # the outer boundary of a call's task
            log.exception("call_task_failed", call=self._call_id, task=name)
            self._on_fault()
