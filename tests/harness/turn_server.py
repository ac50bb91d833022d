"""coturn, the TURN server that Patchbay is deployed with, on loopback and a free port."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

_HOST = "127.0.0.1"
_LISTENING = "UDP listener opened"


def turnserver() -> str:
    """Path of coturn; raises FileNotFoundError with what to do where there is none."""
    found = shutil.which(os.environ.get("PATCHBAY_TURNSERVER") or "turnserver")
    if found is None:
        raise FileNotFoundError("No turnserver was found: run `make test-programs`.")
    return found


class TurnServer:
    """One turnserver with a static-auth-secret. Use as `async with`; `folder` takes its files."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.folder, self.secret = folder, secret
        self.port = _free_port()
        self.lines: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._listens = asyncio.Event()

    @property
    def url(self) -> str:
        """Its address as RTCIceServer has it."""
        return f"turn:{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            turnserver(),
            "-n",  # no configuration file
            "--listening-ip", _HOST,
            "--relay-ip", _HOST,
            "--listening-port", str(self.port),
            "--allow-loopback-peers",
            "--use-auth-secret",
            "--static-auth-secret", self.secret,
            "--realm", "patchbay.test",
            "--relay-threads", "1",
            "--no-cli", "--no-tls", "--no-dtls", "--no-tcp-relay",
            "--userdb", str(self.folder / "turn.db"),
            "--pidfile", str(self.folder / "turn.pid"),
            "--log-file", "stdout",
            "--verbose",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await asyncio.wait_for(self._listens.wait(), 10)
        except TimeoutError:
            await self._stop()
            raise RuntimeError("\n".join(self.lines)) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        assert self._process is not None
        assert self._reading is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            if _LISTENING in line:
                self._listens.set()


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
