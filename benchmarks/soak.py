"""One console through many calls: what its tab keeps in memory at the beginning, half-way and at the end.

`soak` takes as many calls as six minutes hold; `shift` takes them as they come in four hours of work, since
what grows with time alone shows only there.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.console import voice
from benchmarks.figures import Figure
from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.server import ServerProcess
from tests.harness.web_console import OPERATOR_HZ, WebConsole
from tests.harness.web_memory import Kept, Memory, call_and_hang_up

SECONDS = 360.0
_WARM_UP = 5
_EVERY = 10
_TALK_S = 5.0

SHIFT_S = 4 * 3600.0
_SHIFT_PACE_S = 60.0
_SHIFT_TALK_S = 40.0
_SHIFT_EVERY = 5


async def measure(seconds: float = SECONDS) -> list[Figure]:
    """Take one call after another for that long, and look into the tab's memory every few calls."""
    async with _on_shift() as (console, watcher, memory):
        kept, calls = [await memory.measure()], 0
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            await call_and_hang_up(console, watcher, talk_s=_TALK_S)  # levels, figures and their chart
            for _ in range(_EVERY - 1):
                await call_and_hang_up(console, watcher)
            calls += _EVERY
            kept.append(await memory.measure())
    return _figures(kept, f"{calls} calls, one in {_EVERY} talked for {_TALK_S:.0f} s")


async def shift(seconds: float = SHIFT_S) -> list[Figure]:
    """A call every minute for that long, most of it talked; what was found so far goes to stderr."""
    async with _on_shift() as (console, watcher, memory):
        kept, calls = [await memory.measure()], 0
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            await call_and_hang_up(console, watcher, talk_s=_SHIFT_TALK_S)
            calls += 1
            if calls % _SHIFT_EVERY == 0:
                kept.append(await memory.measure())
                print(f"{passed / 60:.0f} min, {calls} calls: {kept[-1]}", file=sys.stderr, flush=True)
            await asyncio.sleep(max(0.0, began + calls * _SHIFT_PACE_S - time.monotonic()))
    hours = seconds / 3600
    note = f"{calls} calls in {hours:.1f} h, one in {_SHIFT_PACE_S:.0f} s, {_SHIFT_TALK_S:.0f} s of it talked"
    return _figures(kept, note)


@asynccontextmanager
async def _on_shift() -> AsyncIterator[tuple[WebConsole, Console, Memory]]:
    """A console that has taken its first calls, a colleague who watches, and the look into its memory."""
    with tempfile.TemporaryDirectory(prefix="patchbay-soak-") as name:
        folder = Path(name)
        file = write_wav(folder / "operator.wav", voice(OPERATOR_HZ, 2.0, rate=48000), rate=48000)
        async with (
            ServerProcess(folder) as server,
            Browser(file) as browser,
            Console(server, "kim") as watcher,
        ):
            console = await WebConsole.on_shift(server, browser)
            memory = await Memory.of(console.page)
            for _ in range(_WARM_UP):  # code that is loaded late, and what is made once and kept
                await call_and_hang_up(console, watcher)
            yield console, watcher, memory
            await console.close()


def _figures(kept: list[Kept], what: str) -> list[Figure]:
    third = max(1, len(kept) // 3)
    parts = {
        "first third": kept[:third],
        "middle": kept[third:-third] or kept[-third:],
        "last third": kept[-third:],
    }
    note = f"{what}; after forced garbage collection"
    return [
        *(
            Figure(
                f"Heap of the console's tab, {name}", tuple(k.heap / 1e6 for k in part), unit="MB", note=note
            )
            for name, part in parts.items()
        ),
        Figure("DOM nodes", tuple(float(k.nodes) for k in kept), unit="", note=note),
        Figure("Event listeners", tuple(float(k.listeners) for k in kept), unit="", note=note),
    ]
