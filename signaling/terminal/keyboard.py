"""Lines typed at a terminal while other lines are being printed above them."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import shutil
import sys
import termios
import tty
from types import TracebackType
from typing import Self

from rich.cells import cell_len

_ESCAPE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)
_MOST_LINES = 100
_MOST_TEXT = 500


class LineEditor:
    """Turns keystrokes into lines. Sans-IO; arrow keys and the like do nothing."""

    def __init__(self) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes) -> list[str | None]:
        """Lines that were ended, None for the end of input (Ctrl-D on an empty line)."""
        lines: list[str | None] = []
        for key in _ESCAPE.sub("", self._decoder.decode(data)):
            if key in "\r\n":
                lines.append(self.text.strip())
                self.text = ""
            elif key == "\x04" and not self.text:
                lines.append(None)
            else:
                self._edit(key)
        return lines

    def _edit(self, key: str) -> None:
        if key in "\x7f\b":
            self.text = self.text[:-1]
        elif key == "\x15":  # Ctrl-U: the line
            self.text = ""
        elif key == "\x17":  # Ctrl-W: the last word
            self.text = self.text.rstrip().rpartition(" ")[0]
        elif key.isprintable() and len(self.text) < _MOST_TEXT:
            self.text += key


class Keyboard:
    """The terminal's own keyboard, line by line. Use as `with` inside the event loop.

    `hide` and `show` take the line being typed away and bring it back, for whatever is printed above it.
    """

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self._editor = LineEditor()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(_MOST_LINES)
        self._fd = sys.stdin.fileno()
        self._before: list[int | list[bytes | int]] = []
        self._shown = False

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._fd)
        tty.setcbreak(self._fd)
        asyncio.get_running_loop().add_reader(self._fd, self._read)
        self.show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        self.hide()
        termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)

    async def line(self) -> str | None:
        """The next line, None at the end of input."""
        return await self._lines.get()

    def hide(self) -> None:
        """Take the line being typed off the screen."""
        if self._shown:
            self._shown = False
            self._write("\r\x1b[K")

    def show(self) -> None:
        """Bring it back; of a line too long for the screen its end."""
        self._shown = True
        room = max(1, shutil.get_terminal_size().columns - cell_len(self.prompt) - 1)
        text = self._editor.text
        while cell_len(text) > room:
            text = text[1:]
        self._write(f"\r\x1b[K\x1b[1m{self.prompt}\x1b[0m{text}")

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 1024)
        except OSError:
            data = b""  # the terminal is gone
        if not data:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._put(None)
            return
        for line in self._editor.feed(data):
            self._put(line)
        self.show()

    def _put(self, line: str | None) -> None:
        if not self._lines.full():
            self._lines.put_nowait(line)

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def at_terminal() -> bool:
    """True where somebody can be asked: input and output are both a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
