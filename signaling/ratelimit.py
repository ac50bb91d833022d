"""Token buckets by key, in bounded memory. Sans-IO: `now` is passed in."""

from __future__ import annotations

from collections import OrderedDict


class TokenBuckets:
    """Allows `capacity` attempts a key at once, and one more every `refill_s` seconds.

    Keeps at most `max_keys` keys; the one longest unused is forgotten first.
    """

    def __init__(self, *, capacity: int, refill_s: float, max_keys: int = 10_000) -> None:
        self._capacity = float(capacity)
        self._refill_s = refill_s
        self._max_keys = max_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: float) -> float:
        """Take one attempt: 0.0 where it was there, else the seconds until it will be.

        `now`: seconds on any one clock; a step backwards refills nothing and locks nobody out.
        """
        level, since = self._buckets.pop(key, (self._capacity, now))
        level = min(self._capacity, level + max(0.0, now - since) / self._refill_s)
        allowed = level >= 1.0
        self._buckets[key] = (level - 1.0 if allowed else level, now)
        while len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - level) * self._refill_s

    def give_back(self, key: str) -> None:
        """Undo one `take` of `key`: the attempt turned out to be in order."""
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (min(self._capacity, level + 1.0), since)
