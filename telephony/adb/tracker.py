"""A thread that waits for phones to come and go."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import structlog

from bridge.speech.backoff import Backoff
from telephony.adb.address import ServerAddress
from telephony.adb.errand import Errand
from telephony.adb.errors import AdbFault
from telephony.adb.wire import Listed
from telephony.adb.worker import THREAD_NAME

log = structlog.get_logger()

Seen = tuple[Listed, ...] | AdbFault
_FIRST_ANSWER_S = 10.0
_END_S = 5.0


class Tracker:
    """Tells `on_seen`, on the loop, what is plugged in or why that is not known, at every change.

    An adb server that went away, or was never there, is looked for again, at most every ten seconds.
    """

    def __init__(self, address: ServerAddress, on_seen: Callable[[Seen], None]) -> None:
        self._address = address
        self._on_seen = on_seen
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._errand = Errand(address, _FIRST_ANSWER_S)
        self._thread = threading.Thread(target=self._run, name=f"{THREAD_NAME}-tracker", daemon=True)
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def retry(self) -> None:
        """Look for a lost adb server now rather than later."""
        self._wake.set()

    async def close(self) -> None:
        """End the thread, and wait until it has ended. Idempotent."""
        if self._loop is None:
            return
        self._stopping.set()
        self._wake.set()
        self._errand.cancel()
        try:
            # It may be within a connect, which ends by itself after three seconds.
            await asyncio.wait_for(self._ended.wait(), _END_S)
        except TimeoutError:
            log.warning("adb_tracker_left_behind")

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            began = time.monotonic()
            fault = self._track()
            if not self._stopping.is_set():
                self._tell(fault)
                self._wake.wait(backoff.delay(time.monotonic() - began))
                self._wake.clear()
        self._call(self._ended.set)

    def _track(self) -> AdbFault:
        # `close` cancels the errand it finds, so that one is in place before _stopping is looked at.
        self._errand = errand = Errand(self._address, _FIRST_ANSWER_S)
        try:
            from telephony.adb.link import Link

            for seen in Link(errand).changes():
                if self._stopping.is_set():
                    break
                self._tell(seen)
        except AdbFault as fault:
            return fault
        except Exception as error:  # the outer boundary of the thread
            log.exception("adb_tracking_failed")
            return AdbFault(f"adb failed in an unforeseen way: {type(error).__name__}.")
        return AdbFault("The adb server is not watched any more.")

    def _tell(self, seen: Seen) -> None:
        self._call(lambda: self._on_seen(seen))

    def _call(self, what: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(what)
        except RuntimeError:  # the loop was closed without closing us: nobody listens any more
            self._stopping.set()
