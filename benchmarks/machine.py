"""The machine that a benchmark runs on, and what processes cost it. Reads Linux's /proc."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

_PROC = Path("/proc")
_BUSY_SHARE = 0.05
_PACKAGES = ("aiortc", "aioice", "aiohttp", "av", "numpy", "uvloop")


def supported() -> bool:
    """True where processor time can be read."""
    return (_PROC / "self" / "stat").exists()


def cpu_seconds(pid: int) -> float:
    """Processor time of one process so far. Raises OSError where it is gone."""
    # The name, in brackets, may hold blanks; what is counted comes behind it.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Processor time of the whole machine so far, all cores together, what the host took included."""
    user, nice, system, _, _, *others = map(int, (_PROC / "stat").read_text().split(None, 9)[1:9])
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


async def busy_cores(seconds: float) -> float:
    """How many cores the whole machine keeps busy over the next `seconds`."""
    began, used = time.monotonic(), busy_seconds()
    await asyncio.sleep(seconds)
    return (busy_seconds() - used) / (time.monotonic() - began)


def children(pid: int) -> list[int]:
    """Processes that this one has started. Raises OSError where it is gone."""
    return [
        int(child) for task in (_PROC / str(pid) / "task").iterdir() for child in _words(task / "children")
    ]


async def cpu_share(pid: int, seconds: float) -> float:
    """How much of one core the process takes over the next `seconds`, 1.0 being all of it."""
    began, used = time.monotonic(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - used) / (time.monotonic() - began)


async def settle(pid: int, within: float = 60.0) -> None:
    """Return when a process and its children have been idle for a second; raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            shares = await asyncio.gather(*(cpu_share(one, 1.0) for one in (pid, *children(pid))))
            if sum(shares) < _BUSY_SHARE:
                return


def describe() -> dict[str, object]:
    """What somebody needs to know to compare figures."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _processor() -> str:
    try:
        lines = (_PROC / "cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # the thread has ended meanwhile
        return []
