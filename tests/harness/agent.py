"""A software agent as an outsider would write it: one WebSocket, JSON both ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.server import ServerProcess


class AgentConsole:
    """One agent's socket. Use as `async with`; everything received is kept in `events`, in order."""

    def __init__(self, server: ServerProcess, *, token: str | None = None, **headers: str) -> None:
        self.server = server
        self._headers = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        self.ws: aiohttp.ClientWebSocketResponse | None = None
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.ws = await self.server.session.ws_connect(
            f"{self.server.url}/api/agent/ws", headers=self._headers, max_msg_size=0
        )
        self._reading = asyncio.create_task(self._read(self.ws))
        await self.wait("agent.connected")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Close the socket and wait until it is."""
        assert self.ws is not None
        assert self._reading is not None
        await self.ws.close()
        await self._reading

    async def send(self, kind: str, **fields: object) -> None:
        """Send a command."""
        await self.say({"type": kind, **fields})

    async def say(self, message: Mapping[str, object] | str | bytes) -> None:
        """Send anything."""
        assert self.ws is not None
        if isinstance(message, bytes):
            await self.ws.send_bytes(message)
        else:
            await self.ws.send_str(message if isinstance(message, str) else json.dumps(message))

    async def ask(self, kind: str, answer: str | None = None, **fields: object) -> dict[str, Any]:
        """Send a command and return what answers it."""
        answer = answer or f"{kind}.ack"
        before = len(self.all(answer))
        await self.send(kind, **fields)
        return await self.wait(answer, before + 1)

    async def take_over(self, session_id: str) -> dict[str, Any]:
        """Take a session over, others maybe at the same time; its ack."""
        await self.send("takeover", session_id=session_id)
        return await self.wait("takeover.ack", session_id=session_id)

    async def reply(self, request: Mapping[str, Any], text: str) -> None:
        """Answer a `turn.request`."""
        await self.say({"reply": text, "request_id": request["request_id"]})

    def all(self, kind: str, **fields: object) -> list[dict[str, Any]]:
        """Every such message so far."""
        return [
            event
            for event in self.events
            if event.get("type") == kind and all(event.get(key) == value for key, value in fields.items())
        ]

    async def wait(self, kind: str, count: int = 1, within: float = 20.0, **fields: object) -> dict[str, Any]:
        """The `count`-th such message; raises TimeoutError."""
        async with asyncio.timeout(within):
            while len(self.all(kind, **fields)) < count:
                await self._changed.wait()
        return self.all(kind, **fields)[count - 1]

    async def closed(self, within: float = 20.0) -> int | None:
        """Wait until the server has closed the socket; its close code."""
        assert self._reading is not None
        assert self.ws is not None
        await asyncio.wait_for(self._reading, within)
        return self.ws.close_code

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.events.append(json.loads(message.data))
                self._changed.set()
                self._changed = asyncio.Event()


async def said(server: ServerProcess, phone: TwilioSimulator, text: str) -> dict[str, Any]:
    """The message of this text in the phone's thread, as soon as it is there."""
    thread = f"{server.url}/api/threads/{phone.parameters['threadId']}"
    async with Console(server, "kim") as console:
        while True:
            told = len(console.all("transcript"))
            async with server.session.get(thread) as answer:
                messages = (await answer.json()).get("messages", [])
            for message in messages:
                if text in message["text"]:
                    return dict(message)
            await console.wait("transcript", told + 1, within=20)
