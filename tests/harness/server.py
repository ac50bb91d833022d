"""The real server as a process of its own, on a free port with a fresh data folder."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from telephony.adb.address import ServerAddress

OPERATORS = {"sam": "sam-secret", "kim": "kim-secret"}
_ROOT = Path(__file__).resolve().parents[2]
_LISTENING = re.compile(r"http://127\.0\.0\.1:(\d+)")
NO_ADB = ServerAddress(port=1)
"""Where nothing listens: whoever runs the tests may have an adb server, and a telephone on it."""


def adb_environment(address: ServerAddress = NO_ADB) -> dict[str, str]:
    """The variables by which a program that is started looks for its adb server at `address`."""
    return {"ANDROID_ADB_SERVER_HOST": address.host, "ANDROID_ADB_SERVER_PORT": str(address.port)}


class ServerProcess:
    """`patchbay serve` under test. Use as `async with`; leaving it stops it with SIGTERM.

    Settings are given without their prefix: `ServerProcess(folder, ring_timeout=1)`. Engines are `none`
    unless asked for, so that tests of calls do not wait for models. `adb`: the adb server it is to use.
    """

    def __init__(self, folder: Path, adb: ServerAddress = NO_ADB, /, **settings: object) -> None:
        self.folder = folder
        given = {
            "port": 0,
            "data_dir": folder / "data",
            "operators": ",".join(f"{name}:{secret}" for name, secret in OPERATORS.items()),
            "stt": "none",
            "tts": "none",
            **settings,
        }
        self._environment = {f"PATCHBAY_{name.upper()}": str(value) for name, value in given.items()}
        self._environment |= adb_environment(adb)
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._port: asyncio.Future[int] | None = None
        self.lines: list[str] = []
        self._session: aiohttp.ClientSession | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Origin of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where Twilio's stream goes."""
        return f"ws://127.0.0.1:{self.port}/telephony/twilio/stream"

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def session(self) -> aiohttp.ClientSession:
        """An HTTP client for the server's lifetime."""
        assert self._session is not None
        return self._session

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if kind is not None:
            sys.stderr.write("\n".join(["--- server said:", *self.lines[-60:], ""]))

    async def start(self) -> None:
        """Start, or start again on the same folder, and wait until it listens."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PATCHBAY_")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "signaling.cli",
            "serve",
            env={**inherited, **self._environment, "COLUMNS": "200"},
            cwd=_ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._port = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(self._process))
        self.port = await asyncio.wait_for(self._port, 30)
        if self._session is None:
            self._session = aiohttp.ClientSession()

    async def stop(self) -> int:
        """SIGTERM, and wait for the end; returns the exit code."""
        code = await self._end(signal.SIGTERM)
        if self._session is not None:
            await self._session.close()
            self._session = None
        return code

    async def kill(self) -> None:
        """kill -9: nothing is said, nothing is tidied up."""
        await self._end(signal.SIGKILL)

    async def ready(self) -> None:
        """Wait until `/readyz` says so."""
        async with asyncio.timeout(60):
            while True:
                async with self.session.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return
                await asyncio.sleep(0.1)

    async def get(self, path: str, *, status: int = 200) -> Any:
        """JSON of a GET that must be answered with `status`."""
        async with self.session.get(self.url + path) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Mapping[str, object] | None = None, *, status: int = 200) -> Any:
        """JSON of a POST that must be answered with `status`."""
        async with self.session.post(self.url + path, json=body) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def token(self, name: str = "sam") -> str:
        """A sign-in token of one of the two operators."""
        answer = await self.post("/api/login", {"username": name, "password": OPERATORS[name]})
        return str(answer["token"])

    async def only_call(self) -> dict[str, Any]:
        """The one live call."""
        calls = await self.get("/api/calls")
        assert len(calls) == 1, calls
        return dict(calls[0])

    async def timeline(self, call_id: str) -> list[tuple[str, float]]:
        """A call's events with their ms."""
        return [(e["event"], e["ms"]) for e in await self.get(f"/api/calls/{call_id}/timeline")]

    async def messages(self, thread_id: str) -> list[dict[str, Any]]:
        """A thread's messages."""
        return list((await self.get(f"/api/threads/{thread_id}"))["messages"])

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        try:
            code = await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if self._reading is not None:
            await self._reading
        return code

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert self._port is not None
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
            self.lines.append(line)
            found = _LISTENING.search(line)
            if found and not self._port.done():
                self._port.set_result(int(found[1]))
        if not self._port.done():
            self._port.set_exception(RuntimeError("\n".join(self.lines)))
