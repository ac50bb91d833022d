"""Speech work waiting for its engine: the most urgent first, in order within one urgency."""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.speech.wire import Frame

Priority = tuple[float, ...]


class QueueFull(Exception):
    """No room, and nothing in the queue may be dropped for this job."""


@dataclass(slots=True, eq=False)
class Job:
    """One request to a worker and the future of its reply.

    `patience_s`: how long it waits for an engine that is down; `max_age_s`: how long it is worth
    doing at all; `droppable`: dropped (Shed) rather than retried or waited for; `retries`: how often it
    is tried again after a worker died of it.
    """

    header: Mapping[str, object]
    payload: bytes
    priority: Priority
    future: asyncio.Future[Frame]
    created: float
    patience_s: float
    max_age_s: float = float("inf")
    droppable: bool = False
    retries: int = 1
    attempts: int = 0


@dataclass(slots=True)
class JobQueue:
    """At most `capacity` jobs, sorted. Plain lists: it is short, and jobs leave it from anywhere."""

    capacity: int
    _entries: list[tuple[Priority, int, Job]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> itertools.chain[Job]:
        return itertools.chain([job for _, _, job in self._entries])

    def push(self, job: Job) -> Job | None:
        """Queue `job`; returns the oldest droppable job where that one had to make room.

        Raises QueueFull where nothing can be dropped, or where `job` itself is the droppable one.
        """
        dropped = None
        if len(self._entries) >= self.capacity:
            if job.droppable or (dropped := self._oldest_droppable()) is None:
                raise QueueFull
            self.discard(dropped)
        # The number keeps order within one priority and keeps jobs themselves from being compared.
        bisect.insort(self._entries, (job.priority, next(self._numbers), job))
        return dropped

    def pop(self) -> Job | None:
        """Take the most urgent job, or None."""
        return self._entries.pop(0)[2] if self._entries else None

    def discard(self, job: Job) -> bool:
        """Remove `job`; False where it is not queued (any more)."""
        for index, (_, _, queued) in enumerate(self._entries):
            if queued is job:
                del self._entries[index]
                return True
        return False

    def take_if(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Remove and return every job that `wanted` says yes to."""
        taken = [job for job in self if wanted(job)]
        for job in taken:
            self.discard(job)
        return taken

    def _oldest_droppable(self) -> Job | None:
        droppable = [(number, job) for _, number, job in self._entries if job.droppable]
        return min(droppable)[1] if droppable else None
