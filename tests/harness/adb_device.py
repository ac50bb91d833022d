"""A phone with USB debugging on, as a real adb server sees it; only the wire is TCP instead of USB."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.harness.adb_protocol import HostLink, Stream

_STDOUT, _EXIT = 1, 3
_DEADLINE_S = 30.0

APP = "com.tracsystems.phonebridge"
BROADCAST = (
    "Broadcasting: Intent { act=com.tracsystems.phonebridge.CALL_COMMAND flg=0x400000 "
    "cmp=com.tracsystems.phonebridge/.CallCommandReceiver (has extras) }\n"
    "Broadcast completed: result=0\n"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a program on the phone printed, and its exit code."""

    output: str
    code: int = 0


async def phone_app(command: str) -> Said:
    """A phone on which the app is installed, and takes what it is told."""
    return Said(f"package:/data/app/{APP}/base.apk\n") if command.startswith("pm path ") else Said(BROADCAST)


class AdbDevice:
    """One phone, which the adb server calls `serial`. Use as `async with`.

    `commands`: the lines that its shell was given, which `shell` answers. `reverses`: its reversed ports;
    `refuses_reverse` says why it takes none. `trusting`: whether it lets the computer in unasked. `mute`:
    it never answers the adb server. `modern`: its shell tells streams and exit codes apart (shell_v2).
    """

    def __init__(
        self, *, model: str = "Pixel_7", trusting: bool = True, mute: bool = False, modern: bool = True
    ) -> None:
        self.shell: Callable[[str], Awaitable[Said]] = phone_app
        self.commands: list[str] = []
        self.reverses: dict[str, str] = {}
        self.refuses_reverse: str | None = None
        self._changed = asyncio.Condition()
        self._model, self._trusting, self._mute, self._modern = model, trusting, mute, modern
        self._server: asyncio.Server | None = None
        self._link: HostLink | None = None
        self._port = 0

    @property
    def serial(self) -> str:
        """What the adb server calls it."""
        return f"127.0.0.1:{self._port}"

    @property
    def broadcasts(self) -> list[str]:
        """The commands to the app."""
        return [command for command in self.commands if command.startswith("am ")]

    async def __aenter__(self) -> Self:
        await self.plug_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    async def plug_in(self) -> None:
        """Let the adb server connect; the second time under the same serial."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])

    def unplug(self) -> None:
        """Break off at once, as when the cable is pulled. What was reversed is lost."""
        if self._server is not None:
            self._server.close()
        if self._link is not None:
            self._link.abort()
        self._server = self._link = None
        self.reverses.clear()

    def allow(self) -> None:
        """Tap on "Allow" in the prompt that asks whether to trust the computer."""
        self._trusting = True
        assert self._link is not None
        self._link.introduce()

    async def wait_for(self, met: Callable[[], bool]) -> None:
        """Return as soon as `met`, looked at whenever a command or a reverse comes; fails after 30 s."""
        async with asyncio.timeout(_DEADLINE_S), self._changed:
            await self._changed.wait_for(met)

    async def wait_for_reverse(self, remote: str, local: str) -> None:
        """Return as soon as `remote` leads to `local`."""
        await self.wait_for(lambda: self.reverses.get(remote) == local)

    async def fetch(self, remote: str, request: bytes) -> bytes:
        """What a program on the phone is answered that connects to its own port `remote`."""
        assert self._link is not None
        stream = await self._link.open(self.reverses[remote])
        await stream.write(request)
        return await stream.read_all()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._link = link = HostLink((reader, writer), self._banner(), self._serve)
        link.trusting, link.mute = self._trusting, self._mute
        await link.run()

    def _banner(self) -> bytes:
        features = "shell_v2,cmd" if self._modern else "cmd"
        properties = f"ro.product.name=panther;ro.product.model={self._model};ro.product.device=panther"
        return f"device::{properties};features={features}\0".encode()

    async def _serve(self, service: str, stream: Stream) -> None:
        kind, _, rest = service.partition(":")
        if kind == "reverse":
            await stream.write(await self._reverse(rest))
        elif kind in ("shell", "shell,v2"):
            await stream.write(await self._run(rest, parted=kind == "shell,v2"))

    async def _run(self, command: str, *, parted: bool) -> bytes:
        # A shell without v2 tells no exit code; adbutils has it echoed.
        command, echo, _ = command.partition("; echo X4EXIT:")
        async with self._changed:
            self.commands.append(command)
            self._changed.notify_all()
        said = await self.shell(command)
        if parted:
            return _packet(_STDOUT, said.output.encode()) + _packet(_EXIT, bytes([said.code]))
        return said.output.encode() + (f"X4EXIT:{said.code}\n".encode() if echo else b"")

    async def _reverse(self, request: str) -> bytes:
        verb, _, what = request.partition(":")
        if verb == "list-forward":
            return _block("".join(f"(reverse) {phone} {here}\n" for phone, here in self.reverses.items()))
        if self.refuses_reverse is not None:
            return b"FAIL" + _block(self.refuses_reverse)
        async with self._changed:
            if verb == "forward":
                remote, _, local = what.partition(";")
                self.reverses[remote] = local
            else:
                self.reverses.pop(what)
            self._changed.notify_all()
        return b"OKAY"


def _packet(kind: int, data: bytes) -> bytes:
    return struct.pack("<BI", kind, len(data)) + data


def _block(text: str) -> bytes:
    return f"{len(text):04x}{text}".encode()
