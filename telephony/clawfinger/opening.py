"""The first turn of a session, whose answer may not have arrived."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.clawfinger.answer import Answer
from telephony.clawfinger.poster import Poster


@dataclass(slots=True)
class Opening:
    """A phone that got no answer does not know its session: it posts the turn again, or goes on without.

    `key` tells turns apart; `reached`: whether somebody was still there when the answer was ready.
    """

    key: bytes
    poster: Poster
    answer: Answer | None = None
    reached: bool = False

    def answered(self, answer: Answer, poster: Poster) -> None:
        """The answer goes out to `poster`."""
        self.answer, self.poster = answer, poster
        self.reached = self.reached or not poster.gone

    def continued_by(self, key: bytes, poster: Poster, *, answering: bool) -> bool:
        """True where a turn that names no session, from the same number, can only belong to this one.

        Two phones may have the same caller, or callers who hide their numbers: where somebody waits for the
        first answer, or got it, only the connection tells that it is the same phone.
        `answering`: whether the first turn is still being answered.
        """
        if answering:
            return self.poster.gone
        return not self.reached or (key == self.key and poster.shares_connection(self.poster))
