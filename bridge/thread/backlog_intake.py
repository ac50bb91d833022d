"""Audio on its way into the database: in memory, and no more of it than may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from bridge.thread.backlog_index import BATCH
from bridge.thread.backlog_store import KeptAudio
from bridge.thread.errors import StoreUnavailable

LIMIT: Final = 64_000_000
"""Bytes of audio that wait for a database that fails."""

MOST_LOST: Final = 5000
"""Utterances that were lost and are still to be told of, without their audio."""


class Intake:
    """Rows that wait to be committed, oldest first; beyond `most_bytes` the oldest are lost.

    `on_lost` is called with each that is. `lost` has them until somebody has told of them.
    """

    def __init__(self, most_bytes: int, on_lost: Callable[[KeptAudio], None]) -> None:
        self._most, self._on_lost = most_bytes, on_lost
        self._rows: deque[KeptAudio] = deque()
        self._bytes = 0
        self._storing: frozenset[str] = frozenset()
        self.lost: deque[KeptAudio] = deque(maxlen=MOST_LOST)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def storing(self) -> bool:
        """True while a commit is on its way."""
        return bool(self._storing)

    @property
    def thread_ids(self) -> set[str]:
        """Threads that something is about to be committed for."""
        return {row.draft.thread_id for row in (*self._rows, *self.lost)}

    def add(self, row: KeptAudio) -> None:
        """Take a row, for which older ones may have to make room."""
        self._rows.append(row)
        self._bytes += row.size
        while self._bytes > self._most:
            oldest = self._pop()
            # What is being committed is lost only where that fails.
            if oldest.draft.id not in self._storing:
                self._lose(oldest)

    async def store(
        self,
        commit: Callable[[Sequence[KeptAudio]], Awaitable[None]],
        stored: Callable[[Sequence[KeptAudio]], None],
    ) -> None:
        """Commit all rows, some at a time, each time followed by `stored`. Raises StoreUnavailable."""
        while rows := list(islice(self._rows, BATCH)):
            self._storing = frozenset(row.draft.id for row in rows)
            try:
                await commit(rows)
            except StoreUnavailable:
                waiting = {row.draft.id for row in self._rows}
                for row in rows:
                    if row.draft.id not in waiting:
                        self._lose(row)
                raise
            finally:
                self._storing = frozenset()
            for row in rows:
                # Meanwhile the oldest may have made room for newer ones.
                if self._rows and self._rows[0] is row:
                    self._pop()
            stored(rows)

    def lost_of_a_call(self) -> list[KeptAudio]:
        """The lost rows of the call that the oldest one is of; [] where nothing was lost."""
        call_id = self.lost[0].draft.call_id if self.lost else ""
        return [row for row in self.lost if row.draft.call_id == call_id]

    def told(self, rows: Sequence[KeptAudio]) -> None:
        """These of the lost rows have been told of."""
        ids = {row.draft.id for row in rows}
        self.lost = deque((row for row in self.lost if row.draft.id not in ids), MOST_LOST)

    def _pop(self) -> KeptAudio:
        row = self._rows.popleft()
        self._bytes -= row.size
        return row

    def _lose(self, row: KeptAudio) -> None:
        self.lost.append(replace(row, audio=b""))
        self._on_lost(row)
