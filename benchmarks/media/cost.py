"""What a bridged call costs the bridge's process: WebRTC leg, stream and voice activity detection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.machine import cpu_share, settle
from benchmarks.media.bridges import Bridge
from benchmarks.media.generator import Generator

CALLS = 10
WINDOWS, WINDOW_S = 5, 2.0
_IDLE_S = 2.0
_PLACE_S = 90.0
_HEARD_S = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Percent of one core for a call, one sample a window; `idle` is the process's without any, taken off."""

    codec: str
    samples: tuple[float, ...]
    idle: float


async def measure(
    start: Callable[[], Bridge],
    codec: str,
    *,
    calls: int = CALLS,
    windows: int = WINDOWS,
    window_s: float = WINDOW_S,
) -> Cost:
    """Bridge `calls` in which both sides sound all the time; raises RuntimeError where they are not heard."""
    async with start() as bridge:
        # What a start leaves to do would be taken off as if it were there all the time.
        await settle(bridge.pid)
        idle = await cpu_share(bridge.pid, _IDLE_S)
        async with Generator(bridge, codec) as generator:
            await generator.ask(_PLACE_S, calls=calls)
            shares = [await cpu_share(bridge.pid, window_s) for _ in range(windows)]
            heard = await generator.ask(_PLACE_S, measure=_HEARD_S, warming=1)
    if not heard["delays"] or heard["missing"] > 0.2:
        raise RuntimeError(f"The callers did not hear the operators: {heard['missing']:.0%} is missing.")
    return Cost(codec, tuple((share - idle) / calls * 100 for share in shares), idle * 100)
