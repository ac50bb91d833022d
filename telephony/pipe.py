"""A provider's WebSocket that is written to without waiting."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from telephony.direct import DirectSocket
from telephony.outbox import Outbox

log = structlog.get_logger()

MAX_MESSAGE = 64 * 1024
HEARTBEAT_S = 10.0
_BEATS = 4
"""Times in `HEARTBEAT_S` that is looked whether anything came; after so many in vain a ping is sent."""
_MAX_MEDIA = 20  # 400 ms
_MAX_CONTROL = 1000
_CLOSE_TIMEOUT_S = 2.0
_MAX_REASON = 123  # RFC 6455: what fits into a close frame beside its code
# The kernel would take seconds of audio for a reader that has stopped; this is about 300 ms of it.
_UNSENT_BYTES = 4096
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if sys.platform == "linux" else None)
_TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_UNREAD_MS = 15_000

OnMessage = Callable[[bytes], None]


class Pipe:
    """Delivers messages in the order of the calls, and drops media rather than delay it.

    While the socket takes data, `send_media`, `send_control` and `clear` write before they return: no
    task is woken per frame, in either direction. Once it does not, messages wait in a bounded outbox that
    one writer task empties. A socket that answers no ping is lost after `heartbeat` seconds and a half.
    Counts in `counters`: dropped_media, cleared_media, binary, oversized, broken_frame, write_failed,
    stalled.
    """

    def __init__(
        self, request: web.Request, *, max_media: int = _MAX_MEDIA, heartbeat: float = HEARTBEAT_S
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.ws = DirectSocket(timeout=_CLOSE_TIMEOUT_S / 2, max_msg_size=MAX_MESSAGE)
        self._request = request
        self._protocol = request.protocol
        self._heartbeat = heartbeat
        self._outbox = Outbox(max_media=max_media, max_control=_MAX_CONTROL)
        self._waiting = asyncio.Event()
        self._receiving = asyncio.timeout(None)
        self._open = False
        self._closing: tuple[int, str] | None = None
        self._failed_with: int | None = None
        self._on_message: OnMessage = lambda message: None
        self._failure: Exception | None = None

    @property
    def close_code(self) -> int | None:
        """The code the socket was closed with, by either side; None while it is open."""
        return self._failed_with or self.ws.close_code

    @property
    def queued_media(self) -> int:
        """Media messages that wait for a slow reader."""
        return self._outbox.media

    async def run(self, on_message: OnMessage, *, first_within: float, late: tuple[int, str]) -> None:
        """Open the socket, hand every text message to `on_message`, and return when it is closed.

        Unless `established` is called within `first_within` seconds the socket is closed with `late`.
        What `on_message` raises closes it with 1011 and comes out of here.
        """
        payload_writer = await self.ws.prepare(self._request)
        transport = self._request.transport
        if payload_writer is None or transport is None:
            return
        transport.set_write_buffer_limits(high=0)  # writing is paused as soon as the kernel is full
        self._bound_the_kernel()
        self._open = True
        self._receiving = asyncio.timeout(0 if self._closing else first_within)
        self._on_message = on_message
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(payload_writer.drain))
            beating = tasks.create_task(self._beat(transport))
            try:
                await self._receive(late)
            finally:
                self._open = False
                self._outbox.discard()
                self._waiting.set()
                beating.cancel()
            await self._close(transport)
        if self._failure is not None:
            raise self._failure

    def established(self) -> None:
        """Lift the deadline for the first message."""
        if self._closing is None:
            self._receiving.reschedule(None)

    def send_media(self, message: bytes) -> None:
        """Send one message, or drop the oldest that waits where the reader is too slow."""
        if self._open and not self._write_now(message):
            self.counters["dropped_media"] += self._outbox.put_media(message)
            self._waiting.set()

    def send_control(self, message: bytes) -> None:
        """Send one message that is never dropped; a reader that takes none for long is given up."""
        if not self._open or self._write_now(message):
            return
        if self._outbox.full:
            self.counters["stalled"] += 1
            self.close_soon(1013, "not reading")
            return
        self._outbox.put_control(message)
        self._waiting.set()

    def clear(self, message: bytes) -> None:
        """Forget the media that waits and send `message` in its place."""
        self.counters["cleared_media"] += self._outbox.drop_media()
        self.send_control(message)

    def close_soon(self, code: int, reason: str) -> None:
        """Make `run` close the socket and return; nothing is sent or received any more. First one wins."""
        if self._closing is not None:
            return
        self._closing = (code, reason)
        if self._open:
            self._open = False
            self._receiving.reschedule(asyncio.get_running_loop().time())

    def _write_now(self, message: bytes) -> bool:
        """Write without waiting; False where that must wait."""
        if self._outbox or self._protocol.writing_paused:
            return False
        self._step(message)
        return True

    def _step(self, message: bytes) -> None:
        try:
            self.ws.send_now(message)
        except ConnectionError:  # the receiving side is about to learn it too
            self.counters["write_failed"] += 1

    async def _write(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Empty the outbox whenever the socket takes data again, until the pipe is closed."""
        while self._open:
            await self._waiting.wait()
            self._waiting.clear()
            while self._outbox:
                try:
                    await drain()
                except ConnectionError:
                    return
                if message := self._outbox.pop():
                    self._step(message)

    async def _receive(self, late: tuple[int, str]) -> None:
        """Until the socket is closed; what comes once this runs is taken where it arrives."""
        try:
            async with self._receiving:
                self.ws.deliver_to(self._take)
                async for message in self.ws:
                    if message.type is WSMsgType.TEXT:
                        self._take(message.data)
                    elif message.type is WSMsgType.BINARY:
                        self.counters["binary"] += 1
                    elif message.type is WSMsgType.ERROR:
                        self._on_error(message.data)
                        return
                    if self._closing is not None:
                        return
        except TimeoutError:
            if not self._receiving.expired():
                raise
            self._closing = self._closing or late

    def _take(self, message: bytes) -> None:
        if self._closing is not None:
            return
        try:
            self._on_message(message)
        except Exception as error:  # `run` raises it
            self._failure = error
            self.close_soon(1011, "internal error")

    async def _beat(self, transport: asyncio.Transport) -> None:
        """Ask for a sign of life where none came for a while, and give up where none is given."""
        silent = 0
        while silent < _BEATS * 1.5:
            await asyncio.sleep(self._heartbeat / _BEATS)
            silent = 0 if self.ws.heard() else silent + 1
            if silent == _BEATS:
                with contextlib.suppress(ConnectionError):  # it is being closed
                    await self.ws.ping()
        transport.abort()

    def _on_error(self, error: object) -> None:
        if isinstance(error, WebSocketError):  # aiohttp has closed the socket with its code
            self._failed_with = int(error.code)
            self.counters["oversized" if error.code == WSCloseCode.MESSAGE_TOO_BIG else "broken_frame"] += 1

    async def _close(self, transport: asyncio.Transport) -> None:
        code, reason = self._closing or (1000, "")
        message = reason.encode()[:_MAX_REASON].decode(errors="ignore").encode()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self.ws.close(code=code, message=message)
        except TimeoutError:
            log.warning("pipe_aborted", code=code)
        finally:
            # After a proper close this is a no-op; a reader that has stopped must not hold the writer.
            transport.abort()

    def _bound_the_kernel(self) -> None:
        sock = self.ws.get_extra_info("socket")
        if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        if _TCP_NOTSENT_LOWAT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        if _TCP_USER_TIMEOUT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, _UNREAD_MS)
