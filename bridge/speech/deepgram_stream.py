"""One leg's connection to Deepgram: kept up, and made again with the audio that was not answered."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import structlog

from bridge.ports import Urgency
from bridge.speech.deepgram_hearing import DeepgramHearing
from bridge.speech.deepgram_ledger import FINALIZE, Ledger
from bridge.speech.deepgram_results import MalformedResult, read_result
from bridge.speech.errors import SpeechUnavailable

log = structlog.get_logger()

_SEND_S = 5.0
_NUDGE_MS = 500
_FAREWELL_S = 3.0
_FIRST_RETRY_S, _LAST_RETRY_S = 0.25, 10.0
_HEALTHY_S = 10.0


class Socket(Protocol):
    """What is used of the SDK's connection."""

    def __aiter__(self) -> AsyncIterator[object]: ...
    async def send_media(self, message: bytes) -> None: ...
    async def send_finalize(self) -> None: ...
    async def send_keep_alive(self) -> None: ...
    async def send_close_stream(self) -> None: ...


class Link(Protocol):
    """The way to Deepgram, which all streams share."""

    problem: str | None
    keep_alive_s: float

    @property
    def hopeless(self) -> bool:
        """True where another attempt will fail as the last one did: the key is refused."""

    def connect(self, rate: int) -> AbstractAsyncContextManager[Socket]:
        """A connection. It and its use raise SpeechUnavailable with a sentence."""


class DeepgramStream:
    """See SpeechStream. `run` keeps the connection; it ends after `close`, or is cancelled."""

    def __init__(self, link: Link, rate: int) -> None:
        self._link, self._rate = link, rate
        self._ledger = Ledger(rate)
        self._wake, self._reset = asyncio.Event(), asyncio.Event()
        self._closing = self._dead = False
        self.malformed = 0
        """Answers that could not be read."""
        self.connections = 0
        """Connections made so far."""

    @property
    def settled(self) -> float:
        """See Stream."""
        return self._ledger.settled

    @property
    def problem(self) -> str | None:
        """See Stream."""
        if self._dead:
            return "Speech is being shut down."
        return self._link.problem if self._link.hopeless else None

    def hear(self, pcm: bytes, *, urgency: Urgency, on_partial: Callable[[str], None]) -> DeepgramHearing:
        """See SpeechStream."""
        start, known = self._ledger.place(pcm)
        hearing = DeepgramHearing(self, start, self._rate, urgency, on_partial)
        self._ledger.begin(hearing)
        hearing.feed(pcm, recorded=known)
        return hearing

    def close(self) -> None:
        """See SpeechStream."""
        self._closing = True
        self._wake.set()

    # -- what hearings ask for --

    def record(self, pcm: bytes) -> None:
        """See Stream."""
        if not self._ledger.record(pcm):
            log.warning("deepgram_too_slow")
            self._reset.set()
        self._wake.set()

    def flush(self) -> int:
        """See Stream."""
        self._wake.set()
        return self._ledger.flush()

    def nudge(self, *, silence: bool) -> None:
        """See Stream."""
        if silence:
            self.record(bytes(self._rate * 2 * _NUDGE_MS // 1000))
        self.flush()

    def stalled(self) -> None:
        """See Stream."""
        self._reset.set()

    def ended(self) -> None:
        """See Stream."""
        self._wake.set()

    # -- the connection --

    async def run(self) -> None:
        """Keep a connection until `close`, and until then make lost ones again."""
        failures, loop = 0, asyncio.get_running_loop()
        try:
            while not self._over():
                began = loop.time()
                try:
                    async with self._link.connect(self._rate) as socket:
                        await self._converse(socket)
                except SpeechUnavailable as error:
                    failures = 1 if loop.time() - began > _HEALTHY_S else failures + 1
                    log.warning("deepgram_connection", problem=error.message, failures=failures)
                self._ledger.tell()
                if not self._over():
                    await self._pause(failures)
        finally:
            self._dead = True
            self._ledger.tell()

    async def _converse(self, socket: Socket) -> None:
        """Speak on one connection until all is said; raises SpeechUnavailable where it is lost or stalls."""
        self.connections += 1
        self._reset.clear()
        self._ledger.connected()
        loop = asyncio.get_running_loop()
        receiving, sending = loop.create_task(self._receive(socket)), loop.create_task(self._send(socket))
        tasks: list[asyncio.Task[Any]] = [receiving, sending, loop.create_task(self._reset.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._over():
                # What Deepgram still has to say comes before it closes.
                await asyncio.wait([receiving], timeout=_FAREWELL_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._ledger.disconnected()
        for task in tasks:
            if not task.cancelled():
                task.result()
        if not self._over():
            raise SpeechUnavailable("The connection to Deepgram was lost.")

    async def _send(self, socket: Socket) -> None:
        while not self._over():
            self._wake.clear()
            wanted = self._ledger.take_next()
            if wanted is FINALIZE:
                await self._within(socket.send_finalize())
            elif wanted:
                await self._within(socket.send_media(wanted))
            else:
                await self._idle(socket)
        await self._within(socket.send_close_stream())

    async def _idle(self, socket: Socket) -> None:
        """Wait for something to send; say that we are there where nothing comes."""
        try:
            async with asyncio.timeout(self._link.keep_alive_s):
                await self._wake.wait()
        except TimeoutError:
            await self._within(socket.send_keep_alive())

    @staticmethod
    async def _within(sending: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(_SEND_S):
                await sending
        except TimeoutError:
            raise SpeechUnavailable("Deepgram takes no more audio.") from None

    async def _receive(self, socket: Socket) -> None:
        async for message in socket:
            try:
                result = read_result(message, self._ledger.offset_s)
            except MalformedResult as error:
                self.malformed += 1
                log.warning("deepgram_malformed", error=str(error))
                continue
            if result is not None:
                self._ledger.take(result)

    async def _pause(self, failures: int) -> None:
        """Wait longer after each failure, and not as long as others do."""
        most = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(failures - 1, 8))
        loop = asyncio.get_running_loop()
        end = loop.time() + most * random.uniform(0.5, 1.0)
        while not self._over() and loop.time() < end:
            self._wake.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _over(self) -> bool:
        return self._closing and not self._ledger.open
