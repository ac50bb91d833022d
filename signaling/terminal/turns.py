"""Whose turn it is, from what one side hears. Sans-IO; time is counted in 20 ms slots."""

from __future__ import annotations

from bridge.ports import FRAME_MS

SPEECH_DBFS = -45.0
_ENOUGH_MS = 120
"""A click is no answer."""


class Turns:
    """Tells when the other side has finished: it has answered and is quiet, or does not answer at all.

    `quiet_ms`: how long a pause ends the other side's turn; `patience_ms`: how long an answer is waited for.
    """

    def __init__(self, *, quiet_ms: int = 1200, patience_ms: int = 10_000) -> None:
        self._quiet_ms = quiet_ms
        self._patience_ms = patience_ms
        self._voiced_ms = 0
        self.pause_ms = 0
        """How long the other side has been quiet."""

    def hear(self, level_dbfs: float, *, hold: bool = False) -> None:
        """One slot. Hold audio is no answer, and no time to speak either."""
        if hold or level_dbfs >= SPEECH_DBFS:
            self.pause_ms = 0
            self._voiced_ms += 0 if hold else FRAME_MS
        else:
            self.pause_ms += FRAME_MS

    def spoke(self) -> None:
        """We have said something: from now on an answer is waited for."""
        self._voiced_ms = self.pause_ms = 0

    def invited(self) -> None:
        """The first word is ours: no answer is waited for."""
        self._voiced_ms = _ENOUGH_MS

    @property
    def answered(self) -> bool:
        """True where the other side has spoken since we did."""
        return self._voiced_ms >= _ENOUGH_MS

    @property
    def ours(self) -> bool:
        """True when we may speak."""
        return self.over(self._quiet_ms)

    def over(self, quiet_ms: int) -> bool:
        """True when the other side has been quiet for `quiet_ms` after its answer, or gives none."""
        return self.pause_ms >= (quiet_ms if self.answered else max(quiet_ms, self._patience_ms))
