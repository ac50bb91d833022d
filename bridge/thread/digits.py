"""Digits in what people say and type: "4111 1111", "4-1-1-1", "forty-one eleven", "double one, oh".

A run is what may be one number: digits and number words with nothing between them but blanks, dashes, dots,
commas and the words that people put between groups.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.flow.vocabulary import word_set

MASK = "•"

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)?|\s+|.", re.DOTALL)
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_WORDS = {word: str(value) for value, word in enumerate(_SMALL)}
_WORDS |= {"nought": "0", "naught": "0", "niner": "9"}
_TENS = {
    word: str(value)
    for value, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
} | {"fourty": "4"}
_TIMES = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
# Digits only among digits; alone they are words like any other.
_WEAK = {"oh": "0", "o": "0", "to": "2", "too": "2", "for": "4", "fore": "4", "won": "1", "ate": "8"}
_BETWEEN = word_set(
    "um umm uh uhm er erm eh hm hmm mm and then next dash hyphen minus space comma dot point okay ok a"
)
_SEPARATORS = frozenset("-‐‑‒–—.,_·;…/#*")
_MOST_BETWEEN = 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Digits that were written or said as one: `text[start:end]`. `weak`: perhaps a word and no digit."""

    start: int
    end: int
    digits: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces that may be one number. `first`, `last`: nothing else is said in the text before, or after."""

    pieces: tuple[Piece, ...]
    first: bool
    last: bool

    @property
    def digits(self) -> str:
        """All digits, in order."""
        return "".join(piece.digits for piece in self.pieces)

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.pieces[-1].end


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    text: str

    @property
    def skippable(self) -> bool:
        """True for what may stand inside a number."""
        return self.text.isspace() or self.text in _SEPARATORS or self.text in _BETWEEN


def runs(text: str) -> list[Run]:
    """Every run in `text`, in order."""
    found = [_Token(match.start(), match.end(), match[0].casefold()) for match in _TOKEN.finditer(text)]
    result: list[Run] = []
    pieces: list[Piece] = []
    position, between, first, clean = 0, 0, True, True
    while position < len(found):
        read = _piece(found, position)
        if read is not None:
            if not pieces:
                first = clean
            pieces.append(read[0])
            position, between = read[1], 0
            continue
        token = found[position]
        between += not token.text.isspace()
        if not token.skippable or between > _MOST_BETWEEN:
            result += _run(pieces, first=first, last=False)
            pieces, between, clean = [], 0, clean and token.skippable
        position += 1
    return result + _run(pieces, first=first, last=True)


def render(text: str, pieces: Sequence[Piece], hidden: Sequence[bool]) -> str:
    """`text` with the digits of `pieces` masked; `hidden`: one flag for each of their digits."""
    parts: list[str] = []
    at = digit = 0
    for piece in pieces:
        flags = hidden[digit : digit + len(piece.digits)]
        digit += len(piece.digits)
        shown = text[piece.start : piece.end]
        if any(flags):
            shown = "".join(MASK if flag else char for flag, char in zip(flags, piece.digits, strict=True))
        parts += [text[at : piece.start], shown]
        at = piece.end
    return "".join([*parts, text[at:]])


def _run(pieces: list[Piece], *, first: bool, last: bool) -> list[Run]:
    """One run of `pieces`, or none: a homophone at the end of a number is a word ("1111 for my wife")."""
    said = any(not piece.weak for piece in pieces)
    while pieces and pieces[-1].weak and not (said and pieces[-1].digits == "0"):
        pieces.pop()
        last = False
    return [Run(tuple(pieces), first, last)] if pieces else []


def _piece(found: list[_Token], position: int) -> tuple[Piece, int] | None:
    """The piece that begins at `position`, and the position after it."""
    token = found[position]
    if token.text in _TIMES:
        after = _next(found, position + 1)
        read = _simple(found, after)
        if read is not None and len(read[0]) == 1:
            digits, position = read
            return Piece(token.start, found[position - 1].end, digits * _TIMES[token.text]), position
        return None
    if token.text in _WEAK:
        return Piece(token.start, token.end, _WEAK[token.text], weak=True), position + 1
    cardinal = _cardinal(found, position)
    if cardinal is None:
        return None
    digits, after = cardinal
    return Piece(token.start, found[after - 1].end, digits), after


def _simple(found: list[_Token], position: int) -> tuple[str, int] | None:
    """Written digits or a number below a hundred."""
    if position >= len(found):
        return None
    word = found[position].text
    if word[0].isdecimal():
        return "".join(str(int(char)) for char in word), position + 1
    if word in _WORDS:
        return _WORDS[word], position + 1
    if word in _TENS:
        after = _next(found, position + 1)
        unit = _WORDS.get(found[after].text, "") if after < len(found) else ""
        if len(unit) == 1 and unit != "0":
            return _TENS[word] + unit, after + 1
        return _TENS[word] + "0", position + 1
    if word in ("oh", "o"):
        return "0", position + 1
    return None


def _cardinal(found: list[_Token], position: int) -> tuple[str, int] | None:
    """The same, with "thousand" and "hundred": "forty-one hundred and eleven" is 4111."""
    read = _simple(found, position)
    if read is None or found[position].text[0].isdecimal():
        return read
    total, scaled = 0, False
    for scale, limit in (("thousand", 999), ("hundred", 99)):
        after = _next(found, read[1])
        if after < len(found) and found[after].text == scale and int(read[0]) <= limit:
            total, scaled = total + int(read[0]) * (1000 if scale == "thousand" else 100), True
            rest = _next(found, after + 1)
            if rest < len(found) and found[rest].text == "and":
                rest = _next(found, rest + 1)
            smaller = _simple(found, rest)
            if smaller is None or found[rest].text[0].isdecimal() or found[rest].text in ("oh", "o", "zero"):
                return str(total), after + 1
            read = smaller
    return (str(total + int(read[0])), read[1]) if scaled else read


def _next(found: list[_Token], position: int) -> int:
    """The first position from `position` on that is neither blank nor hyphen."""
    while position < len(found) and (found[position].text.isspace() or found[position].text == "-"):
        position += 1
    return position
