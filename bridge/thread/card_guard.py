"""Card numbers that come in several messages: masked as one number, where the first parts can still be held.

Callers say a number in groups with pauses, and every group is an utterance of its own. What may be a group
of a card's number is therefore held until it is known what follows: `PAUSE_S` after it, for as long as the
same speaker goes on, and never longer than `LONGEST_S`. Messages behind it wait as long, so that their order
stays.
Sans-IO: `now` is any clock in seconds that only rises.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from bridge.ports import Draft, Speaker
from bridge.thread.cards import MOST, begins_like_card, find_card, phone_shaped
from bridge.thread.digits import Run, render, runs
from bridge.thread.masking import hidden_digits, mask, mask_partial, speaks_of_card

PAUSE_S = 3.0
LONGEST_S = 20.0
REMEMBER_S = 60.0
"""How long a group, or the mention of a card, counts for what is said after it."""
AFTERMATH_S = 30.0
"""How long after a number its security code and expiry date are expected."""

_FEWEST_HELD = 3
_FEWEST_HELD_OTHER = 5
"""The same where the talk is of an order, a telephone or the like: four digits of a card are always shown."""
_CODE_MOST = 6
_YEAR = re.compile(r"\b(?:in|since|until|from|year)\W*$", re.IGNORECASE)
_YEARS = re.compile(r"19\d\d|20\d\d")
"""No card's number begins like these."""
_HEARD: frozenset[Speaker] = frozenset({"caller", "human", "agent"})


@dataclass(slots=True)
class _Entry:
    """A message on its way; held until `until`, at the longest `limit`. `gone` once it was let through."""

    draft: Draft
    until: float = 0.0
    limit: float = 0.0
    gone: bool = False


@dataclass(slots=True)
class _Talk:
    """What one speaker has said of a number so far: its groups, with the messages they stand in.

    `cut`: there were more groups before these, in which no number began.
    """

    parts: list[tuple[_Entry, Run]] = field(default_factory=list)
    cut: bool = False
    at: float = 0.0
    card_at: float | None = None

    @property
    def digits(self) -> str:
        return "".join(run.digits for _, run in self.parts)

    @property
    def sizes(self) -> list[int]:
        return [len(piece.digits) for _, run in self.parts for piece in run.pieces]

    @property
    def begins_like_card(self) -> bool:
        return not self.cut and begins_like_card(self.digits)

    def begin(self, *parts: tuple[_Entry, Run]) -> None:
        """Forget what was said before."""
        self.parts, self.cut = [*parts], False

    def go_on(self, entry: _Entry, run: Run) -> None:
        """One more group; of those before it no more are kept than a number may reach back."""
        self.parts.append((entry, run))
        while sum(len(part.digits) for _, part in self.parts[1:-1]) >= MOST:
            del self.parts[0]
            self.cut = True


class CardGuard:
    """Takes a call's messages in order and gives them back in order, without card numbers.

    `masks`: False lets everything through as it is.
    """

    def __init__(self, masks: bool = True) -> None:
        self._masks = masks
        self._entries: deque[_Entry] = deque()
        self._talks: dict[Speaker, _Talk] = {}
        self._context, self._context_at = False, -math.inf

    def __len__(self) -> int:
        """How many messages are held."""
        return len(self._entries)

    def push(self, draft: Draft, now: float) -> None:
        """Take the next message."""
        entry = _Entry(draft)
        self._entries.append(entry)
        if not self._masks:
            return
        heard, talk = draft.speaker in _HEARD, self._talk(draft.speaker)
        earlier = list(talk.parts)
        context = self._in_context(now)
        if heard:
            self._look(entry, now, context)
        masked = mask(entry.draft.text, heard=heard, context=context)
        if masked.card:
            entry.draft = replace(entry.draft, text=masked.text)
            entry.until = entry.limit = 0.0
            for before, run in earlier:
                if before.until:
                    # A first attempt at the number, broken off.
                    self._hide(before, run, [True] * len(run.digits))
            talk.begin()
            talk.card_at = now
        spoken_of = speaks_of_card(draft.text, False)
        if spoken_of == speaks_of_card(draft.text, True):
            self._context, self._context_at = spoken_of, now

    def release(self, now: float, speaking: Collection[Speaker] = ()) -> list[Draft]:
        """Take out what need not be held any more, everything where `now` is infinite.

        `speaking`: who is in the middle of an utterance.
        """
        released: list[Draft] = []
        while self._entries and self._due_at(self._entries[0], now, speaking) <= now:
            entry = self._entries.popleft()
            entry.gone = True
            released.append(entry.draft)
        return released

    def deadline(self, now: float, speaking: Collection[Speaker] = ()) -> float | None:
        """When something is to be released next; None where nothing is held."""
        return self._due_at(self._entries[0], now, speaking) if self._entries else None

    def partial(self, draft: Draft, now: float) -> str:
        """What may be shown of a message that is not finished."""
        if not self._masks:
            return draft.text
        if draft.speaker not in _HEARD:
            return mask(draft.text).text
        talk = self._talk(draft.speaker)
        before = talk.digits if now - talk.at <= REMEMBER_S and not talk.cut else ""
        context = self._in_context(now) or self._aftermath(talk, now)
        return mask_partial(draft.text, context=context, before=before)

    @staticmethod
    def _due_at(entry: _Entry, now: float, speaking: Collection[Speaker]) -> float:
        over = now >= entry.until and entry.draft.speaker not in speaking
        return entry.until if over or now < entry.until else entry.limit

    def _look(self, entry: _Entry, now: float, context: bool) -> None:
        """See whether `entry` goes on with a number, ends one, or begins one."""
        talk = self._talk(entry.draft.speaker)
        if now - talk.at > REMEMBER_S:
            talk.begin()
        found = runs(entry.draft.text)
        if not found:
            return
        head, tail = found[0], found[-1]
        short = _FEWEST_HELD <= len(head.digits) <= _CODE_MOST
        if head.first and head.last and short and self._aftermath(talk, now):
            # The rest of the number, the expiry date or the security code.
            self._hide(entry, head, [True] * len(head.digits))
            return
        if head.first and talk.parts:
            talk.go_on(entry, head)
            talk.at = now
            if self._card(talk, context or self._aftermath(talk, now), now):
                return
            if head is tail and not head.last:
                talk.begin()
        if tail.last and not (tail is head and head.first and talk.parts):
            talk.begin((entry, tail))
            talk.at = now
        said = entry.draft.text[: tail.start]
        other = not speaks_of_card(said, not self._in_other_context(now)) or _is_year(said, talk.digits)
        self._hold(talk, speaks_of_card(said, context), now, _FEWEST_HELD_OTHER if other else _FEWEST_HELD)

    def _card(self, talk: _Talk, context: bool, now: float) -> bool:
        """Mask the groups, where together they are a card's number."""
        hidden = hidden_digits(talk.sizes, talk.digits, heard=not talk.cut, context=context)
        if hidden is None:
            return False
        at = 0
        complete = find_card(talk.sizes, talk.digits) is not None
        whole = complete and all(not entry.gone for entry, _ in talk.parts)
        for entry, run in talk.parts:
            flags = hidden[at : at + len(run.digits)]
            at += len(run.digits)
            # Where the first groups are known already, or the number may go on, no digit of these is shown.
            self._hide(entry, run, flags if whole else [True] * len(flags))
        talk.begin()
        talk.card_at = now
        return True

    @staticmethod
    def _hold(talk: _Talk, context: bool, now: float, fewest: int) -> None:
        """Hold the messages whose digits may yet turn out to be a card's."""
        open_ended = len(talk.digits) >= fewest and not (phone_shaped(talk.sizes) and not context)
        if open_ended and (context or talk.begins_like_card):
            for entry, _ in talk.parts:
                entry.limit = entry.limit or now + LONGEST_S
                entry.until = min(now + PAUSE_S, entry.limit)

    @staticmethod
    def _hide(entry: _Entry, run: Run, flags: list[bool]) -> None:
        if not entry.gone:
            entry.draft = replace(entry.draft, text=render(entry.draft.text, run.pieces, flags))
            entry.until = entry.limit = 0.0

    @staticmethod
    def _aftermath(talk: _Talk, now: float) -> bool:
        return talk.card_at is not None and now - talk.card_at <= AFTERMATH_S

    def _in_context(self, now: float) -> bool:
        return self._context and now - self._context_at <= REMEMBER_S

    def _in_other_context(self, now: float) -> bool:
        """True where the last number that was spoken of is of another kind than a card's."""
        return not self._context and now - self._context_at <= REMEMBER_S

    def _talk(self, speaker: Speaker) -> _Talk:
        return self._talks.setdefault(speaker, _Talk())


def _is_year(before: str, digits: str) -> bool:
    """True where `digits`, after these words, are a year: "we moved in 2000"."""
    return bool(_YEAR.search(before) and _YEARS.fullmatch(digits))
