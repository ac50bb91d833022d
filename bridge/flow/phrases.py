"""Whether speech contains a phrase: by words, forgiving endings, joined words and small mishearings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from bridge.flow.vocabulary import word_set
from bridge.flow.words import PAUSE, singular, words

MAX_WORDS = 120
"""Words of one utterance that are compared; a longer one is a monologue, not an answer."""

_EMPTY = word_set(
    "a an the i would like want to of for please some my me is it that this these those them do does did",
    "you your and or in on at be been have has had can could we us our with one ones just will am are was",
    "were they he she there if so well yes yeah no not let get need make about what which how okay ok thanks",
    "thank hi hello go going think maybe rather then now also really actually sorry give take shall may",
    "might",
)
_DENIALS = frozenset({"not", "no", "without", "never", "except", "neither", "nor"})
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a phrase fits what was heard.

    `covered`: share of the phrase's telling words that were heard; `told`: share of the heard telling
    words that the phrase explains; `matched`: how many telling words that is; `whole`: nothing else said.
    """

    covered: float
    told: float
    matched: int
    whole: bool = False


NO_FIT = Fit(0.0, 0.0, 0)


@lru_cache(maxsize=1024)
def alternatives(key: str) -> tuple[str, ...]:
    """The wordings that a key lists with "/", "|", ";" or a comma between words."""
    return tuple(part.strip() for part in re.split(r"[/|;]|,(?!\d)", key) if words(part))


def telling(found: Sequence[str]) -> list[str]:
    """The words of `found` that carry meaning; all of them where none does."""
    return [word for word in found if word not in _EMPTY] or list(found)


def fit(heard: tuple[str, ...], phrase: str) -> Fit:
    """How `phrase` fits the tokens `heard`; NO_FIT where it was denied ("not the white one")."""
    wanted = words(phrase)
    said = [word for word in heard if word != PAUSE][:MAX_WORDS]
    if not wanted or not said:
        return NO_FIT
    if said == list(wanted):
        return Fit(1.0, 1.0, len(wanted), whole=True)
    if all(word in _EMPTY for word in wanted):
        return NO_FIT  # "this one" in a longer sentence says nothing about the answer
    content = telling(wanted)
    said_content = telling(said)
    hits = {word: _find(word, said) for word in content}
    matched = [word for word in content if hits[word] is not None]
    if not matched and not _joined(content, said):
        return NO_FIT
    if not matched:
        return Fit(1.0, min(1.0, 1 / len(said_content)), len(content))
    if _denied(heard, matched):
        return NO_FIT
    explained = sum(1 for word in said_content if any(near(word, other) for other in content))
    explained = max(explained, min(len(matched), len(said_content)))
    return Fit(len(matched) / len(content), explained / len(said_content), len(matched))


@lru_cache(maxsize=8192)
def near(left: str, right: str) -> bool:
    """True for the same word in another form, or one that a recogniser easily takes for it."""
    if left == right or singular(left) == singular(right):
        return True
    if min(len(left), len(right)) < 5 or left[0].isdigit() or right[0].isdigit():
        return False
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return matcher.real_quick_ratio() >= _NEAR and matcher.ratio() >= _NEAR


def _find(word: str, said: list[str]) -> int | None:
    for index, other in enumerate(said):
        if near(word, other):
            return index
    for index, pair in enumerate(pairwise(said)):
        if len(word) >= 6 and near(word, "".join(pair)):  # "sour dough"
            return index
    return None


def _joined(content: list[str], said: list[str]) -> bool:
    """True where a phrase of two words was heard as one ("pickup")."""
    return len(content) == 2 and any(near("".join(content), word) for word in said)


def _denied(heard: tuple[str, ...], matched: list[str]) -> bool:
    """True where a word was said only shortly after a denial, with no pause or "but" between."""
    for word in matched:
        places = [index for index, token in enumerate(heard) if near(word, token)]
        if places and all(_after_denial(heard, index) for index in places):
            return True
    return False


def _after_denial(heard: tuple[str, ...], index: int) -> bool:
    for back in range(index - 1, max(index - 5, -1), -1):
        token = heard[back]
        if token in (PAUSE, "but", "because"):
            return False
        if token in _DENIALS:
            return True
    return False


def best_phrase(heard: tuple[str, ...], phrases: Sequence[Sequence[str]]) -> tuple[int | None, bool]:
    """Index of the one entry of `phrases` (each a list of wordings) that was said, and whether any was.

    (None, True) means that several fit equally well. A part of a phrase is enough where the words
    belong to no other entry and make up at least half of what was said.
    """
    fits = [_best(heard, wordings) for wordings in phrases]
    full = [index for index, found in enumerate(fits) if found.covered == 1.0]
    whole = [index for index in full if fits[index].whole]
    if len(whole) == 1:
        return whole[0], True
    if full:
        most = max(fits[index].matched for index in full)
        longest = [index for index in full if fits[index].matched == most]
        shorter = [index for index in full if fits[index].matched < most]
        inside = all(_inside(phrases[index], phrases[longest[0]]) for index in shorter)
        return (longest[0] if len(longest) == 1 and inside else None), True
    partly = [index for index, found in enumerate(fits) if found.covered > 0]
    if len(partly) == 1 and fits[partly[0]].covered >= 0.5 and fits[partly[0]].told >= 0.5:
        return partly[0], True
    return None, False


def _best(heard: tuple[str, ...], wordings: Sequence[str]) -> Fit:
    fits = (fit(heard, wording) for wording in wordings)
    return max(fits, key=lambda found: (found.whole, found.covered, found.matched), default=NO_FIT)


def _inside(shorter: Sequence[str], longer: Sequence[str]) -> bool:
    """True where one entry's words are part of the other's ("cake" in "chocolate cake")."""
    longer_words = [word for wording in longer for word in words(wording)]
    return any(
        all(any(near(word, other) for other in longer_words) for word in telling(words(wording)))
        for wording in shorter
    )
