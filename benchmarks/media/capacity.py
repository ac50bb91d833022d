"""How many calls one process carries: more and more of them, until frames come late at the phones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from benchmarks.machine import busy_cores, cpu_share
from benchmarks.media.bridges import Bridge
from benchmarks.media.generator import Generator

LADDER = (10, 20, 30, 40, 60, 80, 100, 120)
WINDOW_S = 5.0
LATE_MS = 20.0
BEARABLE = 0.01
_GENERATOR_LATE = 0.02
_WARMING = (5, 2, 2)
"""Periods of sweeps before each window: after calls were placed, buffers need a while to come down again."""
_OTHERS = 0.25
"""Cores that other processes may take of the machine."""
_FULL = 0.85
"""Of a core; its process has no more than one to itself."""
_PLACE_S = 120.0
_SPARE_S = 60.0

Limit = Literal["bridge", "generator", "machine", "ladder"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One number of calls: the share of frames over 20 ms late or missing, and who took how many cores."""

    calls: int
    late: float
    median_ms: float
    p99_ms: float
    generator_late: float
    cpu: float
    generator_cpu: float
    others_cpu: float


@dataclass(frozen=True, slots=True)
class Climb:
    """`carried`: the last number of calls with less than 1 % late; `limit`: what ended the climb.

    Where that is not the bridge, it may carry more.
    """

    carried: int
    limit: Limit
    rungs: list[Rung] = field(default_factory=list)


async def climb(
    start: Callable[[], Bridge], codec: str, *, ladder: Sequence[int] = LADDER, window_s: float = WINDOW_S
) -> Climb:
    """Climb until three windows in a row are late, or the generator is. What is late: see `late_share`."""
    rungs: list[Rung] = []
    carried, usual = 0, None
    async with start() as bridge, Generator(bridge, codec) as generator:
        for calls in ladder:
            await generator.ask(_PLACE_S, calls=calls)
            for warming in _WARMING:
                rung, usual = await _measure(bridge, generator, calls, window_s, warming, usual)
                rungs.append(rung)
                if rung.late < BEARABLE:
                    break
            if rung.late >= BEARABLE or rung.generator_late > _GENERATOR_LATE:
                return Climb(carried, blame(rung), rungs)
            carried = calls
    return Climb(carried, "ladder", rungs)


def blame(rung: Rung) -> Limit:
    """Whose fault it is that a rung did not hold: the bridge's where it had its core, or nobody else was."""
    if rung.cpu < _FULL and rung.others_cpu > _OTHERS:
        return "machine"
    return "generator" if rung.cpu < _FULL and rung.generator_late > _GENERATOR_LATE else "bridge"


async def _measure(
    bridge: Bridge, generator: Generator, calls: int, window_s: float, warming: int, usual: float | None
) -> tuple[Rung, float]:
    heard, cpu, generator_cpu, busy = await asyncio.gather(
        generator.ask(window_s + _SPARE_S, measure=window_s, warming=warming),
        cpu_share(bridge.pid, window_s),
        cpu_share(generator.pid, window_s),
        busy_cores(window_s),
    )
    delays = np.array(heard["delays"] or [np.inf])
    usual = float(np.median(delays)) if usual is None else usual
    rung = Rung(
        calls,
        late_share(delays, heard["missing"], usual),
        float(np.median(delays)),
        float(np.percentile(delays, 99)),
        heard["late"],
        cpu,
        generator_cpu,
        max(0.0, busy - cpu - generator_cpu),
    )
    return rung, usual


def late_share(delays: np.ndarray[tuple[int], np.dtype[np.float64]], missing: float, usual: float) -> float:
    """Share of frames that came over 20 ms later than is `usual` for this bridge, or never; all in ms."""
    return missing + (1 - missing) * float(np.mean(delays > usual + LATE_MS))
