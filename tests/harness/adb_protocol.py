"""The device's side of the adb protocol: one connection of an adb server, and the streams on it."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Awaitable, Callable

_HEADER = struct.Struct("<6I")
_VERSION = 0x01000001
_MAX_DATA = 64 * 1024
_TOKEN, _PUBLIC_KEY = 1, 3
_DEADLINE_S = 30.0


class Stream:
    """One stream. What the other side writes waits in `said`; None ends it."""

    def __init__(self, link: HostLink, here: int, there: int = 0) -> None:
        self.said: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.here, self.there = here, there
        self.accepted = asyncio.Event()
        self.closed = False
        self._link = link

    async def write(self, data: bytes) -> None:
        """Send `data`, and wait until it was taken; raises ConnectionResetError on a closed stream."""
        for start in range(0, len(data), _MAX_DATA):
            if self.closed:
                raise ConnectionResetError("The adb server closed the stream.")
            self.accepted.clear()
            self._link.send(b"WRTE", self.here, self.there, data[start : start + _MAX_DATA])
            await self.accepted.wait()

    async def read_all(self) -> bytes:
        """Everything until the other side closes; fails after 30 s."""
        said = b""
        async with asyncio.timeout(_DEADLINE_S):
            while (data := await self.said.get()) is not None:
                said += data
        return said

    def close(self) -> None:
        """End it."""
        self._link.send(b"CLSE", self.here, self.there)


Service = Callable[[str, Stream], Awaitable[None]]


class HostLink:
    """One connection of an adb server. `serve` answers each stream that it opens.

    `banner`: how the phone introduces itself; `trusting`: whether it lets this computer in unasked;
    `mute`: it answers nothing at all, which makes it `offline`.
    """

    def __init__(
        self, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], banner: bytes, serve: Service
    ) -> None:
        self._reader, self._writer = streams
        self._banner, self._serve = banner, serve
        self._streams: dict[int, Stream] = {}
        self._ids = itertools.count(1)
        self.trusting = True
        self.mute = False

    async def run(self) -> None:
        """Answer until the connection ends."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._take(tasks)
        except* (asyncio.IncompleteReadError, ConnectionError):
            pass  # the adb server went away, or the cable was pulled
        finally:
            for stream in self._streams.values():
                stream.said.put_nowait(None)
            self._writer.close()

    def abort(self) -> None:
        """Break off in the middle of whatever goes on."""
        self._writer.transport.abort()

    def introduce(self) -> None:
        """Let the computer in."""
        self.send(b"CNXN", _VERSION, _MAX_DATA, self._banner)

    async def open(self, service: str) -> Stream:
        """Open a stream to the computer, as for a reversed port."""
        stream = Stream(self, next(self._ids))
        self._streams[stream.here] = stream
        self.send(b"OPEN", stream.here, 0, service.encode() + b"\0")
        async with asyncio.timeout(_DEADLINE_S):
            await stream.accepted.wait()
        return stream

    def send(self, command: bytes, first: int, second: int, data: bytes = b"") -> None:
        """Send one message."""
        number = int.from_bytes(command, "little")
        header = _HEADER.pack(number, first, second, len(data), sum(data) & 0xFFFFFFFF, number ^ 0xFFFFFFFF)
        self._writer.write(header + data)

    async def _take(self, tasks: asyncio.TaskGroup) -> None:
        header = _HEADER.unpack(await self._reader.readexactly(_HEADER.size))
        number, first, second, length = header[:4]
        data = await self._reader.readexactly(length)
        command = number.to_bytes(4, "little")
        if self.mute:
            return
        if command == b"CNXN" and self.trusting:
            self.introduce()
        elif command == b"CNXN" or (command == b"AUTH" and first != _PUBLIC_KEY):
            self.send(b"AUTH", _TOKEN, 0, bytes(20))  # no key is known, so that no signature is right
        elif command == b"OPEN":
            stream = Stream(self, next(self._ids), first)
            self._streams[stream.here] = stream
            tasks.create_task(self._answer(stream, data.rstrip(b"\0").decode()))
        elif second in self._streams:
            self._on_stream(self._streams[second], command, first, data)

    def _on_stream(self, stream: Stream, command: bytes, there: int, data: bytes) -> None:
        if command == b"OKAY":
            stream.there = there
            stream.accepted.set()
        elif command == b"WRTE":
            stream.said.put_nowait(data)
            self.send(b"OKAY", stream.here, stream.there)
        elif command == b"CLSE":
            del self._streams[stream.here]
            stream.closed = True
            stream.accepted.set()
            stream.said.put_nowait(None)

    async def _answer(self, stream: Stream, service: str) -> None:
        self.send(b"OKAY", stream.here, stream.there)
        await self._serve(service, stream)
        stream.close()
