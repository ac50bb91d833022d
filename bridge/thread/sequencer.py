"""Puts utterances into the order in which they began, although their texts come in any order (sans-IO).

An utterance is being spoken, then (`ended`) being recognised, then its item is known. An item waits for
those that began earlier: `patience_s` at most for one that is being recognised, and `grace_s` for one that
is still being spoken, since nobody knows for how long it will be. What was overtaken while it was being
recognised is waited for no more; it comes out when it is closed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Entry(Generic[T]):
    key: str
    started_at: datetime
    item: T | None = None
    ready_at: float = math.inf
    speaking: bool = True
    overtaken: bool = False


class Sequencer(Generic[T]):
    """Orders items by `started_at`, ties by who opened first.

    `now` is any clock in seconds that only rises, and so is the one that `started_at` was read from.
    """

    def __init__(self, *, patience_s: float, grace_s: float) -> None:
        self._patience_s = patience_s
        self._grace_s = min(grace_s, patience_s)
        self._entries: list[_Entry[T]] = []
        self._open: dict[str, _Entry[T]] = {}

    def open(self, key: str, started_at: datetime) -> None:
        """An utterance began. Raises ValueError where `key` is open already."""
        if key in self._open:
            raise ValueError(f"utterance {key} is open already")
        entry: _Entry[T] = _Entry(key, started_at)
        index = len(self._entries)
        while index and self._entries[index - 1].started_at > started_at:
            index -= 1
        self._entries.insert(index, entry)
        self._open[key] = entry

    def ended(self, key: str) -> None:
        """Nothing more is said in this utterance; its text is being made out. Unknown keys do nothing."""
        if key in self._open:
            self._open[key].speaking = False

    def close(self, key: str, item: T | None, now: float) -> bool:
        """The utterance's `item` is known, None if nothing comes of it; False where `key` is not open."""
        entry = self._open.pop(key, None)
        if entry is None:
            return False
        if item is None:
            self._entries.remove(entry)
        else:
            entry.item, entry.ready_at = item, now
        return True

    def release(self, now: float) -> list[T]:
        """Take out, in order, every item whose turn has come."""
        last = max((index for index, due in self._due() if due <= now), default=-1)
        released = [entry.item for entry in self._entries[: last + 1] if entry.item is not None]
        overtaken = [entry for entry in self._entries[: last + 1] if entry.item is None]
        for entry in overtaken:
            entry.overtaken = entry.overtaken or not entry.speaking
        self._entries[: last + 1] = overtaken
        return released

    def deadline(self) -> float | None:
        """When somebody's wait is next over; None while nobody waits."""
        return min((due for _, due in self._due()), default=None)

    def waiting(self) -> list[T]:
        """Items that are closed but not released, in order."""
        return [entry.item for entry in self._entries if entry.item is not None]

    def opened(self) -> list[str]:
        """Keys that are still open, in order of beginning."""
        return [entry.key for entry in self._entries if entry.item is None]

    def _due(self) -> list[tuple[int, float]]:
        """The place of each item and when it may go, whatever becomes of those before it."""
        due: list[tuple[int, float]] = []
        wait = -math.inf
        for index, entry in enumerate(self._entries):
            if entry.item is not None:
                due.append((index, entry.ready_at + wait))
            elif not entry.overtaken:
                wait = max(wait, self._grace_s if entry.speaking else self._patience_s)
        return due
