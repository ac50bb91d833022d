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

    def continued_by(self, key: bytes, poster: Poster, *, named: bool, answering: bool) -> bool:
        """True where a turn that names no session, from the same number, can only belong to this one.

        `named`: whether the number is known, as two phones may each have a caller who hides it; `answering`:
        whether the first turn is still being answered.
        """
        again = key == self.key
        if answering:
            return self.poster.gone or (again and named)
        return not self.reached or (again and poster.shares_connection(self.poster))
