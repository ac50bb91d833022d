"""A server of the demo's own: a process on a free port, with a data folder that goes when it goes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from signaling.settings import ENV_PREFIX, Settings
from signaling.terminal.errors import TerminalError

_LISTENING = re.compile(r"Listening on (http://127\.0\.0\.1:\d+)")
_START = 60.0
_STOP = 20.0
_KEPT_LINES = 200


class OwnServer:
    """`patchbay serve` for one operator, `user` with `password`. Use as `async with`; leaving it stops it.

    `on_line` gets every line of its log.
    """

    def __init__(
        self, settings: Settings, *, user: str, on_line: Callable[[str], None] = lambda line: None
    ) -> None:
        self.user = user
        self.password = secrets.token_urlsafe(12)
        self.url = ""
        self._settings = settings
        self._on_line = on_line
        self._folder = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._failed = asyncio.Event()
        self._trouble = "The server ended."
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)

    async def __aenter__(self) -> Self:
        self._folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="patchbay-demo-"))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "signaling.cli", "serve"),
                env=self._environment(),
                cwd=self._folder,  # an .env of this folder is not for the demo
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops it itself
            )
            self._reading = asyncio.create_task(self._read(self._process), name="demo.server")
            await self._until_listening()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def failed(self) -> None:
        """Wait for the server's end, or for an engine that it cannot load; raises TerminalError then."""
        await self._failed.wait()
        raise TerminalError(self._trouble, code="server_failed")

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
        ours = {
            "PORT": "0",
            "DATA_DIR": str(self._folder / "data"),
            "OPERATORS": f"{self.user}:{self.password}",
            "WHISPER_MODEL": _from_anywhere(self._settings.whisper_model),
            "PIPER_VOICE": _from_anywhere(self._settings.piper_voice),
        }
        return {**inherited, **{ENV_PREFIX + name: value for name, value in ours.items()}, "COLUMNS": "200"}

    async def _until_listening(self) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (self._listening, self._failed)]
        try:
            await asyncio.wait(waits, timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not self._listening.is_set():
            raise TerminalError(f"The demo's server does not start. {self._trouble}", code="server_failed")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            self._on_line(line)
            found = _LISTENING.search(line)
            if found:
                self.url = found[1]
                self._listening.set()
            problem = _engine_problem(line)
            if problem:
                self._fail(problem)
        self._fail(f"The server ended: {self._lines[-1]}" if self._lines else "The server ended.")

    def _fail(self, trouble: str) -> None:
        if not self._failed.is_set():
            self._trouble = trouble
            self._failed.set()

    async def _stop(self) -> None:
        process = self._process
        if process is not None:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOP)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def _engine_problem(line: str) -> str:
    """Why an engine cannot be loaded, where this line of the log says so."""
    if "speech_worker_cannot_load" not in line:
        return ""
    try:
        return str(json.loads(line)["problem"])
    except (ValueError, LookupError, TypeError):
        return ""


def _from_anywhere(name_or_path: str | None) -> str:
    """A model's name as it is, a path as it is valid in any folder."""
    if name_or_path and Path(name_or_path).exists():
        return str(Path(name_or_path).resolve())
    return name_or_path or ""
