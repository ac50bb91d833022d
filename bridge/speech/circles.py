"""A decoder that runs in circles: told from speech, and what it said in them once."""

from __future__ import annotations

import zlib

_MAX_COMPRESSION = 2.4
_SHORTEST = 40
_FEWEST_TIMES = 3
_KEPT_WORDS = 3


def repeats(text: str) -> bool:
    """True where the decoder ran in circles: the text compresses too well."""
    raw = text.encode()
    return len(raw) > _SHORTEST and len(raw) / len(zlib.compress(raw)) > _MAX_COMPRESSION


def unrolled(text: str) -> str:
    """`text` with what comes three times and more in a row once, or for its first three words.

    Somebody may really have said "no, no, no, no", and words that were said are not to be lost to circles.
    """
    words = text.split()
    plain = [word.strip(".,;:!?…-").casefold() for word in words]
    kept: list[str] = []
    at = 0
    while at < len(words):
        size, times = _circle(plain, at)
        if times < _FEWEST_TIMES:
            kept.append(words[at])
            at += 1
        else:
            kept += words[at : at + max(size, _KEPT_WORDS)]
            at += size * times
    return " ".join(kept)


def _circle(words: list[str], at: int) -> tuple[int, int]:
    """How many words from `at` on come again, and how often in a row; of several the one that covers most."""
    best = (1, 1)
    for size in range(1, (len(words) - at) // _FEWEST_TIMES + 1):
        times = 1
        while words[at + size * times : at + size * (times + 1)] == words[at : at + size]:
            times += 1
        if times >= _FEWEST_TIMES and size * times > best[0] * best[1]:
            best = (size, times)
    return best
