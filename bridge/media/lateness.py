"""How a road's packets have come lately: how quick the quickest, how late nearly all of the rest."""

from __future__ import annotations

from collections import deque
from typing import Final

FRAME_S: Final = 0.020
MAX_DEPTH_S: Final = 0.120
"""The most lateness that is waited for; what is later than that is lost."""
QUIET_DEPTH_S: Final = 0.012
"""Up to this depth packets leave as they come: the phone's own buffer takes so little."""
_WINDOW: Final = 200
"""Packets looked back on: 4 s."""
_COVERED: Final = 0.985
_EVERY: Final = 12
_LOSSY: Final = 0.002
"""Reached with one packet in the last 3 s: loss seldom comes alone, and FEC needs the room beforehand."""
_LOSS_MEMORY: Final = 1 / 250


class Lateness:
    """Measures one road from each packet's delay: arrival less place in time, of any common origin."""

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=_WINDOW)
        self._since = 0
        self._loss = 0.0
        self.quickest = 0.0
        self.depth = 0.0
        """Seconds between the quickest packet and nearly the latest, at most MAX_DEPTH_S."""
        self.wanted = 0.0
        """The delay at which nearly all packets are there: `quickest` plus `depth`."""

    def begin(self, delay: float) -> None:
        """The timeline is a new one. The depth stays until enough is known of the new."""
        self._delays.clear()
        self.quickest = delay
        self.wanted = delay + self.depth

    @property
    def quiet(self) -> bool:
        """True where next to nothing is to be waited for."""
        return self.depth <= QUIET_DEPTH_S

    def note(self, delay: float, step: float) -> None:
        """Take one packet's delay into account; `step` is how long a packet lasts."""
        delays = self._delays
        delays.append(delay)
        self._since += 1
        if self._since >= _EVERY or len(delays) < _EVERY:
            self._since = 0
            self._estimate(step)
        elif delay < self.quickest:
            self.quickest = delay
            self.wanted = delay + self.depth

    def note_sequence(self, ahead: int) -> None:
        """Learn of loss from how far a packet's number is ahead of the newest; a belated one makes good."""
        self._loss += _LOSS_MEMORY * (ahead - 1 - self._loss * ahead if ahead > 0 else -1)
        self._loss = max(0.0, self._loss)

    def _estimate(self, step: float) -> None:
        ordered = sorted(self._delays)
        spread = ordered[int(_COVERED * (len(ordered) - 1))] - ordered[0]
        # The redundancy comes with the next packet, one step later.
        depth = max(spread, step) if self._loss > _LOSSY else spread
        if len(ordered) < _EVERY:
            depth = max(depth, self.depth)
        self.quickest = ordered[0]
        self.depth = min(MAX_DEPTH_S, depth)
        self.wanted = self.quickest + self.depth
