"""What a bridged call costs the server's process."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.machine import cpu_share
from tests.harness.server import ServerProcess

CALLS = 10
_ROOT = Path(__file__).resolve().parents[1]
_WINDOWS, _WINDOW_S = 5, 2.0
_IDLE_S = 3.0


async def measure(folder: Path) -> list[Figure]:
    """Bridge calls between tones on a server of its own, without speech engines."""
    names = ",".join(f"{name}:{secret}" for name, secret in load.accounts(CALLS).items())
    async with ServerProcess(folder, operators=names) as server:
        idle = await cpu_share(server.pid, _IDLE_S)
        shares = await _loaded(server)
    return [
        Figure(
            f"CPU of one core per bridged call, {CALLS} at once",
            tuple((share - idle) / CALLS * 100 for share in shares),
            unit="%",
            note=f"Opus both ways, no transcription; idle server {idle * 100:.1f} % taken off",
        )
    ]


async def _loaded(server: ServerProcess) -> list[float]:
    """The server's share of one core in each window while all calls are bridged."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.load",
        str(server.port),
        str(CALLS),
        stdin=PIPE,
        stdout=PIPE,
        cwd=_ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            if await process.stdout.readline() != b"bridged\n":
                raise RuntimeError("The load generator could not bridge its calls.")
        shares = [await cpu_share(server.pid, _WINDOW_S) for _ in range(_WINDOWS)]
        process.stdin.close()
        async with asyncio.timeout(30):
            heard = json.loads(await process.stdout.readline())
            await process.wait()
        if heard != {"callers": CALLS, "operators": CALLS}:
            raise RuntimeError(f"Not everybody heard each other in {CALLS} calls: {heard}.")
        return shares
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
