"""What every speech worker program does besides inference: the pipe, its end, and errors.

The worker reads requests from stdin and writes one reply for each to stdout, in order. Its first
frame is `{"ready": true, "loadMs": …}`, or `{"fatal": "a sentence"}` where the model cannot be loaded.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

from bridge.speech.wire import Frame, FrameParser, MalformedFrame, encode

Handler = Callable[[Frame], Frame]

NICENESS = 5
"""Inference yields the processor to the process that moves audio."""

_MAX_WAITING = 8


class LoadFailed(Exception):
    """The model cannot be loaded; the message is a sentence for whoever runs the server."""


def serve(load: Callable[[], Handler]) -> NoReturn:
    """Load, announce, then answer requests until stdin closes. Never returns.

    `load` returns the handler and raises LoadFailed; the handler's exceptions become error replies.
    """
    out = _claim_stdout()
    os.nice(NICENESS)
    requests: queue.Queue[Frame] = queue.Queue(_MAX_WAITING)
    # The reader runs while loading and inferring, so that a dead parent ends us at once.
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    started = time.monotonic()
    try:
        handler = load()
    except LoadFailed as error:
        _write(out, Frame({"fatal": str(error)}))
        sys.exit(3)
    _write(out, Frame({"ready": True, "loadMs": round((time.monotonic() - started) * 1000)}))
    while True:
        request = requests.get()
        _write(out, _answer(handler, request))


def _answer(handler: Handler, request: Frame) -> Frame:
    request_id = request.header.get("id")
    try:
        reply = handler(request)
    except Exception as error:  # A request that cannot be served must not take the model down with it.
        traceback.print_exc()
        return Frame({"id": request_id, "ok": False, "error": f"{type(error).__name__}: {error}"})
    return Frame({**reply.header, "id": request_id, "ok": True}, reply.payload)


def _claim_stdout() -> int:
    """A private descriptor for frames; whatever else a library prints goes to stderr."""
    out = os.dup(1)
    os.dup2(2, 1)
    return out


def _read_requests(requests: queue.Queue[Frame]) -> None:
    parser = FrameParser()
    try:
        while data := os.read(0, 65536):
            for frame in parser.feed(data):
                requests.put(frame)
    except (OSError, MalformedFrame) as error:
        print(f"reading requests failed: {error}", file=sys.stderr, flush=True)
        os._exit(2)
    # Not sys.exit: the main thread may be deep inside a native call, and nothing is worth waiting for.
    os._exit(0)


def _write(out: int, frame: Frame) -> None:
    view = memoryview(encode(frame))
    try:
        while view:
            view = view[os.write(out, view) :]
    except BrokenPipeError:
        os._exit(0)
