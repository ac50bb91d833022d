"""Which of a question's answers a caller gave: a number, a range, yes or no, or a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bridge.flow.agreement import Agreement, yes_no
from bridge.flow.numbers import Interval, quantities, read_key
from bridge.flow.phrases import alternatives, best_phrase
from bridge.flow.words import corrected, tokens, words

Kind = Literal["phrase", "number", "yes_no"]


@dataclass(frozen=True, slots=True)
class Match:
    """The answer that was given: `key` as the template spells it, `value` as the caller meant it.

    `value`: the number or range for a numeric key ("15", "10-12", "21+"), else the key, or the first of
    the wordings that it lists.
    """

    key: str
    value: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Option:
    """One wording of a key, and what it means."""

    key: str
    wording: str
    interval: Interval | None
    agreement: Agreement | None

    @property
    def kind(self) -> Kind:
        if self.interval is not None:
            return "number"
        return "phrase" if self.agreement is None else "yes_no"


def match_answer(text: str, keys: Sequence[str]) -> Match | None:
    """The one of `keys` that `text` answers, or None where none or several fit.

    A key may list wordings with "/", "|", ";" or commas. What a caller takes back ("twenty, no wait,
    thirty") does not count. Phrases win over numbers, and numbers over yes and no, where one utterance
    holds several.
    """
    spoken = tokens(text)
    options = [option for key in keys for option in _options(key)]
    for option in options:
        if words(option.wording) == words(text):
            heard = quantities(spoken) if option.interval is not None else []
            return _match(option, str(heard[0]) if heard else None)
    for part in corrected(spoken):
        decided, match = _match_part(part, options)
        if decided:
            return match
    return _match_yes_no(text, options)


def key_problem(key: str) -> str | None:
    """What is wrong with an answer's key, or None."""
    if not alternatives(key):
        return "cannot be heard; allowed are numbers (0, 1-10, 21+), yes, no and phrases"
    for option in _options(key):
        if option.interval is not None and option.interval.low > option.interval.high:
            return "is a range that runs backwards; write the smaller number first"
    return None


@lru_cache(maxsize=1024)
def _options(key: str) -> tuple[_Option, ...]:
    return tuple(
        _Option(key, wording, read_key(wording), _agreement(wording)) for wording in alternatives(key)
    )


def _agreement(wording: str) -> Agreement | None:
    """Yes or no where a wording says so itself or begins with it ("no thanks", "yes please deliver it")."""
    spoken = words(wording)
    return yes_no(wording) if len(spoken) <= 2 or yes_no(spoken[0]) is not None else None


def _match(option: _Option, value: str | None = None) -> Match:
    return Match(option.key, value or alternatives(option.key)[0], option.kind)


def _match_part(part: tuple[str, ...], options: Sequence[_Option]) -> tuple[bool, Match | None]:
    """Whether `part` says something that is an answer's kind of thing, and the answer if it is one."""
    named: dict[str, list[_Option]] = {}
    for option in options:
        if option.kind == "phrase":
            named.setdefault(option.key, []).append(option)
    groups = list(named.values())
    index, said = best_phrase(part, [[option.wording for option in group] for group in groups])
    if said:
        return True, None if index is None else _match(groups[index][0])
    ranges = [option for option in options if option.interval is not None]
    heard = quantities(part) if ranges else []
    if not heard:
        return False, None
    holding = [_narrowest(quantity, ranges) for quantity in heard]
    first = holding[0]
    if first is None or any(option is None or option.key != first.key for option in holding):
        return True, None
    return True, _match(first, str(heard[0]))


def _narrowest(quantity: Interval, ranges: Sequence[_Option]) -> _Option | None:
    """The option whose interval holds `quantity`; the narrowest of several, the first of equals."""
    holding = [(option.interval, option) for option in ranges if option.interval is not None]
    fitting = [(outer.high - outer.low, option) for outer, option in holding if quantity.within(outer)]
    return min(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _match_yes_no(text: str, options: Sequence[_Option]) -> Match | None:
    said = yes_no(text)
    if said is None:
        return None
    fitting = {
        option.key: option for option in options if option.agreement == said and option.kind == "yes_no"
    }
    if len(fitting) == 1:
        return _match(next(iter(fitting.values())))
    zero = {
        option.key: option for option in options if option.interval is not None and option.interval.low == 0
    }
    if said == "no" and not fitting and len(zero) == 1:
        return _match(next(iter(zero.values())), "0")  # "how many?" "no, thank you"
    return None
