"""Whoever has posted a turn and waits for its answer."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web


class Poster:
    """One posted turn, as its connection: many of them may share one."""

    def __init__(self, request: web.Request) -> None:
        self._transport = request.transport

    @property
    def gone(self) -> bool:
        """True where no answer will arrive any more."""
        return self._transport is None or self._transport.is_closing()

    def shares_connection(self, other: Poster) -> bool:
        """True where both turns came from the same phone, one after the other."""
        return self._transport is not None and self._transport is other._transport

    async def tell(self, event: Mapping[str, object]) -> None:
        """Something is known before the whole answer is; only a stream of events takes it."""
