"""When what happened in a call, on one monotonic clock."""

from __future__ import annotations

import time

MOST = 2000
"""Entries kept of one call; a call that passes it through hundreds of handoffs loses its latest ones."""


class Timeline:
    """Events of one call in ms since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._entries: list[tuple[str, float]] = []
        self.mark("call_started", self._began)

    def mark(self, event: str, at: float | None = None) -> None:
        """Note `event` at monotonic time `at`, now where it is None."""
        if len(self._entries) < MOST:
            self._entries.append((event, time.monotonic() if at is None else at))

    def mark_once(self, event: str) -> None:
        """Note `event` now, unless it has been noted before."""
        if all(name != event for name, _ in self._entries):
            self.mark(event)

    def view(self) -> list[dict[str, object]]:
        """`[{event, ms}]` in order of time."""
        entries = sorted(self._entries, key=lambda entry: entry[1])
        return [{"event": event, "ms": round((at - self._began) * 1000, 1)} for event, at in entries]
