"""What waits for its text, in memory: which rows, of which calls, since when. Without the audio."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.thread.backlog_notes import note_wait
from bridge.thread.backlog_store import KeptAudio

BATCH: Final = 500
"""Rows that one transaction is about, at most."""


@dataclass(slots=True, eq=False)
class Held:
    """A row. Moments are on the monotonic clock."""

    row: KeptAudio
    ended: float
    kept: float
    committed: bool = False
    not_before: float = 0.0


@dataclass(slots=True)
class CallBacklog:
    """What one call has waiting, oldest first, and how often its thread was told."""

    rows: dict[str, Held] = field(default_factory=dict)
    notes: int = 0
    over: bool = False

    def untold(self) -> list[Held]:
        """Rows that no note in the thread has told of."""
        return [held for held in self.rows.values() if held.committed and not held.row.announced]

    def due(self) -> float:
        """When the thread is next to be told; never where there is nothing to tell."""
        oldest = min((held.kept for held in self.untold()), default=math.inf)
        return oldest if self.over else oldest + note_wait(self.notes)


class BacklogIndex:
    """Rows by id, in the order in which they were kept, and by call."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.calls: dict[str, CallBacklog] = {}
        self.bytes = 0

    def hold(self, row: KeptAudio, ended: float, *, committed: bool) -> None:
        """Add a row; one that is there already stays as it is."""
        if row.draft.id in self.held:
            return
        held = Held(replace(row, audio=b""), ended, time.monotonic(), committed)
        self.held[row.draft.id] = held
        self.calls.setdefault(row.draft.call_id, CallBacklog()).rows[row.draft.id] = held
        self.bytes += row.size

    def committed(self, ids: Iterable[str]) -> None:
        """These rows are in the table now."""
        for row_id in ids:
            if (held := self.held.get(row_id)) is not None:
                held.committed = True

    def forget(self, row_id: str) -> None:
        """Remove a row, and its call with the last one; unknown ids do nothing."""
        if (held := self.held.pop(row_id, None)) is None:
            return
        self.bytes -= held.row.size
        call = self.calls[held.row.draft.call_id]
        del call.rows[row_id]
        if not call.rows:
            del self.calls[held.row.draft.call_id]

    def next_due(self) -> tuple[str | None, float]:
        """The id of the oldest row that is to be tried now, or None and the moment of the next."""
        now, nearest = time.monotonic(), math.inf
        for row_id, held in self.held.items():
            if held.committed and held.not_before <= now:
                return row_id, now
            if held.committed:
                nearest = min(nearest, held.not_before)
        return None, nearest

    def oldest_rows(self, down_to: float) -> list[KeptAudio]:
        """The oldest rows of the call that has the oldest, as many as leave `down_to` bytes or fewer."""
        oldest = next(iter(self.held.values()))
        rows: list[KeptAudio] = []
        left = self.bytes
        for held in self.calls[oldest.row.draft.call_id].rows.values():
            if left <= down_to or len(rows) == BATCH or not held.committed:
                break
            rows.append(held.row)
            left -= held.row.size
        return rows
