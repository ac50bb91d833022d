"""`patchbay …` as a program of its own, the way a newcomer starts it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Protocol

from tests.harness.server import adb_environment

_ROOT = Path(__file__).parents[3]


class Program:
    """A running command and its output so far. `keyboard`: the other end of its terminal, if it has one."""

    def __init__(self, process: asyncio.subprocess.Process, *, keyboard: int | None = None) -> None:
        self.process = process
        self.output = ""
        self._keyboard = keyboard
        self._changed = asyncio.Event()
        read = self._read_pipe() if keyboard is None else self._read_terminal(keyboard)
        self._reading = asyncio.create_task(read)

    async def until(self, text: str, *, count: int = 1, within: float = 40.0) -> None:
        """Wait until `text` is in the output `count` times."""
        async with asyncio.timeout(within):
            while self.output.count(text) < count:
                assert not self._reading.done(), f"{text!r} never came:\n{self.output}"
                await self._changed.wait()

    def type(self, keys: str) -> None:
        """Type on its terminal."""
        assert self._keyboard is not None
        os.write(self._keyboard, keys.encode())

    async def end(self, within: float = 60.0) -> int:
        """Wait for its end; the exit code."""
        async with asyncio.timeout(within):
            await self._reading
            return await self.process.wait()

    async def close(self) -> None:
        """End it where it has not ended."""
        if self.process.returncode is None:
            self.process.terminate()
        await self.end()
        if self._keyboard is not None:
            os.close(self._keyboard)

    async def _read_pipe(self) -> None:
        assert self.process.stdout is not None
        while data := await self.process.stdout.read(4096):
            self._take(data)
        self._take(b"")

    async def _read_terminal(self, terminal: int) -> None:
        while data := await asyncio.to_thread(_read, terminal):
            self._take(data)
        self._take(b"")

    def _take(self, data: bytes) -> None:
        self.output += data.decode(errors="replace")
        self._changed.set()
        self._changed = asyncio.Event()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # nobody has the terminal open any more
        return b""


class Start(Protocol):
    """Starts `patchbay` with arguments and with settings by their names; `terminal`: on a terminal."""

    def __call__(self, *arguments: str, terminal: bool = False, **settings: object) -> Awaitable[Program]: ...


async def start(
    folder: Path, arguments: tuple[str, ...], settings: Mapping[str, object], *, terminal: bool
) -> Program:
    """Start `patchbay` in `folder`, where there is no .env, with stdout and stderr in one."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")}
    given = {f"PATCHBAY_{name.upper()}": str(value) for name, value in settings.items()}
    shown = {"PYTHONPATH": str(_ROOT), "TERM": "xterm", "COLUMNS": "100"}
    environment = {**inherited, **given, **adb_environment(), **shown}
    command = (sys.executable, "-m", "signaling.cli", *arguments)
    if not terminal:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return Program(process)
    ours, theirs = os.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs
        )
    finally:
        os.close(theirs)
    return Program(process, keyboard=ours)
