"""The phone provider's part: a media stream over a bare socket, so that a hundred of them cost little.

A WebSocket library would take longer for each message than the bridge that is measured. This one masks
with zeros, which is a legal key, never fragments, and looks into a message only where it is no medium.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import struct
import time
from collections.abc import Mapping
from typing import Any, Self, cast

from yarl import URL

from benchmarks.media.arrivals import Arrivals

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_MASKED = 0x80
_NO_MASK = bytes(4)
_MEDIA = b'"event":"media"'
_MEDIA_SPACED = b'"event": "media"'
_HEAD = 40
_WITHIN_S = 10.0


class Stream(asyncio.Protocol):
    """One call. `sent`: monotonic second of each 20 ms sent; `got`: of each medium received, unparsed."""

    def __init__(self, url: str, parameters: Mapping[str, str]) -> None:
        self._url, self._parameters = URL(url), dict(parameters)
        self.call_sid, self.stream_sid = "CA" + secrets.token_hex(16), "MZ" + secrets.token_hex(16)
        self.sent: list[float] = []
        self.got = Arrivals()
        self._chunk = 0
        self._buffer = b""
        self._upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    async def open(self) -> Self:
        """Connect and say who calls; raises ConnectionError or TimeoutError."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._url.host or "127.0.0.1", self._url.port or 80)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._write(
            f"GET {self._url.raw_path_qs} HTTP/1.1\r\nHost: {self._url.authority}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        async with asyncio.timeout(_WITHIN_S):
            await self._upgraded
        self._send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        start = {
            "accountSid": "AC" + secrets.token_hex(16),
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self._parameters,
        }
        self._send_json({"event": "start", "streamSid": self.stream_sid, "start": start})
        return self

    def send(self, encoded: bytes) -> None:
        """Send the next 20 ms, µ-law in base64."""
        self._chunk += 1
        self._send_frame(
            b'{"event":"media","sequenceNumber":"%d","streamSid":"%b","media":{"track":"inbound",'
            b'"chunk":"%d","timestamp":"%d","payload":"%b"}}'
            % (self._chunk + 1, self.stream_sid.encode(), self._chunk, self._chunk * 20 - 20, encoded)
        )
        self.sent.append(time.monotonic())

    async def close(self) -> None:
        """Hang up."""
        self._send_json({"event": "stop", "streamSid": self.stream_sid, "stop": {"callSid": self.call_sid}})
        if self._transport is not None:
            self._transport.close()
            await self._lost.wait()

    # -- asyncio.Protocol --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the methods, not the base class

    def connection_lost(self, exc: Exception | None) -> None:
        """See Protocol."""
        self._lost.set()
        if not self._upgraded.done():
            self._upgraded.set_exception(ConnectionError("The stream was refused."))

    def data_received(self, data: bytes) -> None:
        """See Protocol."""
        self._buffer += data
        if not self._upgraded.done():
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._upgraded.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self._buffer = rest
            self._upgraded.set_result(None)
        while (message := self._next()) is not None:
            self._take(*message)

    def _next(self) -> tuple[int, bytes] | None:
        """The next whole message: its kind and payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 0x0F, buffer[start : start + size]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            head = payload[:_HEAD]
            if _MEDIA in head or _MEDIA_SPACED in head:
                self.got.note(payload)
                return
            event = json.loads(payload)
            if event["event"] == "mark":  # nothing waits to be played here, so its turn has come
                self._send_json({"event": "mark", "streamSid": self.stream_sid, "mark": event["mark"]})
        elif kind == _PING:
            self._send_frame(payload, _PONG)
        elif kind == _CLOSE and self._transport is not None:
            self._transport.close()

    def _send_json(self, event: dict[str, Any]) -> None:
        self._send_frame(json.dumps(event).encode())

    def _send_frame(self, payload: bytes, kind: int = _TEXT) -> None:
        size = len(payload)
        length = bytes((_MASKED | size,)) if size < 126 else struct.pack("!BH", _MASKED | 126, size)
        self._write(bytes((0x80 | kind,)) + length + _NO_MASK + payload)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def payload_of(message: bytes) -> bytes:
    """The µ-law of a medium as it was received."""
    return base64.b64decode(json.loads(message)["media"]["payload"])
