"""What waits to be written to a provider that reads too slowly. Sans-IO."""

from __future__ import annotations

from collections import deque


class Outbox:
    """Keeps messages in order; of media at most `max_media`, the oldest dropped first.

    Control messages (marks, clears) are never dropped: the owner must give the line up when `full`.
    """

    __slots__ = ("_max_control", "_max_media", "_media", "_queue")

    def __init__(self, *, max_media: int, max_control: int) -> None:
        self._max_media = max_media
        self._max_control = max_control
        self._media = 0
        self._queue: deque[tuple[bool, bytes]] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def media(self) -> int:
        """Number of media messages waiting."""
        return self._media

    @property
    def full(self) -> bool:
        """True when so many control messages wait that the provider must be taken for dead."""
        return len(self._queue) - self._media >= self._max_control

    def put_media(self, message: bytes) -> int:
        """Append one media message; the number of older ones dropped for it (0 or 1)."""
        self._queue.append((True, message))
        self._media += 1
        if self._media <= self._max_media:
            return 0
        oldest = next(index for index, (is_media, _) in enumerate(self._queue) if is_media)
        del self._queue[oldest]
        self._media -= 1
        return 1

    def put_control(self, message: bytes) -> None:
        """Append one message that must arrive."""
        self._queue.append((False, message))

    def drop_media(self) -> int:
        """Forget the media that waits; control messages keep their order. The number forgotten."""
        dropped = self._media
        if dropped:
            self._queue = deque(entry for entry in self._queue if not entry[0])
            self._media = 0
        return dropped

    def pop(self) -> bytes | None:
        """The next message, or None where nothing waits."""
        if not self._queue:
            return None
        is_media, message = self._queue.popleft()
        self._media -= is_media
        return message

    def discard(self) -> None:
        """Forget everything."""
        self._queue.clear()
        self._media = 0
