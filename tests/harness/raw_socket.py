"""A Socket.IO client that says exactly what it is told to, well-formed or not."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.harness.server import ServerProcess


class RawSocket:
    """One WebSocket that speaks Engine.IO 4 by hand. Use as `async with`."""

    def __init__(self, server: ServerProcess, namespace: str = "/operator", **headers: str) -> None:
        self._server, self._namespace, self._headers = server, namespace, headers
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._id = 0

    async def __aenter__(self) -> Self:
        url = f"{self._server.url}/socket.io/?EIO=4&transport=websocket"
        self._ws = await self._server.session.ws_connect(url, headers=self._headers, max_msg_size=0)
        assert (await self.receive())[0] == "0"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ws is not None:
            await self._ws.close()

    async def join(self, auth: object = None) -> dict[str, Any]:
        """Connect to the namespace; `{"sid"}` where let in, else the refusal's `{"message", "data"}`."""
        await self.send(f"40{self._namespace},{json.dumps(auth)}" if auth else f"40{self._namespace},")
        answer = await self._until(("40", "44"))
        return dict(json.loads(answer.partition(",")[2]))

    async def event(self, name: object, *payload: object) -> Any:
        """Emit an event and return its ack."""
        return await self.ask(json.dumps([name, *payload]))

    async def ask(self, text: str) -> Any:
        """Send `text` as the JSON of an event and return its ack."""
        self._id += 1
        await self.send(f"42{self._namespace},{self._id}{text}")
        answer = await self._until((f"43{self._namespace},{self._id}[",))
        return json.loads(answer[answer.index("[") :])[0]

    async def send(self, message: str | bytes) -> None:
        """Send anything."""
        assert self._ws is not None
        await (self._ws.send_str(message) if isinstance(message, str) else self._ws.send_bytes(message))

    async def receive(self) -> str:
        """The next message; raises ConnectionError where the server has closed."""
        assert self._ws is not None
        message = await self._ws.receive(timeout=10)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError(f"closed with {self._ws.close_code}")
        return str(message.data)

    async def _until(self, beginnings: tuple[str, ...]) -> str:
        while True:
            message = await self.receive()
            if message == "2":
                await self.send("3")
            elif message.startswith(beginnings):
                return message
