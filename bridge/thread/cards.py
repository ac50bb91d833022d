"""Which digits look like a payment card's number: issuers' ranges, lengths and the check digit."""

from __future__ import annotations

import re
from collections.abc import Sequence

FEWEST, MOST = 13, 19
_LENGTHS = (16, 15, 14, 19, 18, 17, 13)
"""The commoner a length, the sooner it is tried."""

_ISSUERS = (
    # first digits: from, to; lengths
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("6011", "6011", (16, 17, 18, 19)),  # Discover
    ("644", "659", (16, 17, 18, 19)),
    ("300", "305", (14, 16, 17, 18, 19)),  # Diners Club
    ("3095", "3095", (14, 16, 17, 18, 19)),
    ("36", "36", (14, 15, 16, 17, 18, 19)),
    ("38", "39", (14, 16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "82", (16, 17, 18, 19)),
    ("50", "50", (13, 14, 15, 16, 17, 18, 19)),  # Maestro
    ("56", "58", (13, 14, 15, 16, 17, 18, 19)),
    ("6304", "6304", (13, 14, 15, 16, 17, 18, 19)),
    ("67", "67", (13, 14, 15, 16, 17, 18, 19)),
    ("60", "60", (16,)),  # RuPay
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
)
_LOOKED_AT = 64
"""Digits at the beginning of a group among which a number may begin anywhere; longer ones are none."""

_BY_FIRST_DIGIT = {
    first: [issuer for issuer in _ISSUERS if issuer[0][0] <= first <= issuer[1][0]] for first in "0123456789"
}
_PHONES = re.compile(r"(?:1?334|34)+")


def luhn(digits: str) -> bool:
    """True where the last digit is the check digit of those before it."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """True for digits, at least one, that an issuer may have given out: range, length and check digit fit."""
    issuers = _BY_FIRST_DIGIT[digits[0]]
    fits = any(len(digits) in lengths and _within(digits, low, high) for low, high, lengths in issuers)
    return fits and luhn(digits)


def begins_like_card(digits: str) -> bool:
    """True where these first digits (of at least one) may be those of a card."""
    return bool(digits) and any(_within(digits, low, high) for low, high, _ in _ISSUERS)


def find_card(sizes: Sequence[int], digits: str) -> tuple[int, int] | None:
    """The first card's number among `digits`, which came in groups of `sizes`, as (begin, end).

    It begins and ends where groups do; within a single long group, as keys are typed, anywhere.
    """
    edges = [0]
    for size in sizes:
        edges.append(edges[-1] + size)
    places = set(edges)
    for group, size in enumerate(sizes):
        if size > FEWEST:
            places.update(range(edges[group], edges[group] + min(size, _LOOKED_AT)))
    for begin in sorted(places):
        for length in _LENGTHS:
            end = begin + length
            # Thirteen digits are a card's so rarely that only a number of its own counts.
            if length == FEWEST and length not in (len(digits), *sizes):
                continue
            if end in places and is_card(digits[begin:end]):
                return begin, end
    return None


def phone_shaped(sizes: Sequence[int]) -> bool:
    """True for digits in groups as telephone numbers are said: 415 555 1234, and several of them."""
    shape = "".join("334" if size == 10 else str(size) for size in sizes)
    return bool(_PHONES.fullmatch(shape))


def _within(digits: str, low: str, high: str) -> bool:
    """True where `digits` begin within the range, as far as they go."""
    known = min(len(digits), len(low))
    return low[:known] <= digits[:known] <= high[:known]
