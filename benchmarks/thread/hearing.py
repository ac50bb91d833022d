"""Which messages of a thread are the words of which utterance, and how late they came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.thread.scoring import Score, score
from benchmarks.thread.talk import Said, to_wall
from benchmarks.viewer import Message

Arrived = tuple[float, Message]
_SLACK_S = 0.4
"""A final that ends this much before the last voiced sample is still that utterance's end."""
_POLL_S = 0.1


@dataclass(slots=True)
class Heard:
    """One utterance with its finals: monotonic second of arrival and message, in order of arrival."""

    said: Said
    finals: list[Arrived] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands in the thread for it, in the order in which it was spoken."""
        ordered = sorted(self.finals, key=lambda arrived: (arrived[1]["startedAt"], arrived[1]["seq"]))
        return " ".join(str(message["text"]) for _, message in ordered)

    @property
    def complete(self) -> bool:
        """True where a final reaches to the utterance's end."""
        end = to_wall(self.said.ended) - _SLACK_S
        return any(_second(message["endedAt"]) >= end for _, message in self.finals)

    @property
    def late_s(self) -> float:
        """Seconds from the last voiced sample to its last final. Raises ValueError where there is none."""
        return max(at for at, _ in self.finals) - self.said.ended


def heard(said: Sequence[Said], came: Iterable[Arrived], speaker: str) -> list[Heard]:
    """Each utterance of this speaker with its finals; every final is the nearest utterance's, in time.

    So what nobody said counts against the utterance beside which it stands, but for what was over before the
    first one began. A message that goes on into that one has its words, however early it begins.
    """
    found = [Heard(one) for one in said]
    seen: set[str] = set()
    for at, message in came:
        if message["speaker"] != speaker or not message["final"] or message["id"] in seen:
            continue
        seen.add(message["id"])
        begin, end = _second(message["startedAt"]), _second(message["endedAt"])
        middle = (begin + end) / 2
        if found and message["text"] and end >= to_wall(said[0].began):
            min(found, key=lambda one: _distance(one.said, middle)).finals.append((at, message))
    return found


async def all_heard(
    said: Sequence[Said], came: Sequence[Arrived], speaker: str, patience_s: float
) -> list[Heard]:
    """As `heard`, once every utterance is complete or after `patience_s` in which nothing more has come.

    `came` grows meanwhile.
    """
    count, since = len(came), time.monotonic()
    while True:
        found = heard(said, came, speaker)
        if all(one.complete for one in found) or time.monotonic() - since > patience_s:
            return found
        if len(came) != count:
            count, since = len(came), time.monotonic()
        await asyncio.sleep(_POLL_S)


def rate(sides: Iterable[Sequence[Heard]]) -> Score:
    """Words said and wrong, each side's utterances as one text: a message may hold two of them, or half."""
    return sum(
        (
            score(" ".join(one.said.text for one in side), " ".join(one.text for one in side))
            for side in sides
        ),
        Score(),
    )


def untold(side: Sequence[Heard]) -> int:
    """How many of a side's utterances no final overlaps."""
    spans = [
        (_second(message["startedAt"]), _second(message["endedAt"]))
        for one in side
        for _, message in one.finals
    ]
    return sum(
        not any(begin < to_wall(one.said.ended) and end > to_wall(one.said.began) for begin, end in spans)
        for one in side
    )


def _distance(said: Said, wall: float) -> float:
    return max(to_wall(said.began) - wall, wall - to_wall(said.ended), 0.0)


def _second(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
