"""How long to wait before a process that died is started again."""

from __future__ import annotations

_FIRST_S = 0.25
_MOST_S = 10.0
_HEALTHY_S = 30.0


class Backoff:
    """At once after the first death, then longer each time, until it has lived for half a minute."""

    def __init__(self) -> None:
        self._deaths = 0

    def delay(self, lived_s: float) -> float:
        """Seconds to wait after a life of `lived_s` seconds."""
        if lived_s >= _HEALTHY_S:
            self._deaths = 0
        self._deaths += 1
        if self._deaths == 1:
            return 0.0
        # The exponent is bounded: a worker that never loads would overflow the float in a week.
        return min(_MOST_S, _FIRST_S * 2.0 ** min(self._deaths - 2, 16))
