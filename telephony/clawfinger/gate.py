"""The passphrase that a caller may have to say before anybody answers. Sans-IO."""

from __future__ import annotations

import re
from typing import Literal

_WORD = re.compile(r"\w+")

Verdict = Literal["open", "again", "closed"]


def words(text: str) -> list[str]:
    """The words of `text` without case and punctuation; an apostrophe does not part them."""
    return _WORD.findall(text.casefold().replace("'", "").replace("’", ""))


class Gate:
    """Counts one caller's attempts."""

    def __init__(self) -> None:
        self.passed = False
        self.attempts = 0

    def attempt(self, heard: str, passphrase: str, most: int) -> Verdict:
        """open: the passphrase was in what was heard; again: it was not; closed: not for the `most`-th time.

        Recognisers part and join words as they like, so the blanks do not count; but what is said must begin
        and end where words do. `most`: 0 for no limit.
        """
        wanted, said = "".join(words(passphrase)), words(heard)
        if not wanted or any(_reads(said[start:], wanted) for start in range(len(said))):
            self.passed = True
            return "open"
        self.attempts += 1
        return "closed" if most and self.attempts >= most else "again"


def _reads(said: list[str], wanted: str) -> bool:
    """True where the first words of `said`, joined, are `wanted`."""
    joined = ""
    for word in said:
        joined += word
        if joined == wanted:
            return True
        if not wanted.startswith(joined):
            return False
    return False
