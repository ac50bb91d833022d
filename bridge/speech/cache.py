"""Speech that was synthesised before, so that repeated prompts start at once."""

from __future__ import annotations

from collections import OrderedDict

Key = tuple[str, int, bool]
"""Text of a piece, rate in Hz, and whether it begins an utterance."""


class AudioCache:
    """At most `max_bytes` of audio, the least recently used leaving first; pinned entries never leave."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, bytes] = OrderedDict()
        self._pinned: dict[Key, bytes] = {}
        self.bytes = 0

    def __contains__(self, key: Key) -> bool:
        return key in self._pinned or key in self._entries

    def get(self, key: Key) -> bytes | None:
        """The audio kept for `key`, now the most recently used; None where there is none."""
        if key in self._pinned:
            return self._pinned[key]
        if key in self._entries:
            self._entries.move_to_end(key)
        return self._entries.get(key)

    def put(self, key: Key, pcm: bytes, *, pinned: bool = False) -> None:
        """Keep `pcm`; what is larger than the whole cache is not kept. Pinned audio is not counted."""
        self.bytes -= len(self._entries.pop(key, b""))
        if pinned:
            self._pinned[key] = pcm
        elif key not in self._pinned and len(pcm) <= self._max_bytes:
            self._entries[key] = pcm
            self.bytes += len(pcm)
        while self.bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.bytes -= len(oldest)
