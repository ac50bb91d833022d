"""What transcription costs the audio: both ways through a bridged call, with it and without it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from benchmarks.figures import Figure
from benchmarks.media.call import Call
from benchmarks.media.endpoint import PCMU
from benchmarks.media.material import caller_sweeps, heard, operator_sweeps, ulaw_frames
from benchmarks.media.stream import payload_of
from benchmarks.media.sweep import FRAME_S, PERIOD_S, delays
from benchmarks.thread.finals import TEXTS
from benchmarks.thread.stage import Stage, stage
from benchmarks.thread.talk import track
from benchmarks.thread.utterances import Utterance
from bridge.media.g711 import ulaw_decode

CALLS = 4
ROUNDS = 3
WINDOW_S = 24.0
_WARMING = 3
_LOOP_S = 16.0
_TARGET_MS = 2.0
_KINDS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"off": {"stt": "none"}, "on": {"stt": "whisper"}}
)
_WAYS = ("operator → caller", "caller → operator")


@dataclass(slots=True)
class _Samples:
    """Delays in ms by direction, of all rounds, and how much of what was to be sent was sent too late."""

    ways: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    late: list[float] = field(default_factory=list)


async def measure(
    folder: Path,
    voices: Mapping[str, bytes],
    *,
    calls: int = CALLS,
    rounds: int = ROUNDS,
    window_s: float = WINDOW_S,
    texts: Sequence[str] = TEXTS,
) -> list[Figure]:
    """Time sweeps on one call while both sides of the others talk; off and on by turns, in equal rounds."""
    said = [Utterance(text, voices[text]) for text in texts]
    found = {kind: _Samples() for kind in _KINDS}
    for number in range(rounds):
        for kind, settings in _KINDS.items():
            async with stage(folder / f"{number}-{kind}", calls, settings) as on:
                await _round(on, said, window_s, found[kind])
    return _figures(found, calls)


async def _round(on: Stage, said: Sequence[Utterance], window_s: float, found: _Samples) -> None:
    timed, *others = on.calls
    for number, call in enumerate(others):
        turned = [*said[7 * number :], *said[: 7 * number]]
        human, caller = (ulaw_frames(track(part).samples) for part in (turned[::2], turned[1::2]))
        call.say(human, [base64.b64encode(frame) for frame in caller])
    timed.say(operator_sweeps(_LOOP_S, PCMU, timed.endpoint.rate), caller_sweeps(_LOOP_S))
    on.pacer.reset()
    await asyncio.sleep(_WARMING * PERIOD_S + window_s)
    counts = len(timed.endpoint.sent), len(timed.phone.sent)
    late = on.pacer.late_share
    await asyncio.sleep(1.0)  # what is on its way arrives
    for way, one in zip(found.ways, _delays(timed, counts), strict=True):
        way += one
    found.late.append(late)


def _delays(call: Call, counts: tuple[int, int]) -> tuple[list[float], list[float]]:
    """Ms of each frame that tells, operator to caller and back; the first periods are left out."""
    first = round(_WARMING * PERIOD_S / FRAME_S)
    at_caller = [(at, ulaw_decode(payload_of(message))) for at, message in call.phone.got]
    at_operator = heard(call.endpoint.got, PCMU)
    both = (
        delays(call.endpoint.sent[first : counts[0]], at_caller),
        delays(call.phone.sent[first : counts[1]], at_operator),
    )
    to_caller, to_operator = ([float(ms) for ms in one[~np.isnan(one)] * 1000] for one in both)
    return to_caller, to_operator


def _figures(found: Mapping[str, _Samples], calls: int) -> list[Figure]:
    figures: list[Figure] = []
    for index, way in enumerate(_WAYS):
        percentiles = {}
        for kind, samples in found.items():
            late = 100 * float(np.mean(samples.late))
            note = (
                f"sweeps on one of {calls} bridged calls, both sides of the others talking all the time; "
                f"{late:.2f} % of frames sent over 10 ms late by the bench itself"
            )
            figure = Figure(f"Audio {way}, transcription {kind}", tuple(samples.ways[index]), note=note)
            figures.append(figure)
            percentiles[kind] = figure.p99
        figures.append(
            Figure(
                f"Audio {way}: 99 % with transcription less 99 % without",
                (percentiles["on"] - percentiles["off"],),
                _TARGET_MS,
                note="rounds of both by turns in this run",
            )
        )
    return figures
