"""A small exchange on a real socket: what takes calls in these tests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import websockets
from aiohttp import web
from websockets.asyncio.client import ClientConnection

from bridge.errors import BridgeError
from bridge.ports import Caller, Line
from telephony.registry import StreamRegistry
from telephony.twilio.routes import TwilioConfig, add_routes

PATIENCE = 10.0
"""Seconds after which something that must happen is taken for lost."""


class Leg:
    """A LineListener that keeps what it is told; with `echo` it sends every frame back."""

    def __init__(self, line: Line, caller: Caller, exchange: Exchange) -> None:
        self.line = line
        self.caller = caller
        self.audio: list[bytes] = []
        self.marks: list[str] = []
        self.digits: list[str] = []
        self.closed: list[str] = []
        self._exchange = exchange

    def on_audio(self, payload: bytes) -> None:
        self.audio.append(payload)
        if self._exchange.echo:
            self.line.send_audio(payload)
        self._exchange.wake()

    def on_mark(self, name: str) -> None:
        self.marks.append(name)
        self._exchange.wake()

    def on_dtmf(self, digit: str) -> None:
        if self._exchange.broken:
            raise RuntimeError("a listener that breaks its promise")
        self.digits.append(digit)
        self._exchange.wake()

    def on_closed(self, reason: str) -> None:
        self.closed.append(reason)
        self._exchange.wake()


class Exchange:
    """Accepts lines, and lets a test wait for what happens on them."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self.refuse: BridgeError | None = None
        self.echo = False
        self.broken = False
        self.full = False
        self.url = ""
        self.registry = StreamRegistry()
        self._changed = asyncio.Event()

    def accept(self, line: Line, caller: Caller) -> Leg:
        if self.refuse is not None:
            raise self.refuse
        self.legs.append(Leg(line, caller, self))
        self.wake()
        return self.legs[-1]

    def wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, check: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not check():
                await self._changed.wait()

    async def leg(self, index: int = 0) -> Leg:
        await self.until(lambda: len(self.legs) > index)
        return self.legs[index]

    @property
    def stream_url(self) -> str:
        return "ws" + self.url.removeprefix("http") + "/telephony/twilio/stream"


Serve = Callable[[TwilioConfig], Awaitable[Exchange]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start an exchange behind Twilio's routes on a free port of the loopback address."""
    async with AsyncExitStack() as stack:

        async def start(config: TwilioConfig) -> Exchange:
            exchange = Exchange()
            app = web.Application()
            exchange.registry = add_routes(app, exchange.accept, config, busy=lambda: exchange.full)
            runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=2)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            exchange.url = f"http://{host}:{port}"
            return exchange

        yield start


@pytest.fixture
async def exchange(serve: Serve) -> Exchange:
    """An exchange with the open surface."""
    return await serve(TwilioConfig(open_surface=True))


@pytest.fixture
async def open_socket(exchange: Exchange) -> AsyncIterator[Callable[[], Awaitable[ClientConnection]]]:
    """Open a bare WebSocket to the exchange's stream, which reads only when it is told to."""
    async with AsyncExitStack() as stack:

        async def connect() -> ClientConnection:
            host, port = exchange.url.removeprefix("http://").split(":")
            sock = socket.socket()
            stack.callback(sock.close)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
            opening = websockets.connect(
                exchange.stream_url, sock=sock, max_queue=1, compression=None, close_timeout=1, proxy=None
            )
            return await stack.enter_async_context(opening)

        yield connect
