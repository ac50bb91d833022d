"""A thread viewer that keeps when each message came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio

from tests.harness.server import ServerProcess

NAMESPACE = "/thread"

Message = dict[str, Any]


class ThreadViewer:
    """Reads one thread as it grows. Use as `async with`; `came` has each message with its monotonic time."""

    def __init__(self, server: ServerProcess, thread_id: str) -> None:
        self._server, self._thread_id = server, thread_id
        self._socket = socketio.AsyncClient(reconnection=False)
        self._changed = asyncio.Event()
        self.came: list[tuple[float, Message]] = []

    async def __aenter__(self) -> Self:
        self._socket.on("message", self._take, namespace=NAMESPACE)
        await self._socket.connect(self._server.url, namespaces=[NAMESPACE])
        request = {"threadId": self._thread_id}
        ack = await self._socket.call("subscribe", request, namespace=NAMESPACE, timeout=5)
        assert ack["ok"], ack
        for message in ack["messages"]:
            await self._take(message)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.disconnect()

    async def wait(
        self, fits: Callable[[Message], bool], *, since: float, within: float = 20.0
    ) -> tuple[float, Message]:
        """The first message after monotonic `since` that fits, with its time; raises TimeoutError."""
        async with asyncio.timeout(within):
            while True:
                for at, message in self.came:
                    if at > since and fits(message):
                        return at, message
                await self._changed.wait()

    async def bot_said(self, text: str, *, since: float, final: bool = True, within: float = 20.0) -> float:
        """When the bot was shown to say `text`: to its end, or, unless `final`, to begin with it."""
        at, _ = await self.wait(
            lambda m: m["speaker"] == "bot" and m["text"] == text and bool(m["final"]) is final,
            since=since,
            within=within,
        )
        return at

    async def _take(self, message: Message) -> None:
        self.came.append((time.monotonic(), message))
        self._changed.set()
        self._changed = asyncio.Event()
