"""The turns of a conversation, as those who follow it are told: what was said, and what was answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.call.call import Call


_AGENTS = ("agent", "inject")
"""What answers come from where a program has said them."""


class Turns:
    """Tells `CallEvents.call_turn` of one turn after the other."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._transcript: str | None = None
        self._reply: list[str] = []
        self._model = "none"
        self._began = self._answered = 0.0
        self._private = False
        self.begun = 0
        """Turns that have begun: the number of the newest."""
        self.count = 0
        """Turns that are over."""
        self.model = "none"
        """What the last answer came from."""

    @property
    def open(self) -> bool:
        """True from what the caller said until it was answered."""
        return self._transcript is not None

    @property
    def unanswered(self) -> str:
        """What the caller said and nobody has begun to answer, "" where there is no such thing."""
        return "" if self._reply else self._transcript or ""

    def begin(self, transcript: str, *, heard: bool = True) -> None:
        """The caller said this; a turn that is still open is over.

        `heard`: False where the turn is not the caller's doing: a greeting, or what an agent has put in.
        """
        self.complete(self._model)
        self._transcript, self._reply, self._model = transcript, [], "none"
        self._began, self._answered = time.monotonic(), 0.0
        self.begun += 1
        self._private = self._call.privacy.paused
        self._tell("turn.started", {})
        if heard:
            self._tell("turn.transcript", {"transcript": self._shown(transcript)})

    def said(self, text: str, model: str = "none") -> None:
        """This is said in answer; `model` where it is known already, see `complete`."""
        if self.open and text:
            self._answered = self._answered or time.monotonic()
            self._reply.append(text)
            self._model = model

    def complete(self, model: str) -> None:
        """Everything was said. `model`: who answered: "agent", "flow", a model's name, or "none"."""
        if not self.open:
            return
        transcript, self._transcript = self._transcript or "", None
        self.model, self.count = model, self.count + 1
        reply = " ".join(self._reply)
        reply = self._shown(reply) if model in _AGENTS else self._call.thread.clean(reply)
        now = time.monotonic()
        metrics = {
            "reply_ms": round(((self._answered or now) - self._began) * 1000),
            "total_ms": round((now - self._began) * 1000),
            "llm_model": model,
        }
        self._tell("turn.reply", {"reply": reply})
        self._tell(
            "turn.complete",
            {"metrics": metrics, "transcript": self._shown(transcript), "reply": reply, "model": model},
        )

    def _shown(self, text: str) -> str:
        """What a person or an agent said as everybody who follows may know it: nothing of it in a pause."""
        return "" if self._private else self._call.thread.clean(text)

    def _tell(self, event: str, data: dict[str, object]) -> None:
        self._call.tell_turn(event, data)
