"""The server as a process: one for a data folder, on a port of its own, ended in order by signals."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.panel import Panel

from signaling.errors import SignalingError
from signaling.settings import Settings

_LOCK = "lock"
_BACKLOG = 128


class Ending(SignalingError):
    """The server cannot start, for a reason that a sentence explains."""

    code = "cannot_start"


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this process: two servers would end each other's calls at their start."""
    with (data_dir / _LOCK).open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise Ending(
                f"Another Patchbay (process {holder}) uses the data folder {data_dir}: "
                "stop it, or choose another folder with PATCHBAY_DATA_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listen(settings: Settings) -> socket.socket:
    """A listening socket, before anything else is opened; raises Ending where it cannot be had."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken: is another Patchbay running?" if taken else f"cannot be had ({error.strerror})."
        raise Ending(f"Port {port} on {host} {reason} Choose another with PATCHBAY_PORT.") from error


class Stop:
    """What Ctrl-C and SIGTERM ask for: the first to stop in order, a second one to stop now."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.at_once = asyncio.Event()

    def listen(self) -> None:
        """Take the signals over from the interpreter."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        if self.wanted.is_set():
            self.at_once.set()
        self.wanted.set()


def say(lines: list[str]) -> None:
    """Tell the operator of the process something, in a frame where there is a terminal."""
    console = Console(stderr=True)
    text = "\n".join(lines)
    framed = Panel(text, title="Patchbay", expand=False, padding=(1, 2))
    console.print(framed if console.is_terminal else text)


def greeting(settings: Settings, address: tuple[str, int], password: str | None) -> list[str]:
    """What to do next, once the server listens on `address`; `password`: the demo account's, just made."""
    host, port = address
    shown = f"[{host}]" if ":" in host else host
    lines = [f"Listening on [bold]http://{shown}:{port}[/bold]", ""]
    if not settings.operators:
        file = settings.data_dir / "demo-password"
        known = f"[bold]{password}[/bold] (kept in {file})" if password else f"in {file}"
        lines += ["Operator account: [bold]demo[/bold]", f"Password: {known}", ""]
    return [
        *lines,
        "In a browser:",
        f"  [bold]http://{shown}:{port}/phone[/bold]   call in as a customer, and ask for a person",
        f"  [bold]http://{shown}:{port}/[/bold]        in another tab: sign in and go on shift",
        "",
        "Without a microphone, in another terminal:",
        "  [bold].venv/bin/patchbay demo[/bold]   a whole call, handed over and back",
    ]


def parting(calls: int, seconds: float) -> list[str]:
    """What a stop in order waits for."""
    count = "1 call is" if calls == 1 else f"{calls} calls are"
    return [
        f"Stopping: {count} on. Those with a person may go on for up to {seconds:.0f} s; "
        "Ctrl-C again ends them now."
    ]
