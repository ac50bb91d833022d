"""When what a call sends ahead leaves for the browser, which plays what arrives. Sans-IO.

A provider buffers what it is sent and can be told to drop it; a browser cannot. So what runs ahead of real
time waits here, where `clear` still reaches it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MAX_MEDIA = 20
"""Frames that may wait: 400 ms, while a call sends at most 100 ms ahead."""
MAX_MARKS = 100
_PERIOD = 0.020
_EARLY = _PERIOD / 2
"""How much too early a frame may leave: live frames never come exactly 20 ms apart."""


@dataclass(frozen=True, slots=True)
class Due:
    """What leaves now: frames in order, and the marks that nothing stands before any more."""

    frames: tuple[bytes, ...] = ()
    marks: tuple[str, ...] = ()


class Pacer:
    """Lets one frame go every 20 ms, in order with the marks between them. `now`: monotonic seconds.

    A frame that comes when its time has come passes straight through. Beyond `MAX_MEDIA` frames the oldest
    is dropped and counted in `dropped`, beyond `MAX_MARKS` marks the newest.
    """

    __slots__ = ("_marks", "_media", "_next", "_queue", "dropped")

    def __init__(self) -> None:
        self._queue: deque[bytes | str] = deque()
        self._media = self._marks = 0
        self._next = 0.0
        self.dropped = 0

    @property
    def waiting(self) -> bool:
        """True while something is to leave later."""
        return bool(self._queue)

    def put(self, payload: bytes) -> None:
        """Append one frame; `due` says when it leaves."""
        self._queue.append(payload)
        self._media += 1
        if self._media > MAX_MEDIA:
            del self._queue[next(at for at, entry in enumerate(self._queue) if isinstance(entry, bytes))]
            self._media -= 1
            self.dropped += 1

    def mark(self, name: str) -> None:
        """Append a mark, which is due when everything before it has left."""
        if self._marks < MAX_MARKS:
            self._queue.append(name)
            self._marks += 1
        else:
            self.dropped += 1

    def clear(self) -> None:
        """Forget the frames; the marks are due at once. The next frame need not wait for its time."""
        self._queue = deque(entry for entry in self._queue if isinstance(entry, str))
        self._media = 0
        self._next = 0.0

    def due(self, now: float) -> Due:
        """Take what leaves at `now`."""
        frames: list[bytes] = []
        marks: list[str] = []
        while self._queue:
            entry = self._queue[0]
            if isinstance(entry, str):
                marks.append(entry)
                self._marks -= 1
            elif now >= self._next - _EARLY:
                frames.append(entry)
                self._media -= 1
                # After a pause the pace begins anew: nothing is made up for.
                self._next = max(self._next, now) + _PERIOD
            else:
                break
            self._queue.popleft()
        return Due(tuple(frames), tuple(marks))
