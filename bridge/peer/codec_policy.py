"""Which codec an operator's audio should have, from what the link was like. Sans-IO: `now` is passed in.

On a clean link to a µ-law line PCMU costs next to nothing and loses nothing: the bytes are moved as they
are, without Opus's delay. Once packets get lost Opus is the better one, since each packet carries a copy
of the one before. Going there is quick and coming back slow, so that a link on the edge does not flap.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from bridge.ports import Codec

Preference = Literal["auto", "opus", "pcmu", "pcma"]
CodecName = Literal["opus", "PCMU", "PCMA"]

_FIXED: Final[dict[Preference, CodecName]] = {"opus": "opus", "pcmu": "PCMU", "pcma": "PCMA"}
_WINDOW_S: Final = 5.0
_BAD_LOSS: Final = 0.01
_CLEAN_LOSS: Final = 0.003
_BAD_SECONDS: Final = 2
"""A second in which packets were lost may be an accident; two of the last five are a link."""
_CLEAN_S: Final = 60.0
_LONGEST_CLEAN_S: Final = 600.0
_MEMORY_S: Final = 600.0
"""How long a bad link is remembered while there is no connection to measure."""


class CodecPolicy:
    """One operator's choice; it outlives their connections."""

    def __init__(self, preference: Preference = "auto") -> None:
        self._preference: Preference = preference
        self._losses: deque[tuple[float, float]] = deque(maxlen=64)
        self._bad = False
        self._dirty_at = self._noted_at = self._clean_at = float("-inf")
        self._patience = _CLEAN_S

    def prefer(self, line: Codec | None, now: float) -> CodecName:
        """The codec to prefer at `now` (monotonic s) for a call on `line`, None where there is none yet."""
        if self._preference != "auto":
            return _FIXED[self._preference]
        if self._bad and now - self._noted_at > _MEMORY_S:
            self._bad = False
        if self._bad or (line is not None and line.encoding == "l16"):
            return "opus"
        return "PCMA" if line is Codec.PCMA else "PCMU"

    def note(self, loss: float, now: float) -> None:
        """The share of packets (0.0-1.0) lost in the last second or so, in the direction that lost more."""
        losses = self._losses
        losses.append((now, loss))
        while losses[0][0] <= now - _WINDOW_S:
            losses.popleft()
        self._noted_at = now
        mean = sum(share for _, share in losses) / max(_WINDOW_S, len(losses))
        if mean > _CLEAN_LOSS:
            self._dirty_at = now
        lossy = sum(share > 0 for _, share in losses)
        if not self._bad and mean > _BAD_LOSS and lossy >= _BAD_SECONDS:
            self._bad = True
            if now - self._clean_at > _LONGEST_CLEAN_S:
                self._patience = _CLEAN_S
        elif self._bad and now - self._dirty_at >= self._patience:
            # Should it turn bad again, it has to be clean for twice as long the next time.
            self._bad, self._clean_at = False, now
            self._patience = min(_LONGEST_CLEAN_S, 2 * self._patience)
