"""The two bridges that are compared, each as a process that calls can be placed on in the same way."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from benchmarks.media.call import Call
from benchmarks.media.pacer import Pacer
from benchmarks.media.stream import Stream
from bridge.peer.sdp import AudioCodec
from tests.harness.console import Console
from tests.harness.road import Road
from tests.harness.server import ServerProcess

OURS, STOCK = "ours", "stock"
_ROOT = Path(__file__).resolve().parents[2]
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_START_S = 60.0


class Bridge(Protocol):
    """A bridge that runs, or the way to one that another process has started."""

    name: str

    @property
    def port(self) -> int:
        """Where it listens."""

    @property
    def pid(self) -> int:
        """Its process."""

    async def place(self, pacer: Pacer, codec: AudioCodec, number: int, road: Road | None = None) -> Call:
        """A call that is bridged, the `number`-th (from 0) on this bridge; its packets go by `road`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class OurBridge:
    """`patchbay serve` with `most` operators. `port`: of one that runs already.

    `settings` are ServerProcess's; without any there are no speech engines.
    """

    name = OURS

    def __init__(
        self, folder: Path, most: int = 0, *, port: int = 0, settings: Mapping[str, object] | None = None
    ) -> None:
        names = ",".join(f"{_name(number)}:{_secret(number)}" for number in range(most))
        self._server = ServerProcess(folder, operators=names, max_calls=max(1, 2 * most), **(settings or {}))
        self._server.port = port
        self._remote = bool(port)

    @property
    def server(self) -> ServerProcess:
        """The server itself."""
        return self._server

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    @property
    def pid(self) -> int:
        """Its process."""
        return self._server.pid

    @staticmethod
    def thread_id(number: int) -> str:
        """The thread of the `number`-th call."""
        return f"bench-{number}"

    async def __aenter__(self) -> Self:
        if not self._remote:
            await self._server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._remote:
            await self._server.__aexit__(kind, error, trace)

    async def place(self, pacer: Pacer, codec: AudioCodec, number: int, road: Road | None = None) -> Call:
        """See Bridge: an operator signs in, the caller rings, the bot hands over, the operator accepts."""
        call, server = Call(codec), self._server
        try:
            http = aiohttp.ClientSession(server.url)
            call.finally_do(http.close)
            body = {"username": _name(number), "password": _secret(number)}
            async with http.post("/api/login", json=body) as answer:
                token = (await answer.json())["token"]
            console = Console(server, _name(number))
            call.finally_do(console.leave)
            await console.connect(token)

            async def exchange(offer: str) -> str:
                ack = await console.command("offer", sdp=offer)
                assert ack["ok"], ack
                return str(ack["sdp"])

            await _connect(call, pacer, exchange, road)
            thread_id = self.thread_id(number)
            parameters = {"number": f"+1555020{number:04}", "threadId": thread_id}
            await _ring(call, pacer, server.stream_url, parameters)
            call_id = (await console.wait("call_state", state="bot", threadId=thread_id))["callId"]
            async with http.post(f"/api/calls/{call_id}/handoff", json={"reason": "benchmark"}) as answer:
                answer.raise_for_status()
            await console.wait("incoming_call", callId=call_id)
            ack = await console.command("accept_call", callId=call_id)
            assert ack["ok"], ack
            await console.wait("call_state", callId=call_id, state="bridged")
        except BaseException:
            await call.close()
            raise
        return call


class StockBridge:
    """benchmarks.media.stock_bridge. `port`: of one that runs already."""

    name = STOCK

    def __init__(self, *, port: int = 0) -> None:
        self.port = port
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        if self.port:
            return self
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.media.stock_bridge", stdout=PIPE, cwd=_ROOT
        )
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), _START_S)).decode()
        if not (found := _ADDRESS.search(line)):
            raise RuntimeError(f"The stock bridge did not start: {line!r}")
        self.port = int(found[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), 20)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def place(self, pacer: Pacer, codec: AudioCodec, number: int, road: Road | None = None) -> Call:
        """See Bridge."""
        call, address = Call(codec), f"127.0.0.1:{self.port}"
        try:
            await _ring(call, pacer, f"ws://{address}/stream", {"number": str(number)})
            http = aiohttp.ClientSession(f"http://{address}")
            call.finally_do(http.close)

            async def exchange(offer: str) -> str:
                body = {"callSid": call.phone.call_sid, "sdp": offer}
                async with http.post("/offer", json=body) as answer:
                    answer.raise_for_status()
                    return str((await answer.json())["sdp"])

            await _connect(call, pacer, exchange, road)
        except BaseException:
            await call.close()
            raise
        return call


async def _connect(
    call: Call, pacer: Pacer, exchange: Callable[[str], Awaitable[str]], road: Road | None
) -> None:
    """Offer, take the answer, and let the operator speak."""

    async def by_road(offer: str) -> str:
        if road is None:
            return await exchange(offer)
        return road.answer(await exchange(road.offer(offer)))

    call.finally_do(call.endpoint.close)
    await call.endpoint.connect(by_road)
    call.finally_do(pacer.add(call.operator_speaks))


async def _ring(call: Call, pacer: Pacer, url: str, parameters: dict[str, str]) -> None:
    """Open the caller's stream and let the caller speak."""
    stream = await Stream(url, parameters).open()
    call.finally_do(stream.close)
    call.stream = stream
    call.finally_do(pacer.add(call.caller_speaks))


def _name(number: int) -> str:
    return f"operator-{number}"


def _secret(number: int) -> str:
    return f"secret-{number}"
