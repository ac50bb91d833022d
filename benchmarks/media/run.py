"""The comparison's sections, each on bridges of its own that are otherwise idle."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from rich.console import Console

from benchmarks.media import capacity, cost, weather
from benchmarks.media.bridges import OURS, STOCK, Bridge, OurBridge, StockBridge
from benchmarks.media.compare import Results
from benchmarks.media.material import SENTENCES, in_order, pieces
from benchmarks.voice import speech

SECTIONS = ("cost", "weather", "capacity")
CODECS = ("opus", "pcmu")
_WIDE_RATE = 16000


class Sections:
    """Measures into `results`. `folder` is for our servers' data."""

    def __init__(self, folder: Path, results: Results, console: Console) -> None:
        self._folder, self._results, self._console = folder, results, console
        self._started = 0

    async def run(self, wanted: Collection[str]) -> None:
        """Measure the wanted sections; first the one that any other process would spoil."""
        for name, measure in (
            ("cost", self._cost),
            ("weather", self._weather),
            ("capacity", self._capacity),
        ):
            if name in wanted:
                await measure()

    async def _cost(self) -> None:
        for codec in CODECS:
            for name, start in self._bridges(cost.CALLS):
                self._say(f"cost: {cost.CALLS} calls in {codec}, {name}")
                self._results.costs.setdefault(name, []).append(await cost.measure(start, codec))

    async def _weather(self) -> None:
        self._say("weather: speaking the operator's lines")
        spoken = pieces(in_order(await speech(SENTENCES, _WIDE_RATE)))
        for name, start in self._bridges(len(weather.CASES)):
            self._say(f"weather: {len(weather.CASES)} roads, {name}")
            async with start() as bridge:
                self._results.passages[name] = await weather.ride(bridge, weather.CASES, spoken)

    async def _capacity(self) -> None:
        for name, start in self._bridges(max(capacity.LADDER)):
            self._say(f"capacity: up to {max(capacity.LADDER)} calls, {name}")
            self._results.climbs[name] = found = await capacity.climb(start, "opus")
            self._say(f"capacity: {name} carries {found.carried}; what gave in: the {found.limit}")

    def _bridges(self, most: int) -> tuple[tuple[str, Callable[[], Bridge]], ...]:
        def ours() -> Bridge:
            self._started += 1
            return OurBridge(self._folder / f"server-{self._started}", most)

        return ((STOCK, StockBridge), (OURS, ours))

    def _say(self, text: str) -> None:
        self._console.print(f"Measuring {text} …")
