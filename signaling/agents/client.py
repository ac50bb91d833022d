"""One agent's socket."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping

import structlog
from aiohttp import web

from bridge.call.agent_side import Loss, NoReply
from bridge.directory import Holder
from signaling.agents import wire
from signaling.agents.requests import TurnRequests

log = structlog.get_logger()

_WAITING_MOST = 2000
_BYTES_MOST = 8 * 1024 * 1024
DEFAULT_NAME = "Agent"


class AgentClient:
    """A connected agent, and an AgentLink for the calls that it has.

    What it is sent waits in a queue of at most 2000 messages or 8 MiB: an agent that reads more slowly than
    calls happen is disconnected, since it could not follow them any more.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        abort: Callable[[], None],
        requests: TurnRequests,
        patience: float,
    ) -> None:
        self.id = f"agent:{uuid.uuid4()}"
        self.connected_at = time.time()
        self.name = DEFAULT_NAME
        self.partials: set[str] = set()
        """Sessions whose caller's words it follows as they are spoken."""
        self._socket, self._abort = socket, abort
        self._requests, self._patience = requests, patience
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._waiting = 0
        self.gone = False

    # -- AgentLink --

    @property
    def holder(self) -> Holder:
        """See AgentLink."""
        return Holder(self.id, self.name, "agent")

    async def ask(self, call_id: str, transcript: str, within: float | None) -> str:
        """See AgentLink."""
        patience = self._patience if within is None else min(within, self._patience)
        if self.gone:
            raise NoReply("The agent is gone.")
        request_id, reply = self._requests.open(self.id, call_id)
        turn = {"session_id": call_id, "transcript": transcript, "request_id": request_id}
        self.tell("turn.request", turn, call_id)
        try:
            # Not asyncio.timeout: a reply that comes as time runs out would be taken, and then thrown away.
            await asyncio.wait([reply], timeout=patience)
        finally:
            self._requests.close(request_id)
        if reply.done():
            return reply.result()
        detail = f"The agent did not answer within {patience:g} s."
        self.tell("turn.timeout", {"request_id": request_id, "detail": detail}, call_id)
        raise NoReply(detail)

    def lost(self, call_id: str, reason: Loss, by: Holder | None) -> None:
        """See AgentLink."""
        self.partials.discard(call_id)
        if reason != "released":
            who = {"id": by.id, "name": by.name, "kind": by.kind} if by else None
            self.tell("takeover.lost", {"reason": reason, "by": who}, call_id)

    # -- the socket --

    def tell(self, kind: str, data: Mapping[str, object], session_id: str = "") -> None:
        """Send an event to this agent alone."""
        self.push(wire.event(kind, data, session_id=session_id, now=time.time()))

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message as it is."""
        self.push(wire.dumps(message))

    def push(self, text: str) -> None:
        """Send JSON; never blocks."""
        if self.gone:
            return
        if self._out.qsize() >= _WAITING_MOST or self._waiting > _BYTES_MOST:
            log.warning("agent_too_slow", agent=self.id)
            self.gone = True
            self._abort()
            return
        self._waiting += len(text)
        self._out.put_nowait(text)

    async def write(self) -> None:
        """Send what waits, until cancelled or the socket is gone."""
        try:
            while True:
                text = await self._out.get()
                self._waiting -= len(text)
                await self._socket.send_str(text)
        except ConnectionError:
            self._abort()
        except Exception:  # the boundary of a task: an agent that is told nothing more must not seem alive
            log.exception("agent_not_told", agent=self.id)
            self._abort()

    async def close(self) -> None:
        """Say goodbye to the socket."""
        await self._socket.close(code=1001, message=b"The server is shutting down.")
