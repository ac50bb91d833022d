"""How soon the last word of an utterance stands in the thread, on one call and on four at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure, milliseconds
from benchmarks.sound import RATE
from benchmarks.thread.hearing import Heard
from benchmarks.thread.stage import Stage, stage
from benchmarks.thread.talk import GAP_S, Scene, Track, track
from benchmarks.thread.utterances import LONG, NAMES, NUMBERS, QUESTIONS, Utterance

TEXTS = tuple(text for four in zip(QUESTIONS, NUMBERS, NAMES, LONG, strict=False) for text in four)
CALLS = 4
_EACH = 10
_TARGETS_MS = {1: 1000.0, CALLS: 2500.0}
_TURN_S = 0.6
_TOLD = 3
_NOTE = "tiny.en; last voiced sample → final message at a thread viewer; caller and operator in turns"


async def measure(
    folder: Path, voices: Mapping[str, bytes], *, calls: Sequence[int] = (1, CALLS), each: int = _EACH
) -> list[Figure]:
    """Let caller and operator speak in turns, `each` of them so often, on so many calls at once."""
    said = [Utterance(text, voices[text]) for text in TEXTS]
    figures: list[Figure] = []
    async with stage(folder, max(calls), {"stt": "whisper"}) as on:
        for count in calls:
            figures += await _converse(on, count, said, each)
        figures += await _together(on, said, each)
    return figures


async def _converse(on: Stage, count: int, said: Sequence[Utterance], each: int) -> list[Figure]:
    need = 2 * each
    scenes = [
        in_turns([said[(number * need + at) % len(said)] for at in range(need)], later=number * GAP_S / count)
        for number in range(count)
    ]
    found = await _finals(on, scenes)
    name = "one call" if count == 1 else f"{count} calls at once"
    return [
        Figure(
            f"Utterance ends → final text in the thread, {name}",
            lateness(found),
            _TARGETS_MS.get(count),
            note=_NOTE,
            judged="median",
        ),
        missing(f"Utterances without a final, {name}", found),
    ]


async def _together(on: Stage, said: Sequence[Utterance], each: int) -> list[Figure]:
    found = await _finals(on, [Scene(track(said[:each]), track(said[each : 2 * each]))])
    note = "tiny.en; both sides of one call, always into each other's words"
    return [Figure("Utterance ends → final text, both talking at once", lateness(found), note=note)]


async def _finals(on: Stage, scenes: Sequence[Scene]) -> list[Heard]:
    callers, humans = await on.play(scenes)
    return [one for side in (*callers, *humans) for one in side]


def in_turns(said: Sequence[Utterance], *, later: float = 0.0) -> Scene:
    """The caller says the first, the operator the second, and so on, neither into the other's words.

    `later`: seconds before the caller begins, so that calls do not keep step.
    """
    caller = _alternating(said, 0, later)
    return Scene(caller, _alternating(said, 1, later))


def _alternating(said: Sequence[Utterance], parity: int, later: float) -> Track:
    """One side's part: every other utterance, each after as much silence as the other side takes to speak."""
    begins, at = [], later
    for utterance in said:
        begins.append(at)
        at += len(utterance.pcm) / 2 / RATE + _TURN_S
    return track(said[parity::2], starts=begins[parity::2])


def lateness(found: Sequence[Heard]) -> tuple[float, ...]:
    """Milliseconds from each utterance's last voiced sample to its last final, where there is one."""
    return milliseconds([one.late_s for one in found if one.complete])


def missing(name: str, found: Sequence[Heard]) -> Figure:
    """How many utterances have no final that reaches to their end; the note has the first of them."""
    lost = [one for one in found if not one.complete]
    told = "; ".join(f"“{one.said.text}” as “{one.text}”" for one in lost[:_TOLD])
    note = f"of {len(found)}, when nothing more came" + (f": {told}" if told else "")
    return Figure(name, (float(len(lost)),), 1, unit="", note=note)
