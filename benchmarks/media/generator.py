"""The load generator, seen from the process that starts it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.media.bridges import Bridge

_ROOT = Path(__file__).resolve().parents[2]
_LINE_LIMIT = 64 * 1024 * 1024


class Generator:
    """Runs benchmarks.media.load against `bridge`. Use as `async with`; `codec` is opus or pcmu."""

    def __init__(self, bridge: Bridge, codec: str) -> None:
        self._arguments = (bridge.name, str(bridge.port), codec)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.media.load",
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            cwd=_ROOT,
            limit=_LINE_LIMIT,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None:
            return
        try:
            assert process.stdin is not None
            process.stdin.close()
            await asyncio.wait_for(process.wait(), 30)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def ask(self, within: float, **command: float) -> dict[str, Any]:
        """Its answer to a command (see benchmarks.media.load); raises TimeoutError or RuntimeError."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(command).encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), within)
        if not line:
            raise RuntimeError("The load generator has died.")
        return dict(json.loads(line))
