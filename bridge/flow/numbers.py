"""Quantities as callers say them: "twenty-one", "a couple of dozen", "more than ten", "10 to 15"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from bridge.flow.vocabulary import word_set
from bridge.flow.words import PAUSE, bare, tokens

_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_SMALL)}
_VALUES |= {word: 10 * value for value, word in enumerate(_TENS, start=2)}
_VALUES |= {"fourty": 40, "nought": 0, "naught": 0, "nil": 0, "none": 0, "nothing": 0, "single": 1}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "dozen": 12}
_SCALED = frozenset((scale,) for scale in _SCALES)
_AND_A_HALF = ("and", "a", "half")
_GROUPS = {"couple": 2, "pair": 2}
_HOMOPHONES = {"to": 2, "too": 2, "tu": 2, "for": 4, "fore": 4, "won": 1, "ate": 8, "tree": 3, "free": 3}
_ORDINAL = re.compile(r"(\d{1,6})(?:st|nd|rd|th)")
_LIMIT = 10**12
_UNITS_OF_SOMETHING_ELSE = frozenset({"am", "pm", "oclock", "percent"})
_NO_NUMBER_BEFORE_ONE = word_set("no that this which any every each another other last first next you")

_BEFORE = {
    ("more", "than"): ("above", 1),
    ("over",): ("above", 1),
    ("above",): ("above", 1),
    (">",): ("above", 1),
    ("at", "least"): ("above", 0),
    ("minimum", "of"): ("above", 0),
    ("no", "less", "than"): ("above", 0),
    ("not", "less", "than"): ("above", 0),
    ("no", "fewer", "than"): ("above", 0),
    (">=",): ("above", 0),
    ("less", "than"): ("below", 1),
    ("fewer", "than"): ("below", 1),
    ("under",): ("below", 1),
    ("below",): ("below", 1),
    ("<",): ("below", 1),
    ("up", "to"): ("below", 0),
    ("at", "most"): ("below", 0),
    ("maximum", "of"): ("below", 0),
    ("no", "more", "than"): ("below", 0),
    ("not", "more", "than"): ("below", 0),
    ("<=",): ("below", 0),
}
_AFTER = {
    ("+",): "above",
    ("plus",): "above",
    ("or", "more"): "above",
    ("and", "more"): "above",
    ("and", "up"): "above",
    ("and", "over"): "above",
    ("or", "over"): "above",
    ("or", "less"): "below",
    ("or", "fewer"): "below",
    ("or", "under"): "below",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """A quantity as it was said: `low` to `high`, both included; `high` is infinite for "21 or more"."""

    low: float
    high: float

    def within(self, other: Interval) -> bool:
        """True where `other` holds all of this one."""
        return other.low <= self.low and self.high <= other.high

    def __str__(self) -> str:
        low = _written(self.low)
        if self.high == math.inf:
            return f"{low}+"
        return low if self.low == self.high else f"{low}-{_written(self.high)}"


def _written(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


def quantities(found: tuple[str, ...]) -> list[Interval]:
    """Every quantity in the tokens `found`, in the order said, without those denied ("not twenty")."""
    heard: list[Interval] = []
    alone = bare(found)
    if len(alone) == 1:
        ordinal = _ORDINAL.fullmatch(alone[0])  # "twelve, please" is often written "12th please"
        value = int(ordinal[1]) if ordinal else _HOMOPHONES.get(alone[0])
        if value is not None:
            return [Interval(value, value)]
    spoken = tuple(token for token in found if token != PAUSE)
    position = 0
    while position < len(spoken):
        read = _interval(spoken, position)
        if read is None:
            position += 1
            continue
        interval, after = read
        before = spoken[position - 1] if position else ""
        elsewhere = after < len(spoken) and spoken[after] in _UNITS_OF_SOMETHING_ELSE
        if before == "no" and heard:
            heard.clear()  # "twenty, no, thirty": taken back
        if before != "not" and not elsewhere and interval.low <= interval.high:
            heard.append(interval)
        position = after
    return heard


@lru_cache(maxsize=512)
def read_key(key: str) -> Interval | None:
    """The interval that an answer's key means ("0", "1-10", "21+", "over 20"), None for other words."""
    spoken = tuple(token for token in tokens(key) if token != PAUSE)
    if not spoken:
        return None
    read = _interval(spoken, 0)
    return read[0] if read is not None and read[1] == len(spoken) else None


def _interval(spoken: tuple[str, ...], position: int) -> tuple[Interval, int] | None:
    for length in (3, 2, 1):
        comparison = _BEFORE.get(spoken[position : position + length])
        number = _number(spoken, position + length) if comparison is not None else None
        if comparison is not None and number is not None:
            return _compared(number[0], *comparison), number[1]
    between = spoken[position] in ("between", "from")
    number = _number(spoken, position + between)
    if number is None:
        return None
    low, after = number
    joined = spoken[after] if after < len(spoken) else ""
    if joined in ("to", "or", "till", "until") or (between and joined == "and"):
        upper = _number(spoken, after + 1)
        if upper is not None and (upper[0] > low or joined == "to"):
            return Interval(low, upper[0]), upper[1]
    for suffix in (spoken[after : after + 2], spoken[after : after + 1]):
        if suffix in _AFTER:
            return _compared(low, _AFTER[suffix], 0), after + len(suffix)
    return Interval(low, low), after


def _compared(value: float, side: str, step: int) -> Interval:
    if side == "above":
        return Interval(value + step, math.inf)
    high = max(value - step, 0)
    return Interval(min(1, high), high)


def _number(spoken: tuple[str, ...], position: int) -> tuple[float, int] | None:
    """The number that begins at `position` and the position after it."""
    start = position
    half = spoken[position : position + 3] in (("half", "a", "dozen"), ("a", "half", "dozen"))
    if half or spoken[position : position + 2] == ("half", "dozen"):
        return 6, position + (3 if half else 2)
    if position + 1 < len(spoken) and spoken[position] in ("a", "an", "the", "one"):
        word = spoken[position + 1]
        position += word in _SCALES or word in _GROUPS
    first = _first(spoken, position)
    if first is None or (position == start and _is_pronoun(spoken, position)):
        return None
    total, position = first
    if spoken[position : position + 3] == _AND_A_HALF and spoken[position + 3 : position + 4] in _SCALED:
        total, position = total + 0.5, position + 3
    total, position = _scaled(spoken, total, position)
    if spoken[position : position + 3] == _AND_A_HALF:
        last = _SCALES.get(spoken[position - 1], 1)
        return total + last / 2, position + 3
    return (total, position) if total < _LIMIT else None


def _first(spoken: tuple[str, ...], position: int) -> tuple[float, int] | None:
    """A number below a hundred, digits, "couple of", or 1 where a scale stands alone ("a hundred")."""
    token = spoken[position] if position < len(spoken) else ""
    if token in _GROUPS:
        after = position + 1
        of_dozen = spoken[after : after + 1] == ("of",) and spoken[after + 1 : after + 2] == ("dozen",)
        return _GROUPS[token], after + of_dozen
    if token in _SCALES:
        return 1, position
    if token[:1].isdecimal():
        try:
            value = float(token) if len(token) <= 12 else math.inf
        except ValueError:
            return None  # "2nd", "5pm": not a quantity
        return (value, position + 1) if value < _LIMIT else None
    if token not in _VALUES:
        return None
    small = _VALUES[token]
    following = _VALUES.get(spoken[position + 1], 0) if position + 1 < len(spoken) else 0
    if small >= 20 and 0 < following < 10 and spoken[position + 1] != "single":
        return small + following, position + 2
    return small, position + 1


def _scaled(spoken: tuple[str, ...], value: float, position: int) -> tuple[float, int]:
    """Apply "hundred", "thousand", "dozen" after `value` and add the smaller number that follows."""
    while position < len(spoken) and spoken[position] in _SCALES and value < _LIMIT:
        scale = _SCALES[spoken[position]]
        value *= scale
        position += 1
        if scale == 12:
            continue
        after = position + (spoken[position : position + 1] == ("and",))
        rest = _first(spoken, after)
        if rest is None or spoken[after] in _SCALES or spoken[after] in _GROUPS or rest[0] == 0:
            continue
        smaller = rest
        while smaller[1] < len(spoken) and _SCALES.get(spoken[smaller[1]], scale) < scale and scale > 100:
            smaller = _scaled(spoken, *smaller)
        if smaller[0] < scale:
            value, position = value + smaller[0], smaller[1]
    return value, position


def _is_pronoun(spoken: tuple[str, ...], position: int) -> bool:
    """True for the "one" of "that one" and "the one with seeds", which counts nothing."""
    if spoken[position] != "one":
        return False
    before = spoken[position - 1] if position else ""
    after = spoken[position + 1] if position + 1 < len(spoken) else ""
    return before in _NO_NUMBER_BEFORE_ONE or (before == "the" and after in ("with", "that", "which", "from"))
