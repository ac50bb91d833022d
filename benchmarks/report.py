"""The figures as a table for people and a file for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

RESULTS = Path(__file__).parent / "results" / "latest.json"
MEDIA_TABLE = RESULTS.with_name("media.md")

_FORMATS = {"ms": ".0f", "%": ".2f", "MB": ".2f", "": ".0f"}
_SHORT_MS = 10.0
"""Below this, fractions of a millisecond are told."""

Results = Mapping[str, Sequence[Figure]]


def show(console: Console, results: Results) -> None:
    """Print every figure with its target."""
    notes = list(dict.fromkeys(figure.note for section in results.values() for figure in section))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Figure")
    for heading in ("", "median", "95 %", "99 %", "worst", "n", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    for section in results.values():
        for figure in section:
            table.add_row(figure.name, f"[dim]{notes.index(figure.note) + 1}[/dim]", *_cells(figure))
        table.add_section()
    console.print(table)
    for number, note in enumerate(notes, start=1):
        console.print(f"[dim]{number:2} {note}[/dim]", highlight=False)
    console.print("A target is met where every sample is under it, or the median where that is what it says.")


def save(
    results: Results,
    media: Mapping[str, object],
    machine: Mapping[str, object],
    seconds: float,
    path: Path = RESULTS,
) -> Path:
    """Write everything, samples included, as JSON; returns where. `media`: the comparison's own view."""
    document = {
        "measuredAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "machine": machine,
        "media": media,
        "figures": [
            {"section": name, **figure.view()} for name, section in results.items() for figure in section
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return path


def _cells(figure: Figure) -> list[str]:
    target = "" if figure.target is None else f"< {figure.target:g} {figure.unit}".rstrip()
    if figure.judged == "median" and target:
        target = f"median {target}"
    summary = (figure.median, figure.p95, figure.p99, figure.worst)
    form = ".2f" if figure.unit == "ms" and figure.worst < _SHORT_MS else _FORMATS[figure.unit]
    values = [f"{value:{form}}" for value in summary]
    values[-1] = f"{values[-1]} {figure.unit}".rstrip()
    return [*values, str(len(figure.samples)), target, _verdict(figure)]


def _verdict(figure: Figure) -> str:
    if figure.met is None:
        return ""
    if figure.met:
        return "[green]yes[/green]"
    if figure.judged == "median":
        return "[red]no[/red]"
    return f"[red]no[/red], {figure.under}/{len(figure.samples)}"
