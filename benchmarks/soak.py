"""One console through many calls: what its tab keeps in memory at the beginning, half-way and at the end."""

from __future__ import annotations

import tempfile
import time
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


async def measure(seconds: float = SECONDS) -> list[Figure]:
    """Take one call after another for that long, and look into the tab's memory every few calls."""
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
            kept, calls = [await memory.measure()], 0
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                await call_and_hang_up(console, watcher, talk_s=_TALK_S)  # levels, figures and their chart
                for _ in range(_EVERY - 1):
                    await call_and_hang_up(console, watcher)
                calls += _EVERY
                kept.append(await memory.measure())
            await console.close()
    return _figures(kept, calls)


def _figures(kept: list[Kept], calls: int) -> list[Figure]:
    third = max(1, len(kept) // 3)
    parts = {
        "first third": kept[:third],
        "middle": kept[third:-third] or kept[-third:],
        "last third": kept[-third:],
    }
    note = f"{calls} calls, one in {_EVERY} talked for {_TALK_S:.0f} s; after forced garbage collection"
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
