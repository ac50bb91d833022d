"""`make bench`: measure the real server from outside, beside a stock-aiortc bridge, and print the figures."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path

import structlog
import uvloop
from rich.console import Console

from benchmarks import console as web_console
from benchmarks import handoffs, machine, report, soak, turns, typed
from benchmarks.figures import Figure
from benchmarks.media import plot, run, tables
from benchmarks.media.compare import Results
from benchmarks.thread import sections
from benchmarks.voice import speech
from tests.harness.server import ServerProcess

Voices = Mapping[str, bytes]
Measure = Callable[[], Awaitable[list[Figure]]]

CALLS = ("handoffs", "turns", "typed")
WEB: dict[str, Measure] = {"console": web_console.measure, "soak": soak.measure, "shift": soak.shift}
GROUPS: dict[str, tuple[str, ...]] = {
    "media": run.SECTIONS,
    "calls": CALLS,
    "transcripts": sections.SECTIONS,
    "web": tuple(WEB),
}
SECTIONS = (*run.SECTIONS, *CALLS, *sections.SECTIONS, *WEB)
ON_REQUEST = {"soak", "shift"}
"""Take longer than all others together, the shift four hours."""
_ROOT = Path(__file__).resolve().parents[1]


async def measure(
    wanted: Collection[str],
    media: Results,
    results: dict[str, list[Figure]],
    console: Console,
    model: str | None = None,
) -> None:
    """Measure the wanted sections into `media` and `results`, each on a server that is otherwise idle."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as folder:
        await run.Sections(Path(folder), media, console).run(wanted)
        if set(wanted) & set(CALLS):
            console.print("Speaking the callers' lines and loading the engines …")
            voices = await speech(turns.TEXTS)
            async with ServerProcess(Path(folder, "calls"), stt="whisper", tts="piper") as server:
                await server.ready()
                await _settle(server)
                for name, section in _measures(server, voices).items():
                    if name in wanted:
                        console.print(f"Measuring {name} …")
                        results[name] = await section()
                        await _settle(server)
        await sections.Sections(Path(folder, "transcripts"), results, console, model).run(wanted)
        for name, section in WEB.items():
            if name in wanted:
                console.print(f"Measuring {name} in Chromium …")
                results[name] = await section()


def _measures(server: ServerProcess, voices: Voices) -> dict[str, Measure]:
    return {
        "handoffs": lambda: handoffs.measure(server),
        "turns": lambda: turns.measure(server, voices),
        "typed": lambda: typed.measure(server),
    }


async def _settle(server: ServerProcess) -> None:
    """Let what a start or a call leaves to do be done: the sentences of the flow are spoken ahead."""
    if machine.supported():
        await machine.settle(server.pid)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    names = ", ".join((*GROUPS, *SECTIONS))
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"{names} (default: all but soak and shift)"
    )
    parser.add_argument(
        "--readme", action="store_true", help="put the comparison into README.md and its plot into docs/"
    )
    parser.add_argument(
        "--whisper-model",
        metavar="MODEL",
        default=os.environ.get("PATCHBAY_WHISPER_MODEL"),
        help="path or name of a model to measure beside the packaged one (default: base, from its packages)",
    )
    given = parser.parse_args(argv)
    wanted = {name for section in given.sections for name in GROUPS.get(section, (section,))}
    if unknown := wanted - set(SECTIONS):
        parser.error(f"there is no section {', '.join(sorted(unknown))}: choose from {names}")
    given.sections = wanted or set(SECTIONS) - ON_REQUEST
    return given


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point. Exits 0 also where a target is missed: the table says so."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    console = Console()
    given = _arguments(argv)
    wanted = set(given.sections)
    if not machine.supported():
        console.print(
            "Processor time is read from /proc, which this system lacks: cost and capacity are left out."
        )
        wanted -= {"cost", "capacity"}
    facts = machine.describe()
    began = time.monotonic()
    media = Results()
    results: dict[str, list[Figure]] = {}
    try:
        uvloop.run(measure(wanted, media, results, console, given.whisper_model))
    finally:  # what was measured before something broke is shown all the same
        seconds = time.monotonic() - began
        _show(console, media, results, facts, seconds)
    if given.readme:
        _publish(media, facts)


def _show(
    console: Console,
    media: Results,
    results: dict[str, list[Figure]],
    facts: Mapping[str, object],
    seconds: float,
) -> None:
    ordered = {name: results[name] for name in SECTIONS if name in results}
    rows = media.rows()
    if rows:
        tables.show(console, rows)
        report.MEDIA_TABLE.parent.mkdir(parents=True, exist_ok=True)
        report.MEDIA_TABLE.write_text(tables.markdown(rows, facts))
    if ordered:
        report.show(console, ordered)
    if rows or ordered:
        console.print(f"{tables.named(facts)}; load {facts['load']} at the start; took {seconds:.0f} s")
        console.print(f"Every figure: {report.save(ordered, media.view(), facts, seconds)}")


def _publish(media: Results, facts: Mapping[str, object]) -> None:
    """Put table and plot where the README shows them."""
    if {"ours", "stock"} <= media.passages.keys():
        plot.draw(media.passages, _ROOT / tables.PLOT)
    image = f"![Delay and speech quality beside stock aiortc, at 0 to 10 % loss]({tables.PLOT})"
    tables.into(_ROOT / "README.md", f"{image}\n\n{tables.markdown(media.rows(), facts)}")


if __name__ == "__main__":
    main()
