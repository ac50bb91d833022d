"""A console that takes another road with each connection, as a browser does that changes its network."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from tests.harness.peer_console import PeerConsole
from tests.harness.road import Road, Weather
from tests.harness.server import ServerProcess


class MovingConsole(PeerConsole):
    """As PeerConsole. `roads` are those of its connections, `answers` what was agreed on.

    `towards_client` is the weather of the roads to come, in that direction.
    """

    def __init__(self, server: ServerProcess, roads: AsyncExitStack, **options: Any) -> None:
        super().__init__(server, **options)
        self._stack = roads
        self.roads: list[Road] = []
        self.answers: list[str] = []
        self.towards_client = Weather()

    async def command(self, event: str, **payload: Any) -> Any:
        """As Console; an offer and its answer lead to a new road."""
        if event != "offer":
            return await super().command(event, **payload)
        road = await self._stack.enter_async_context(Road(len(self.roads)))
        road.towards_client = self.towards_client
        self.roads.append(road)
        ack = await super().command(event, sdp=road.offer(payload["sdp"]))
        self.answers.append(ack["sdp"])
        return {**ack, "sdp": road.answer(ack["sdp"])}
