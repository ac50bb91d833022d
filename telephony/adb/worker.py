"""Threads of our own for what blocks, so that a hanging adb server costs a few threads and nothing else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import structlog

from telephony.adb.address import ServerAddress
from telephony.adb.errand import Errand
from telephony.adb.errors import AdbFault, Busy, TooLate

if TYPE_CHECKING:
    from telephony.adb.link import Link

log = structlog.get_logger()

THREAD_NAME = "adb"
MOST_THREADS = 4
_MOST_WAITING = 32

Result = TypeVar("Result")


class Worker:
    """Runs errands on at most four threads. What waits is bounded, too: more is refused as Busy."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix=THREAD_NAME)
        self._room = threading.BoundedSemaphore(_MOST_WAITING)
        self._errands: set[Errand] = set()
        self._closed = False

    async def run(self, work: Callable[[Link], Result], until: float) -> Result:
        """What `work` returns; at `until`, a time of the loop's clock, its connections are shut.

        Raises AdbFault: TooLate at `until`, Busy, or what `work` raised.
        """
        seconds = until - asyncio.get_running_loop().time()
        if self._closed:
            raise Busy("The server is stopping.")
        if not self._room.acquire(blocking=False):
            raise Busy("Too much waits for the adb server already.")
        errand = Errand(self._address, seconds)
        self._errands.add(errand)
        running = self._threads.submit(_work, errand, work)
        running.add_done_callback(lambda _: self._room.release())
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.wrap_future(running)
        except TimeoutError:
            raise TooLate(f"The adb server at {self._address} did not answer in time.") from None
        finally:
            errand.cancel()
            self._errands.discard(errand)

    def close(self) -> None:
        """Take no more, and end what is under way with a fault. Idempotent, does not block."""
        self._closed = True
        for errand in self._errands:
            errand.cancel()
        self._threads.shutdown(wait=False)


def _work(errand: Errand, work: Callable[[Link], Result]) -> Result:
    try:
        from telephony.adb.link import Link

        return work(Link(errand))
    except AdbFault:
        raise
    except Exception as error:  # the outer boundary of a library that parses what a stranger sends
        log.exception("adb_errand_failed")
        raise AdbFault(f"adb failed in an unforeseen way: {type(error).__name__}.") from error
