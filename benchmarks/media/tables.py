"""The comparison as a table: for the terminal, and as Markdown for the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.media.compare import Row

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
PLOT = "docs/bench.svg"
HEADINGS = ("", "ours", "stock aiortc", "better by", "to reach")
NOTES = (
    "Both bridges carry the same sound on the same machine in one run, and do the same job: WebRTC on one "
    "side, Twilio's media stream on the other, voice activity detection for both voices.",
    "CPU: user and system time of the bridge's process with 10 calls that sound both ways, less what it "
    "takes when idle; no transcription.",
    "Delay: from a packet or frame being sent to its sound leaving the bridge on the other side, median / "
    "99th percentile. The road's own jitter and the look-ahead of the bridge's Opus encoder (6.5 ms) are "
    "included; the browser's codec and buffers, sound cards and the provider are not. Frames that only "
    "repeat what was there (concealment) tell no delay.",
    "Roads are seeded; loss and jitter happen to the operator's packets. A slot is filled if the phone, "
    "which plays a frame every 20 ms, has one in time that is not silence.",
    "PESQ: P.862 narrow band of speech as the phone plays it against what was said, median of pieces of "
    "8 s; 32 kb/s of Opus with FEC, narrow band where the bridge's answer asks for it, as ours does, and "
    "wide band otherwise. What the clean road gets is the ceiling.",
    "Calls: the most at which less than 1 % of the frames at the phones are missing, or over 20 ms later "
    "than with a few calls; Opus.",
)


def show(console: Console, rows: Sequence[Row]) -> None:
    """Print the rows with their targets."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("")
    for heading in (*HEADINGS[1:], "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        verdict = {None: "", True: "[green]yes[/green]", False: "[red]no[/red]"}[row.met]
        table.add_row(f"{row.name} ({row.unit})", *_cells(row), verdict)
    console.print(table)
    for note in NOTES:
        console.print(f"[dim]{note}[/dim]", highlight=False)


def markdown(rows: Sequence[Row], machine: Mapping[str, object]) -> str:
    """The rows, the notes and the machine as Markdown."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    for row in rows:
        ours, *others = _cells(row)
        cells = [f"{row.name} ({row.unit})", f"**{ours}**" if row.met is not False else f"{ours} (missed)"]
        lines.append("| " + " | ".join([*cells, *others]) + " |")
    lines += ["", *(f"- {note}" for note in NOTES), f"- Machine: {named(machine)}.", ""]
    return "\n".join(lines)


def named(machine: Mapping[str, object]) -> str:
    """The machine in one line."""
    versions = machine.get("versions")
    packages = (
        ", ".join(f"{name} {version}" for name, version in versions.items())
        if isinstance(versions, dict)
        else ""
    )
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
        + (f", {packages}" if packages else "")
    )


def into(path: Path, text: str) -> None:
    """Put `text` between the markers of the file; raises ValueError where it has none."""
    document = path.read_text()
    head, begin, rest = document.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no {BEGIN} … {END}")
    path.write_text(f"{head}{BEGIN}\n\n{text.strip()}\n\n{END}{tail}")


def _cells(row: Row) -> list[str]:
    sign = "≥" if row.more else "≤"
    target = f"{sign} {' / '.join(f'{aim:g}' for aim in row.target)}" if row.target else ""
    ratio = "" if row.ratio is None else f"{row.ratio:.1f} ×" if row.ratio < 10 else f"{row.ratio:.0f} ×"
    return [row.cell(row.ours), row.cell(row.stock), ratio, target]
