"""Word error rate that minds words and not spelling: "twenty-five" and "25" are the same thing said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from tests.harness.words import word_errors

_TOKEN = re.compile(r"\d+|[a-z][a-z']*")
_ORDINAL = re.compile(r"(\d+)(st|nd|rd|th)\b")
_MONEY = re.compile(r"\$(\d+)")
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_ROUND = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_UNITS = {word: value for value, word in enumerate(_SMALL)}
_TENS = {word: value * 10 for value, word in enumerate(_ROUND, start=2)}
_SCALES = {"hundred": 100, "thousand": 1000}
_NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS = dict(enumerate(_NTH, start=1))
_SAME = {"ok": "okay", "mr": "mister", "mrs": "missus", "dr": "doctor"}


@dataclass(frozen=True, slots=True)
class Score:
    """Words said, and how many of them (and of words nobody said) are wrong. Scores add up."""

    said: int = 0
    wrong: int = 0

    @property
    def percent(self) -> float:
        """Word error rate in percent. Raises ValueError where nothing was said."""
        if not self.said:
            raise ValueError("no word was said")
        return 100.0 * self.wrong / self.said

    def __add__(self, other: Score) -> Score:
        return Score(self.said + other.said, self.wrong + other.wrong)


def score(said: str, heard: str) -> Score:
    """How `heard` differs from `said`."""
    reference = canonical(said)
    return Score(len(reference), word_errors(reference, canonical(heard)))


def canonical(text: str) -> list[str]:
    """The words in one spelling: small letters, every number as its digits one by one, no punctuation."""
    text = text.lower().replace("’", "'").replace("%", " percent")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    text = _MONEY.sub(r"\1 dollars", text)
    text = _ORDINAL.sub(lambda found: _ORDINALS.get(int(found[1]), found[1]), text)
    tokens = [_SAME.get(token, token) for token in _TOKEN.findall(text)]
    words: list[str] = []
    for numeric, run in groupby(tokens, _is_number):
        for token in _numerals(list(run)) if numeric else run:
            words += token if token.isdigit() else [token]
    return words


def _is_number(token: str) -> bool:
    return token in _UNITS or token in _TENS or token in _SCALES


def _numerals(run: list[str]) -> list[str]:
    """Number words as numerals: "four twenty five" as 4 and 25, "three hundred twenty" as 320."""
    numbers: list[int] = []
    for token in run:
        last = numbers[-1] if numbers else 0
        value = _UNITS.get(token, _TENS.get(token, 0))
        if token in _SCALES:
            numbers[-1:] = [(last or 1) * _SCALES[token]]
        elif last and value and (last % 100 == 0 or (last % 10 == 0 and last % 100 > 10 and value < 10)):
            numbers[-1] += value
        else:
            numbers.append(value)
    return [str(number) for number in numbers]
