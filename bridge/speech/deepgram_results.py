"""What Deepgram's streaming results say, read with care. Sans-IO; times are seconds into the audio sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


class MalformedResult(ValueError):
    """A result without the fields that make it one."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is to be written, and where it was said."""

    text: str
    start: float
    end: float

    @property
    def middle(self) -> float:
        """A time that is in the word for certain."""
        return (self.start + self.end) / 2


@dataclass(frozen=True, slots=True)
class Result:
    """What was understood from `start` to `end`. `flushed`: it answers a Finalize."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    final: bool
    flushed: bool

    def between(self, first: float, last: float) -> str:
        """The text of the words whose middle lies from `first` up to `last`."""
        inside = [word for word in self.words if first <= word.middle < last]
        if len(inside) == len(self.words):
            # The whole text has its own blanks, which not every language puts between words.
            whole = bool(self.words) or first <= (self.start + self.end) / 2 < last
            return self.text if whole else ""
        return " ".join(word.text for word in inside)


def read_result(message: object, offset: float) -> Result | None:
    """The result that `message` (an object of the SDK) is, `offset` seconds added; None for other messages.

    Raises MalformedResult. The SDK does not check what it gets, so every field may be missing or another.
    """
    if getattr(message, "type", None) != "Results":
        return None
    alternatives = getattr(getattr(message, "channel", None), "alternatives", None)
    if not isinstance(alternatives, Sequence) or isinstance(alternatives, str) or not alternatives:
        raise MalformedResult("a result has no alternatives")
    best = alternatives[0]
    start = _number(message, "start")
    return Result(
        start + offset,
        start + _number(message, "duration") + offset,
        _text(best, "transcript"),
        tuple(_word(word, offset) for word in getattr(best, "words", None) or ()),
        getattr(message, "is_final", None) is True,
        getattr(message, "from_finalize", None) is True,
    )


def _word(word: object, offset: float) -> Word:
    written = getattr(word, "punctuated_word", None)
    text = written if isinstance(written, str) else _text(word, "word")
    return Word(text, _number(word, "start") + offset, _number(word, "end") + offset)


def _number(source: object, name: str) -> float:
    value = getattr(source, name, None)
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise MalformedResult(f"{name} is no time")
    return float(value)


def _text(source: object, name: str) -> str:
    value = getattr(source, name, None)
    if not isinstance(value, str):
        raise MalformedResult(f"{name} is no text")
    return value.strip()
