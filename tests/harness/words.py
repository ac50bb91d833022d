"""How many words of a text were not understood."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z0-9']+")


def words(text: str) -> list[str]:
    """The words of `text` in small letters, without punctuation."""
    return _WORD.findall(text.lower().replace("’", "'"))


def word_errors(said: list[str], heard: list[str]) -> int:
    """Fewest words to be left out, put in or exchanged to make `said` of `heard` (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(said, 1):
        diagonal, row[0] = row[0], count
        for at, other in enumerate(heard, 1):
            exchanged = diagonal + (word != other)
            diagonal = row[at]
            row[at] = min(exchanged, row[at] + 1, row[at - 1] + 1)
    return row[-1]
