"""The other end of an OpenAI-compatible endpoint: answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

Reply = str | None


class ChatServer:
    """Serves `/v1/chat/completions`. `reply` is what every request gets; None leaves it unanswered.

    It may also be a function of the request.
    """

    def __init__(self, reply: Reply | Callable[[dict[str, Any]], Reply] = "All right.") -> None:
        self.reply = reply
        self.status = 200
        self.body: Mapping[str, object] | None = None
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._changed = asyncio.Event()
        self._never = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._never.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def asked(self, count: int, within: float = 20.0) -> dict[str, Any]:
        """The `count`-th request."""
        async with asyncio.timeout(within):
            while len(self.requests) < count:
                await self._changed.wait()
        return self.requests[count - 1]

    async def _complete(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.requests.append(asked)
        self._changed.set()
        self._changed = asyncio.Event()
        reply = self.reply(asked) if callable(self.reply) else self.reply
        if reply is None:
            await self._never.wait()
        message = {"role": "assistant", "content": reply}
        body = {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 0,
            "model": "test",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        }
        return web.json_response(self.body if self.body is not None else body, status=self.status)
