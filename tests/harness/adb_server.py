"""The real adb server on a port of its own, away from one that this computer may run."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from telephony.adb.address import ServerAddress

_HOST = "127.0.0.1"
# Logged after it has begun to listen.
_LISTENING = "adb_auth_init"


def adb() -> str:
    """Path of adb; raises FileNotFoundError with what to do where there is none."""
    found = shutil.which(os.environ.get("PATCHBAY_ADB") or "adb")
    if found is None:
        raise FileNotFoundError("No adb was found: run `make test-programs`.")
    return found


class AdbServer:
    """One adb server. Use as `async with`, or start and stop it by hand; `home` takes its key."""

    def __init__(self, home: Path) -> None:
        self.address = ServerAddress(_HOST, free_port())
        self.lines: list[str] = []
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._listens = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Run it; returns when it listens."""
        self._listens.clear()
        self._process = await asyncio.create_subprocess_exec(
            adb(), "-P", str(self.address.port), "nodaemon", "server",
            env={"HOME": str(self._home), "PATH": os.environ["PATH"], "TMPDIR": str(self._home)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self._process))
        try:
            await asyncio.wait_for(self._listens.wait(), 20)
        except TimeoutError:
            await self.stop()
            raise RuntimeError("\n".join(self.lines)) from None

    async def stop(self) -> None:
        """Kill it."""
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def connect(self, serial: str) -> str:
        """Make it connect to the device at `serial`; returns what it says."""
        return await self.ask(f"host:connect:{serial}")

    async def disconnect(self, serial: str) -> str:
        """Make it forget the device at `serial`, as when a cable is pulled; returns what it says."""
        return await self.ask(f"host:disconnect:{serial}")

    async def ask(self, question: str) -> str:
        """Its answer to one question."""
        reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
        try:
            writer.write(f"{len(question):04x}{question}".encode())
            async with asyncio.timeout(30):
                answer = await reader.read()
        finally:
            writer.close()
        return answer[8:].decode(errors="replace")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            if _LISTENING in line:
                self._listens.set()


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
