"""Consoles whose audio goes by a bad road."""

from __future__ import annotations

import re
from typing import Any

from tests.harness.console import Console
from tests.harness.peer_console import PeerConsole
from tests.harness.road import Road
from tests.harness.server import ServerProcess

_OFFERED = re.compile(r"(m=audio \d+ \S+)[ \d]+")
_PAYLOAD_TYPES = {"audio/opus": 111, "audio/PCMU": 0, "audio/PCMA": 8}


class RoadConsole(PeerConsole):
    """As PeerConsole, with its packets on `road`.

    `codec`: offer only this one, such as "audio/PCMU". `token`: of an operator the harness does not know.
    """

    def __init__(
        self,
        server: ServerProcess,
        road: Road,
        name: str = "sam",
        *,
        idle: bytes | None = None,
        codec: str | None = None,
        token: str | None = None,
    ) -> None:
        super().__init__(server, name, idle=idle)
        self.road, self.codec, self._token = road, codec, token

    async def connect(self, token: str | None = None) -> None:
        """Sign in and open the namespace."""
        await super().connect(token or self._token)

    async def command(self, event: str, **payload: Any) -> Any:
        """Send an event and return its ack; an offer and its answer lead to the road."""
        if event == "offer" and self.codec is not None:
            only = rf"\1 {_PAYLOAD_TYPES[self.codec]}"
            payload["sdp"] = _OFFERED.sub(only, payload["sdp"])
        return await _by_road(self.road, super().command, event, payload)


class AiortcRoadConsole(Console):
    """As Console, stock aiortc and all, with its packets on `road`."""

    def __init__(self, server: ServerProcess, road: Road, name: str = "sam", **options: Any) -> None:
        super().__init__(server, name, **options)
        self.road = road

    async def command(self, event: str, **payload: Any) -> Any:
        """Send an event and return its ack; an offer and its answer lead to the road."""
        return await _by_road(self.road, super().command, event, payload)


async def _by_road(road: Road, command: Any, event: str, payload: dict[str, Any]) -> Any:
    if event != "offer":
        return await command(event, **payload)
    ack = await command(event, **payload | {"sdp": road.offer(payload["sdp"])})
    return ack | {"sdp": road.answer(ack["sdp"])} if ack["ok"] else ack
