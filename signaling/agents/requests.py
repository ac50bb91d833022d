"""Turns that agents have been asked to answer, by the id that their replies must carry."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

_REMEMBERED = 2000

Verdict = Literal["taken", "late", "not_yours", "unknown"]
"""What became of a reply: a turn got it; its turn is over; another was asked; nobody was."""


@dataclass(frozen=True, slots=True)
class _Request:
    owner: str
    session_id: str
    reply: asyncio.Future[str]
    closed: asyncio.Event


class TurnRequests:
    """Pending turns, and the last 2000 that are over. An entry is pending exactly while `ask` runs."""

    def __init__(self) -> None:
        self._pending: dict[str, _Request] = {}
        self._over: OrderedDict[str, tuple[str, str]] = OrderedDict()

    @property
    def pending(self) -> int:
        """Turns that wait for their reply now."""
        return len(self._pending)

    def open(self, owner: str, session_id: str) -> tuple[str, asyncio.Future[str]]:
        """A new request's id, and what its reply will be set on; `close` must follow."""
        request_id = uuid.uuid4().hex
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = _Request(owner, session_id, reply, asyncio.Event())
        return request_id, reply

    def close(self, request_id: str) -> None:
        """The request is over, answered or not."""
        request = self._pending.pop(request_id, None)
        if request is not None:
            request.closed.set()
            self._over[request_id] = (request.owner, request.session_id)
            while len(self._over) > _REMEMBERED:
                self._over.popitem(last=False)

    async def heard(self, owner: str) -> None:
        """Return once every reply that `owner` has given has reached its turn.

        A release that comes right behind a reply would otherwise take the turn away from under it.
        """
        for request in [request for request in self._pending.values() if request.owner == owner]:
            if request.reply.done():
                await request.closed.wait()

    def answer(self, owner: str, request_id: str, text: str) -> tuple[Verdict, str]:
        """Give `owner`'s reply to the turn that waits for it; the session it was for, "" where unknown."""
        request = self._pending.get(request_id)
        if request is None:
            asked, session_id = self._over.get(request_id, ("", ""))
            if not asked:
                return "unknown", ""
            return ("late", session_id) if asked == owner else ("not_yours", "")
        if request.owner != owner:
            return "not_yours", ""
        if request.reply.done():
            return "late", request.session_id
        request.reply.set_result(text)
        return "taken", request.session_id
