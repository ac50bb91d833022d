"""How the terminal's commands look: colours and columns on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from signaling.terminal.keyboard import Keyboard

WIDEST = 100
"""Wider lines are hard to read."""

STYLES = {
    "caller": "cyan",
    "bot": "magenta",
    "human": "green",
    "agent": "yellow",
    "you": "bold green",
    "heard": "cyan",
    "system": "dim",
    "♪": "yellow",
    "☎": "dim",
}
_LABEL_WIDTH = 8


class Screen:
    """Prints to the terminal. A keyboard's line that is being typed stays below what is printed."""

    def __init__(self, console: Console | None = None) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal without ♪ is no reason to stop
        self.console = console or Console(highlight=False)
        self.keyboard: Keyboard | None = None

    @property
    def width(self) -> int:
        """Columns in use."""
        return min(self.console.width, WIDEST)

    def print(self, what: RenderableType = "") -> None:
        """Print above the line that is being typed."""
        if self.keyboard is not None:
            self.keyboard.hide()
        if self.console.is_terminal:
            self.console.print(what, width=self.width)
        else:
            with self.console.capture() as captured:
                self.console.print(what, width=self.width)
            for row in captured.get().splitlines():
                self.console.file.write(row.rstrip() + "\n")  # columns are padded with blanks
            self.console.file.flush()
        if self.keyboard is not None:
            self.keyboard.show()

    def line(self, at_s: float | None, who: str, text: str, *, kind: str | None = None) -> None:
        """One line of a conversation: seconds since it began, who, what. `kind` gives the colour."""
        if not self.console.is_terminal:
            self.console.file.write(f"{clock(at_s):>6}  {who:<{_LABEL_WIDTH}}  {text}\n")
            self.console.file.flush()
            return
        style = STYLES.get(kind or who, "")
        grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
        grid.add_column(width=6, justify="right", style="dim", no_wrap=True)
        grid.add_column(width=_LABEL_WIDTH, style=style, no_wrap=True, overflow="ellipsis")
        grid.add_column(ratio=1)
        quiet = (kind or who) in ("☎", "♪", "system")
        grid.add_row(clock(at_s), Text(who), Text(text, style=style if quiet else ""))
        self.print(grid)

    def note(self, text: str) -> None:
        """A remark in the margin of what goes on."""
        self.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))

    def title(self, text: str, subtitle: str = "") -> None:
        """What this is."""
        words = Text.assemble((text, "bold"), ("\n" + subtitle if subtitle else "", "dim"))
        self.print(Padding(words, (1, 0, 1, 2)))

    def panel(self, body: RenderableType, title: str, *, style: str = "green") -> None:
        """Something that wants attention."""
        self.print(Panel(body, title=title, title_align="left", border_style=style, padding=(1, 2)))

    @contextmanager
    def typing(self, prompt: str) -> Iterator[Keyboard]:
        """Lines typed by somebody at the terminal, below what is printed meanwhile."""
        with Keyboard(prompt) as keyboard:
            self.keyboard = keyboard
            try:
                yield keyboard
            finally:
                self.keyboard = None

    @contextmanager
    def status(self, text: str, *, told: bool = False) -> Iterator[Callable[[str], None]]:
        """A spinner while something takes its time, and how to change its text.

        In a pipe it is a line, or nothing where it is `told` otherwise.
        """
        if self.console.is_terminal:
            with self.console.status(Text(text)) as status:
                yield lambda changed: status.update(Text(changed))
        else:
            if not told:
                self.note(f"{text} …")
            yield lambda changed: None


def clock(seconds: float | None) -> str:
    """`1:05`; nothing for None."""
    if seconds is None:
        return ""
    return f"{int(max(0.0, seconds)) // 60}:{int(max(0.0, seconds)) % 60:02}"
