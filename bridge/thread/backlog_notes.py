"""What the thread's readers are told of speech without a text: sentences, and when they are due."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bridge.thread.backlog_store import KeptAudio

FIRST_NOTE_S: Final = 2.0
NEXT_NOTE_S: Final = 15.0
LONGEST_S: Final = 300.0


def note_wait(notes: int) -> float:
    """Seconds that speech waits for its text before the thread tells of it, after so many notes.

    The first comes soon. In a long outage the next ones are ever farther apart, and each tells of all that
    was said since, so that the thread is not flooded.
    """
    return min(NEXT_NOTE_S * 2.0 ** (notes - 1), LONGEST_S) if notes else FIRST_NOTE_S


def not_yet(rows: Iterable[KeptAudio]) -> str:
    """`rows` wait for their text."""
    rows = list(rows)
    return f"{_lengths(rows)} could not be transcribed yet. {rows[-1].reason} The text follows."


def given_up(rows: Iterable[KeptAudio]) -> str:
    """`rows` have been tried too often."""
    return f"{_lengths(rows)} could not be transcribed: the speech engine fails on it."


def dropped(rows: Iterable[KeptAudio]) -> str:
    """`rows` had to make room."""
    return f"{_lengths(rows)} could not be transcribed: too much speech was waiting for its text."


def _lengths(rows: Iterable[KeptAudio]) -> str:
    """E.g. "12 s of the caller and 3 s of Anna"."""
    seconds: dict[str, float] = {}
    for row in rows:
        who = _who(row)
        seconds[who] = seconds.get(who, 0.0) + row.seconds
    return " and ".join(f"{max(1, round(total))} s of {who}" for who, total in seconds.items())


def _who(row: KeptAudio) -> str:
    if row.draft.speaker == "caller":
        return "the caller"
    return row.draft.name or ("the operator" if row.draft.speaker == "human" else f"the {row.draft.speaker}")
