"""A worker program without a model, on the real worker loop: it does what its requests say."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from bridge.speech.wire import Frame
from bridge.speech.worker_main import Handler, LoadFailed, serve


def handle(request: Frame) -> Frame:
    """Obey `do`: echo, wait (until the fifo is written), hold (the fifo, for ever), die, die_once, …"""
    do = request.header.get("do", "echo")
    path = Path(str(request.header.get("path", "")))
    if do == "wait":
        path.read_bytes()
    elif do == "hold":
        with path.open("wb"):
            while True:
                signal.pause()
    elif do == "die" or (do == "die_once" and not path.exists()):
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    elif do == "hang":
        while True:
            signal.pause()
    elif do == "print":
        print("a library talks on stdout", flush=True)
    elif do == "garble":
        os.write(int(str(request.header["fd"])), b"\xff" * 64)
    elif do == "refuse":
        raise ValueError("no such request")
    return Frame({"pid": os.getpid()}, request.payload)


def load() -> Handler:
    """The handler, or the failure that the command line asks for."""
    if "--broken" in sys.argv:
        raise LoadFailed("The model is missing.")
    return handle


if __name__ == "__main__":
    serve(load)
