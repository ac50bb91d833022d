"""Puts utterances into the order in which they began, although their texts come in any order (sans-IO).

An item is released once no utterance that began earlier is still open, or once it has waited for `patience`;
what was overtaken in this way no longer holds anybody, and comes out when it is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Entry(Generic[T]):
    key: str
    started_at: datetime
    item: T | None = None
    ready_at: float | None = None
    overtaken: bool = False


class Sequencer(Generic[T]):
    """Orders items by `started_at`, ties by who opened first.

    `now` is any clock in seconds that only rises.
    """

    def __init__(self, *, patience_s: float) -> None:
        self._patience_s = patience_s
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
        overdue = -1
        for index, entry in enumerate(self._entries):
            if entry.ready_at is not None and entry.ready_at + self._patience_s <= now:
                overdue = index
        released: list[T] = []
        kept: list[_Entry[T]] = []
        held = False
        for index, entry in enumerate(self._entries):
            if entry.item is not None and (index <= overdue or not held):
                released.append(entry.item)
                continue
            kept.append(entry)
            if entry.item is None:
                entry.overtaken = entry.overtaken or index < overdue
                held = held or not entry.overtaken
        self._entries = kept
        return released

    def deadline(self) -> float | None:
        """When patience next runs out for somebody; None while nobody waits."""
        return min(
            (entry.ready_at + self._patience_s for entry in self._entries if entry.ready_at is not None),
            default=None,
        )

    def waiting(self) -> list[T]:
        """Items that are closed but not released, in order."""
        return [entry.item for entry in self._entries if entry.item is not None]

    def opened(self) -> list[str]:
        """Keys that are still open, in order of beginning."""
        return [entry.key for entry in self._entries if entry.ready_at is None]
