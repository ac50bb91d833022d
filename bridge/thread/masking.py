"""Hides card numbers in a text: all but their last four digits become "•". Pure; see docs/protocol.md.

Recognisers drop and double digits, so that the check digit of a number that was said is often wrong. What was
heard is therefore masked sooner than what was typed, and soonest where a card is spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.thread.cards import begins_like_card, find_card, phone_shaped
from bridge.thread.digits import MASK, Piece, Run, render, runs

SHOWN = 4
"""Digits of a number that stay, at its end."""

FEWEST_HEARD = 13
"""Digits that begin like a card's and are masked where they were heard, whatever their check digit."""

FEWEST_IN_CONTEXT = 8
"""The same, however they begin, where a card is spoken of."""

_FEWEST_PARTIAL = 5
"""Digits of an unfinished sentence that may be shown are fewer than these."""

_LOOK_BACK = 400
"""Characters before a number that are looked at for what it is."""

_CODE_SIZES = (3, 4)
_CARD = re.compile(
    r"\b(?:cards?|credit|debit|visa|master\s?card|amex|american express|diners|discover|maestro|cv[vc]2?"
    r"|security code|expir\w+)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:(?:tele)?phones?|mobile|cell|call(?:ed)? (?:me|you|us)|call back|reach|orders?|tracking|parcel|zip"
    r"|post ?code|booking|reservation|ticket|date|birthday|born)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b(?:cv[vc]2?|security code|card code)\b\W*(?:\w+\W+){0,2}$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without card numbers; `card` where one was in it."""

    text: str
    card: bool = False


def mask(text: str, *, heard: bool = False, context: bool = False) -> Masked:
    """`text` with the card numbers in it masked; never raises, and masking again changes nothing.

    `heard`: a recogniser wrote it. `context`: a card has been spoken of just before.
    """
    found = False
    while True:  # each time there are fewer digits
        masked = _once(text, heard=heard, context=context, after=found)
        if masked is None:
            return Masked(text, found)
        text, found = masked, True


def mask_partial(text: str, *, context: bool = False, before: str = "") -> str:
    """`text` of a sentence that is not over: whatever may become a card's number is hidden to its last digit.

    `before`: digits of the same speaker's that it may be the rest of.
    """
    text = mask(text, heard=True, context=context).text
    for run in reversed(runs(text)):
        known = before + run.digits if run.first else run.digits
        talk = speaks_of_card(text[: run.start], context)
        if len(known) >= _FEWEST_PARTIAL and (talk or begins_like_card(known)) and not _kept(text, run):
            text = render(text, run.pieces, [True] * len(run.digits))
    return text


def speaks_of_card(text: str, so_far: bool) -> bool:
    """True where a card is what `text` speaks of last; `so_far` where it speaks of nothing of the kind."""
    card = max((match.end() for match in _CARD.finditer(text)), default=-1)
    other = max((match.end() for match in _OTHER.finditer(text)), default=-1)
    return so_far if card == other else card > other


def hidden_digits(
    sizes: Sequence[int], digits: str, *, heard: bool, context: bool, weak: int = 0
) -> list[bool] | None:
    """Which of `digits` are to be masked, where a card's number is among them; None where none is.

    `weak`: how many of the first digits are perhaps words.
    """
    place = find_card(sizes, digits)
    if place is not None:
        begin, end = place
        # What follows without a word between is the expiry date or the security code.
        return [index >= begin and not end - SHOWN <= index < end for index in range(len(digits))]
    count = len(digits)
    begins = begins_like_card(digits) or begins_like_card(digits[weak:])
    likely = heard and count >= FEWEST_HEARD and begins and not phone_shaped(sizes)
    if not likely and not (context and count >= FEWEST_IN_CONTEXT):
        return None
    shown = SHOWN if count >= FEWEST_HEARD else 0
    return [index < count - shown for index in range(count)]


def _once(text: str, *, heard: bool, context: bool, after: bool) -> str | None:
    """`text` with the numbers in it masked, None where there are none. `after`: there were some before."""
    pieces: list[Piece] = []
    flags: list[bool] = []
    for run in runs(text):
        hidden = None if _kept(text, run) else _hidden(text, run, heard=heard, context=context, after=after)
        if hidden is not None and any(hidden):
            pieces += run.pieces
            flags += hidden
            after = True
    return render(text, pieces, flags) if pieces else None


def _hidden(text: str, run: Run, *, heard: bool, context: bool, after: bool) -> list[bool] | None:
    """Which digits of `run` are to be masked; None where all may stay."""
    count = len(run.digits)
    before = text[max(0, run.start - _LOOK_BACK) : run.start]
    if count in _CODE_SIZES and (after or _CODE.search(before)):
        return [True] * count
    if count < FEWEST_IN_CONTEXT:
        return None
    talk = speaks_of_card(before, context) and not before.rstrip().endswith(("+", "plus"))
    weak = len(run.pieces[0].digits) if run.pieces[0].weak else 0
    sizes = [len(piece.digits) for piece in run.pieces]
    return hidden_digits(sizes, run.digits, heard=heard, context=talk, weak=weak)


def _kept(text: str, run: Run) -> bool:
    """True for the last digits of a number that is masked already."""
    return len(run.digits) <= SHOWN and text[: run.start].rstrip(" -‐‑‒–—.,_·;").endswith(MASK)
