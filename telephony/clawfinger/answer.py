"""What the phone app gets for a turn."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony.clawfinger.replies import playable
from telephony.clawfinger.wav import write_wav

RATE = 8000
"""What the bot's sentences are prepared at, and what operators on G.711 can be joined to unresampled."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `pcm`: s16le mono at 8 kHz, played where `reply` is not blank.

    The app does not look at `ok`, `ended` and `stale`, which clients of the reference gateway do.
    """

    session_id: str
    reply: str = ""
    pcm: bytes = b""
    transcript: str = ""
    hangup: bool = False
    rejected: bool = False
    reason: str | None = None
    ended: bool = False
    stale: bool = False
    metrics: Mapping[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """False where there was no turn to answer."""
        return not (self.rejected or self.ended or self.stale)

    @property
    def wav(self) -> bytes:
        """The sound as a file, b"" where there is none."""
        return write_wav(self.pcm, RATE) if self.pcm else b""

    def view(self) -> dict[str, object]:
        """JSON-ready, by the names that the app reads."""
        view: dict[str, object] = {
            "ok": self.ok,
            "session_id": self.session_id,
            "transcript": self.transcript,
            "reply": playable(self.reply),
            "audio_base64": base64.b64encode(self.wav).decode(),
            "hangup": self.hangup,
            "rejected": self.rejected,
            "metrics": dict(self.metrics),
            "model": self.metrics.get("llm_model", ""),
        }
        if self.reason is not None:
            view["reason"] = self.reason
        for name in ("ended", "stale"):
            if getattr(self, name):
                view[name] = True
        return view
