"""Speech as words: what a recogniser wrote, made comparable with what a template's author wrote."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from bridge.flow.vocabulary import phrase_list, word_set

MAX_HEARD = 800
"""Characters of one utterance that are looked at; nobody says more in one turn."""

PAUSE = ","
"""The token that stands for any punctuation between words."""

_TOKEN = re.compile(
    r"\d+(?:,\d{3})+(?![\d])|\d+\.\d+(?![\w.])|\d+(?![^\W_])|[^\W_]+|[,.;:!?…]|[+<>]=?|-(?=\s*\d)|[–—]"
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})
_CONTRACTIONS = (
    (re.compile(r"\bwon'?t\b"), "will not"),
    (re.compile(r"\bcan'?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\b(do|does|did|is|are|was|have|had|would|could|should|need)n'?t\b"), r"\1 not"),
    (re.compile(r"\blet's\b|\blets\b"), "let us"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"(?<=[a-z])'s\b"), " is"),
    (re.compile(r"\bo'? ?clock\b"), "oclock"),
    (re.compile(r"\bwanna\b"), "want to"),
    (re.compile(r"\bgonna\b"), "going to"),
)
_HESITATION = frozenset({"um", "uh", "er", "erm", "hmm", "ah", "umm", "uhm", "eh"})
_POLITE = word_set(
    "please thanks thank you hi hello hey oh well so okay ok just like now then sir madam maam"
)


@lru_cache(maxsize=512)
def tokens(text: str) -> tuple[str, ...]:
    """Lower-case words and numbers of `text`, contractions written out, PAUSE for punctuation.

    Hesitations are left out; a hyphen between digits reads "to". Only the first MAX_HEARD characters count.
    """
    plain = unicodedata.normalize("NFKC", text[:MAX_HEARD]).translate(_APOSTROPHES).casefold()
    plain = re.sub(r"\buh[ -]huh\b|\bm+[ -]?hm+\b", "uhhuh", plain)
    plain = re.sub(r"\b(?:uh|nuh)[ -]uh\b", "uhuh", plain)
    for pattern, written_out in _CONTRACTIONS:
        plain = pattern.sub(written_out, plain)
    found: list[str] = []
    for token in _TOKEN.findall(plain):
        if token in _HESITATION:
            continue
        if token[0] in ",.;:!?…":
            if found and found[-1] != PAUSE:
                found.append(PAUSE)
        elif token in "-–—":
            _dash(found)
        else:
            found.append(token.replace(",", "") if token[0].isdigit() else token)
    return tuple(found)


def _dash(found: list[str]) -> None:
    if found and found[-1][0].isdigit():
        found.append("to")
    elif found and found[-1] != PAUSE:
        found.append(PAUSE)


def words(text: str) -> tuple[str, ...]:
    """`tokens` without the pauses."""
    return tuple(token for token in tokens(text) if token != PAUSE)


def bare(found: tuple[str, ...]) -> tuple[str, ...]:
    """`found` without politeness and hesitation at its ends, so that "two, please" is "two"."""
    start, end = 0, len(found)
    while start < end and (found[start] in _POLITE or found[start] == PAUSE):
        start += 1
    while end > start and (found[end - 1] in _POLITE or found[end - 1] == PAUSE):
        end -= 1
    return found[start:end]


_MARKERS = sorted(
    phrase_list(
        "no wait|wait no|wait|no sorry|sorry|actually|no actually|i mean|no i mean|make that|make it",
        "no make that|no make it|or rather|scratch that|no scratch that|correction|let us say",
        "no let us say|on second thought|on second thoughts|i meant|no i meant",
    ),
    key=len,
    reverse=True,
)


def corrected(found: tuple[str, ...]) -> list[tuple[str, ...]]:
    """`found` cut where a speaker takes something back ("no, wait"), the last part first.

    A "no" of its own between pauses cuts too. Empty parts are left out; at most the whole is returned.
    """
    parts: list[list[str]] = [[]]
    position = 0
    while position < len(found):
        length = _marker_at(found, position)
        if length:
            parts.append([])
            position += length
        else:
            parts[-1].append(found[position])
            position += 1
    return [tuple(part) for part in reversed(parts) if any(token != PAUSE for token in part)]


def _marker_at(found: tuple[str, ...], position: int) -> int:
    spoken: list[str] = []
    length = 0
    ends: dict[tuple[str, ...], int] = {}
    for token in found[position : position + 6]:
        length += 1
        if token == PAUSE:
            if not spoken:
                return 0
            continue
        spoken.append(token)
        ends[tuple(spoken)] = length
    for marker in _MARKERS:
        if marker in ends:
            return ends[marker]
    between = found[position - 1 : position + 2] == (PAUSE, "no", PAUSE)
    return 1 if position > 1 and between else 0


def singular(word: str) -> str:
    """A rough stem, good enough to compare "bagels" with "bagel" and "opening" with "open"."""
    for ending, kept in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + kept
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
