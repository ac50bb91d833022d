"""A WebSocket whose text is handed over where it arrives.

The only file that touches private names of aiohttp; tests/telephony/test_direct.py holds it against them.
aiohttp puts each message into a queue and wakes a task for it. That is another turn of the event loop and
two more calls of the kernel for each frame of sound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import WebSocketWriter
from aiohttp.web_request import BaseRequest

_QUEUE_BYTES = 2**16
_SHORT, _TWO_BYTES = 126, 2**16
_TEXT = bytes((0x80 | WSMsgType.TEXT,))
_TEXT_126 = bytes((0x80 | WSMsgType.TEXT, _SHORT))


class _Queue(WebSocketDataQueue):
    """aiohttp's queue of messages, past which text goes while somebody takes it."""

    def __init__(self, protocol: BaseProtocol, limit: int, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(protocol, limit, loop=loop)
        self.on_text: Callable[[bytes], None] | None = None
        self.heard = True

    def feed_data(self, data: Any, size: int) -> None:
        """Take a whole message."""
        self.heard = True
        if self.on_text is not None and data[0] is WSMsgType.TEXT and not self._buffer:
            self.on_text(data[1])
        else:
            super().feed_data(data, size)


class DirectSocket(web.WebSocketResponse):
    """aiohttp's WebSocketResponse, uncompressed, that needs no task to take or to send text.

    What comes before `deliver_to` was called, and what is no text, is received as ever. There is no
    heartbeat: `heard` says whether one is needed.
    """

    def __init__(self, *, timeout: float, max_msg_size: int) -> None:
        super().__init__(
            timeout=timeout, compress=False, max_msg_size=max_msg_size, decode_text=False, heartbeat=None
        )
        self._size_limit = max_msg_size
        self._queue: _Queue | None = None
        self._transport: asyncio.Transport | None = None

    def deliver_to(self, on_text: Callable[[bytes], None]) -> None:
        """Call `on_text` with each text message as it arrives; it must not raise."""
        assert self._queue is not None
        self._queue.on_text = on_text

    def heard(self) -> bool:
        """Whether any message came since this was last asked."""
        assert self._queue is not None
        heard, self._queue.heard = self._queue.heard, False
        return heard

    def send_now(self, text: bytes) -> None:
        """Write one text message; raises ConnectionError where the socket is closed or closing."""
        transport = self._transport
        if transport is None or self._closed or self._closing or transport.is_closing():
            raise ConnectionResetError("The socket is closed.")
        size = len(text)
        if size < _SHORT:
            transport.write(_TEXT + bytes((size,)) + text)
        elif size < _TWO_BYTES:
            transport.write(_TEXT_126 + size.to_bytes(2, "big") + text)
        else:
            raise ValueError(f"{size} bytes are too many for a message.")

    def _post_start(self, request: BaseRequest, protocol: str | None, writer: WebSocketWriter) -> None:
        self._ws_protocol, self._writer = protocol, writer
        self._transport = request.transport
        loop = asyncio.get_running_loop()
        self._reader = self._queue = _Queue(request.protocol, _QUEUE_BYTES, loop=loop)
        self._parser = WebSocketReader(self._queue, self._size_limit, compress=False, decode_text=False)
        request.protocol.set_parser(self._parser)
        request.protocol.keep_alive(False)
