"""Every connected agent: what they are told, and which calls they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from aiohttp import web

from bridge.call.call import Call
from bridge.call.services import Withdrawal
from bridge.call.states import State
from bridge.call.switchboard import Switchboard
from bridge.directory import Holder
from bridge.errors import BridgeError
from bridge.ports import Message
from bridge.tasks import TaskOwner
from bridge.thread.views import iso_utc
from signaling.agents import wire
from signaling.agents.client import AgentClient
from signaling.agents.dials import Dials
from signaling.agents.requests import TurnRequests

log = structlog.get_logger()

_MOST = 100


class AgentHub:
    """The CallEvents that agents see, as bus events to every one of them; and their takeovers.

    `patience`: seconds an agent has to answer a turn.
    """

    def __init__(self, *, patience: float) -> None:
        self.requests = TurnRequests()
        self.tasks = TaskOwner("agents")
        self.dials = Dials(
            lambda data, session_id: self.publish("call.outcome", data, session_id), self.tasks
        )
        self.calls_seen = 0
        self._patience = patience
        self._clients: dict[str, AgentClient] = {}
        self._states: dict[str, State] = {}
        self.switchboard: Switchboard | None = None
        """Set by the composition root, which needs this object to make it."""

    @property
    def full(self) -> bool:
        """True where another agent would be refused."""
        return len(self._clients) >= _MOST

    def arrive(self, socket: web.WebSocketResponse, abort: Callable[[], None]) -> AgentClient:
        """An agent has connected."""
        client = AgentClient(socket, abort, self.requests, self._patience)
        self._clients[client.id] = client
        self.publish("agent.connected", {"agent_count": len(self._clients)})
        return client

    async def leave(self, client: AgentClient) -> None:
        """An agent is gone: everything it had is the bot's again."""
        client.gone = True
        self._clients.pop(client.id, None)
        for call in self._taken_by(client):
            try:
                await self.release(client, call.caller.call_id)
            except BridgeError as error:  # taken or ended in this moment
                log.info("agent_release_late", call=call.caller.call_id, code=error.code)
        self.publish("agent.disconnected", {"agent_count": len(self._clients)})

    async def take_over(self, client: AgentClient, session_id: str) -> None:
        """Give a call's turns to `client`. Raises as Switchboard.take_over does."""
        await self._board().take_over(session_id, client)
        self.publish("agent.takeover", {"agent": client.name}, session_id)

    async def release(self, client: AgentClient, session_id: str) -> None:
        """Give them back to the bot. Raises as Switchboard.give_back does."""
        await self.requests.heard(client.id)
        await self._board().give_back(session_id, client)
        self.publish("agent.release", {"agent": client.name}, session_id)

    def agents(self) -> list[dict[str, object]]:
        """Who is connected, and what each of them has."""
        return [
            {
                "id": client.holder.id,
                "name": client.name,
                "connected_at": client.connected_at,
                "connectedAt": iso_utc(datetime.fromtimestamp(client.connected_at, UTC)),
                "takeover_sessions": taken,
                "takeovers": taken,
            }
            for client in self._clients.values()
            for taken in ([call.caller.call_id for call in self._taken_by(client)],)
        ]

    def publish(self, kind: str, data: Mapping[str, object], session_id: str = "") -> None:
        """Tell every agent. Fields that name the session do so in `data`, too."""
        named = {**data, "session_id": session_id} if session_id else data
        text = wire.event(kind, named, session_id=session_id, now=time.time())
        for client in tuple(self._clients.values()):
            client.push(text)

    async def close(self) -> None:
        """Let every agent go."""
        for client in tuple(self._clients.values()):
            self.tasks.start(client.close(), "close")
        await self.tasks.finish(2.0)
        await self.tasks.close()

    # -- CallEvents --

    def call_changed(self, call: Call) -> None:
        """See CallEvents. A session begins with the first change and ends once."""
        session_id, caller = call.caller.call_id, call.caller
        before = self._states.get(session_id)
        if before is None and not call.ended:
            self.calls_seen += 1
            began = {"provider": caller.provider, "number": caller.number, "thread_id": caller.thread_id}
            self.publish("session.started", began, session_id)
            self.dials.call_began(caller.number, session_id)
        if call.ended:
            if self._states.pop(session_id, None) is not None:
                self.publish("session.ended", {"reason": call.end.value if call.end else ""}, session_id)
            return
        self._states[session_id] = call.state
        if before is not None and before is not call.state:
            self.publish("session.state", {"state": call.state.value, "before": before.value}, session_id)

    def call_offered(self, call: Call) -> None:
        """See CallEvents."""
        handoff = call.handoff
        wish = {"queue": handoff.queue, "reason": handoff.wish.reason} if handoff else {}
        self.publish("handoff.offered", wish, call.caller.call_id)

    def call_claimed(self, call: Call, holder: Holder) -> None:
        """See CallEvents."""
        operator = {"id": holder.id, "name": holder.name}
        self.publish("handoff.claimed", {"operator": operator}, call.caller.call_id)

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        """See CallEvents."""
        self.publish("handoff.withdrawn", {"reason": reason}, call.caller.call_id)

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        """See CallEvents."""
        self.publish(event, data, call.caller.call_id)

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        """See CallEvents. Figures for operators."""

    def message(self, message: Message) -> None:
        """What a caller is saying goes to the agent who follows it (a ThreadLog listener)."""
        if message.final or message.speaker != "caller":
            return
        for client in self._clients.values():
            if message.call_id in client.partials:
                client.tell("turn.partial", {"transcript": message.text}, message.call_id)

    def _taken_by(self, client: AgentClient) -> list[Call]:
        return [call for call in self._board().live if call.agent.link is client]

    def _board(self) -> Switchboard:
        assert self.switchboard is not None
        return self.switchboard
