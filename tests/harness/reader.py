"""A thread's reader who keeps what was shown, however often the connection is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from tests.harness.raw_socket import RawSocket
from tests.harness.server import ServerProcess


class Reader:
    """Reads one thread over connections that come and go; `shown`: finals in the order they came."""

    def __init__(self, server: ServerProcess, thread_id: str, token: str | None = None) -> None:
        self._server, self._thread_id, self._token = server, thread_id, token
        self.shown: list[dict[str, Any]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.subscribed = asyncio.Event()

    @property
    def seqs(self) -> list[int]:
        """The seqs of what was shown."""
        return [message["seq"] for message in self.shown]

    async def read(self, enough: Callable[[], bool], *, within: float = 30.0) -> dict[str, Any]:
        """Connect, subscribe behind what was shown, and read until `enough`; then break off.

        Returns the ack. Nothing may come before it.
        """
        async with asyncio.timeout(within), RawSocket(self._server, "/thread") as socket:
            await socket.join({"token": self._token} if self._token else None)
            ask = {"threadId": self._thread_id, "afterSeq": self.seqs[-1] if self.shown else 0}
            await socket.send(f"42/thread,1{json.dumps(['subscribe', ask])}")
            ack: dict[str, Any] | None = None
            while ack is None or not enough():
                text = await socket.receive()
                if text == "2":
                    await socket.send("3")
                elif text.startswith("43/thread,1["):
                    ack = json.loads(text.partition("1")[2])[0]
                    self.shown += ack.get("messages", [])
                    self.subscribed.set()
                elif text.startswith("42/thread,"):
                    assert ack is not None, f"before the ack came {text[:200]}"
                    self._take(*json.loads(text.partition(",")[2]))
            return ack

    def _take(self, event: str, data: dict[str, Any]) -> None:
        self.events.append((event, data))
        if event == "message" and data["final"]:
            self.shown.append(data)
