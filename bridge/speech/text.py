"""Text as a voice should get it: written things spelled out, in pieces that start quickly."""

from __future__ import annotations

import re

MAX_PIECE = 240
"""Characters in a piece: some 15 s of speech, so that no piece keeps others waiting for long."""

_FIRST_PIECE = 60
"""A first sentence longer than this is begun at a comma, so that speech begins sooner."""

_LEAST_PIECE = 12

_ABBREVIATIONS = {
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "dr.": "doctor",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
}
_ABBREVIATION = re.compile(
    r"(?<![\w.])(?:" + "|".join(re.escape(short) for short in _ABBREVIATIONS) + r")(?=\s|$|[,;:)])",
    re.IGNORECASE,
)
_MONEY = re.compile(r"([$£€])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?(?![\d.]*\d)")
_COINS = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_MARKUP = re.compile(r"[*_#`~<>|\[\]{}\\]+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')]*\s+(?=\S)")
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+")


def speakable(text: str) -> str:
    """`text` on one line, without markup, with amounts and abbreviations in words."""
    text = _MONEY.sub(_say_money, text)
    text = _ABBREVIATION.sub(lambda found: _ABBREVIATIONS[found.group().lower()], text)
    return " ".join(_MARKUP.sub(" ", text).split())


def pieces(text: str) -> list[str]:
    """`text` in pieces to be synthesised one by one, at most MAX_PIECE characters each; none are empty.

    Pieces are sentences; a long first sentence begins with a clause, very short ones stand together.
    """
    sentences = _merge_short([part for part in _SENTENCE_END.split(speakable(text)) if _audible(part)])
    if sentences and len(sentences[0]) > _FIRST_PIECE:
        sentences[:1] = _split_first(sentences[0])
    return [piece for sentence in sentences for piece in _limit(sentence)]


def _audible(part: str) -> bool:
    return any(char.isalnum() for char in part)


def _merge_short(sentences: list[str]) -> list[str]:
    merged: list[str] = []
    for sentence in sentences:
        if merged and len(merged[-1]) < _LEAST_PIECE:
            merged[-1] += " " + sentence
        else:
            merged.append(sentence)
    return merged


def _split_first(sentence: str) -> list[str]:
    """The sentence as a first clause and the rest, where a clause of good length begins it."""
    for found in _CLAUSE_END.finditer(sentence):
        if found.start() > MAX_PIECE:
            break
        if found.start() >= _LEAST_PIECE and _audible(sentence[found.end() :]):
            return [sentence[: found.start()], sentence[found.end() :]]
    return [sentence]


def _limit(sentence: str) -> list[str]:
    parts: list[str] = []
    while len(sentence) > MAX_PIECE:
        head = sentence[:MAX_PIECE]
        at = max((found.start() for found in _CLAUSE_END.finditer(head)), default=-1)
        if at < MAX_PIECE // 3:
            at = head.rfind(" ")
        at = at if at > 0 else MAX_PIECE
        parts.append(sentence[:at])
        sentence = sentence[at:].lstrip()
    return [part for part in [*parts, sentence] if _audible(part)]


def _say_money(found: re.Match[str]) -> str:
    coin, part = _COINS[found.group(1)]
    whole, rest = int(found.group(2).replace(",", "")), int(found.group(3) or 0)
    said = [f"{whole} {coin}{'' if whole == 1 else 's'}"] if whole or not rest else []
    if rest:
        said.append(f"{rest} {part if rest == 1 else 'pence' if part == 'penny' else part + 's'}")
    return " and ".join(said)
