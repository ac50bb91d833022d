"""Word lists, written as running text."""

from __future__ import annotations


def word_set(*lines: str) -> frozenset[str]:
    """The words of `lines`, which are separated by blanks."""
    return frozenset(word for line in lines for word in line.split())


def phrase_list(*lines: str) -> list[tuple[str, ...]]:
    """The phrases of `lines`, which are separated by "|", each as its words."""
    return [tuple(phrase.split()) for line in lines for phrase in line.split("|")]
