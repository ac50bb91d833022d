"""`make bench`: start the real server, measure it from outside, print the figures."""

from __future__ import annotations

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path

import structlog
from rich.console import Console

from benchmarks import cpu, delays, handoffs, machine, report, transcripts, turns
from benchmarks.figures import Figure
from benchmarks.voice import speech
from tests.harness.server import ServerProcess

SECTIONS = ("handoffs", "turns", "transcripts", "delays", "cpu")

Voices = Mapping[str, bytes]
Measure = Callable[[], Awaitable[list[Figure]]]


async def run(wanted: Collection[str], results: dict[str, list[Figure]], console: Console) -> None:
    """Measure the wanted sections into `results`, each on a server that is otherwise idle."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        # First, while nothing else runs: it is the one figure that any other process spoils.
        if "cpu" in wanted:
            await _section(results, console, "cpu", lambda: cpu.measure(Path(folder, "cpu")))
        spoken = set(wanted) - {"cpu"}
        if spoken:
            console.print("Speaking the callers' lines and loading the engines …")
            voices = await speech([*turns.TEXTS, *transcripts.TEXTS])
            async with ServerProcess(Path(folder, "calls"), stt="whisper", tts="piper") as server:
                await server.ready()
                await _settle(server)
                for name, measure in _measures(server, voices).items():
                    if name in spoken:
                        await _section(results, console, name, measure)
                        await _settle(server)


def _measures(server: ServerProcess, voices: Voices) -> dict[str, Measure]:
    return {
        "handoffs": lambda: handoffs.measure(server),
        "turns": lambda: turns.measure(server, voices),
        "transcripts": lambda: transcripts.measure(server, voices),
        "delays": lambda: delays.measure(server),
    }


async def _section(results: dict[str, list[Figure]], console: Console, name: str, measure: Measure) -> None:
    console.print(f"Measuring {name} …")
    results[name] = await measure()


async def _settle(server: ServerProcess) -> None:
    """Let what a start or a call leaves to do be done: the sentences of the flow are spoken ahead."""
    if machine.supported():
        await machine.settle(server.pid)


def _wanted(console: Console) -> set[str]:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)} (default: all of them)"
    )
    wanted = set(parser.parse_args().sections or SECTIONS)
    if unknown := wanted - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}: choose from {', '.join(SECTIONS)}")
    if "cpu" in wanted and not machine.supported():
        console.print("Processor time is read from /proc, which this system lacks: cpu is left out.")
        wanted.discard("cpu")
    return wanted


def main() -> None:
    """Entry point. Exits 0 also where a target is missed: the table says so."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console()
    wanted = _wanted(console)
    facts = machine.describe()
    began = time.monotonic()
    results: dict[str, list[Figure]] = {}
    try:
        asyncio.run(run(wanted, results, console))
    finally:  # what was measured before something broke is shown all the same
        if results:
            seconds = time.monotonic() - began
            results = {name: results[name] for name in SECTIONS if name in results}
            report.show(console, results, facts, seconds)
            console.print(f"Every sample: {report.save(results, facts, seconds)}")


if __name__ == "__main__":
    main()
