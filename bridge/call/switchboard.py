"""All calls of this process: takes lines in, finds calls, settles who wins one."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import replace
from typing import Literal

import structlog

from bridge.call.agent_side import AgentLink
from bridge.call.call import Call
from bridge.call.operator import OperatorLeg
from bridge.call.services import Services
from bridge.call.states import Event, IllegalEvent, State
from bridge.directory import AlreadyClaimed
from bridge.errors import BridgeError
from bridge.ports import Caller, Line
from bridge.tasks import TaskOwner

log = structlog.get_logger()

_REMEMBERED = 500
_LAST_WORDS = 3.0
_FINISHING_MOST = 3
"""Calls in memory, in multiples of the most that may be live."""


class LineBinding:
    """One stream's hold on its call: what an older stream of the same call says is not heard any more."""

    def __init__(self, call: Call, line: Line) -> None:
        self._call, self._line = call, line

    @property
    def _current(self) -> bool:
        return self._call.patch.line is self._line

    def on_audio(self, payload: bytes) -> None:
        """See LineListener."""
        if self._current:
            self._call.caller_side.on_audio(payload)

    def on_mark(self, name: str) -> None:
        """See LineListener."""
        if self._current:
            self._call.caller_side.on_mark(name)

    def on_dtmf(self, digit: str) -> None:
        """See LineListener."""
        if self._current:
            self._call.caller_side.on_dtmf(digit)

    def on_closed(self, reason: Literal["caller_hung_up", "line_lost"]) -> None:
        """See LineListener."""
        if self._current:
            self._call.caller_side.on_closed(reason)


class Switchboard:
    """Registry of live calls and of the last 500 that ended."""

    def __init__(self, services: Services, *, max_calls: int) -> None:
        self._services = services
        self._max_calls = max_calls
        self._live: dict[str, Call] = {}
        self._past: OrderedDict[str, Call] = OrderedDict()
        self._tasks = TaskOwner("switchboard")
        self._closing = False

    @property
    def live(self) -> list[Call]:
        """Calls that have not ended, oldest first."""
        return [call for call in self._live.values() if call.state is not State.ENDED]

    @property
    def unfinished(self) -> list[Call]:
        """The live calls, and those that have ended and are still being written down."""
        return list(self._live.values())

    @property
    def full(self) -> bool:
        """True where a new call would be refused.

        A call that has ended and waits for its last words to be written takes no line, but not without end.
        """
        finishing = len(self._live) >= _FINISHING_MOST * self._max_calls
        return self._closing or finishing or len(self.live) >= self._max_calls

    def accept(self, line: Line, caller: Caller) -> LineBinding:
        """Start a call, or let a live one carry on on a new stream; see ports.CallAcceptor."""
        live = self._live.get(caller.call_id)
        if live is not None and live.state is not State.ENDED:
            live.caller_side.adopt(line)
            return LineBinding(live, line)
        if self._closing:
            raise BridgeError("The server is shutting down.", code="shutting_down")
        if self.full:
            raise BridgeError(f"All {self._max_calls} lines are busy.", code="over_capacity")
        if live is not None or caller.call_id in self._past:
            caller = replace(caller, call_id=str(uuid.uuid4()))
        call = Call(caller, line, self._services)
        self._live[caller.call_id] = call
        self._tasks.start(self._live_out(call), caller.call_id)
        return LineBinding(call, line)

    @property
    def threads(self) -> set[str]:
        """Ids of the threads that calls are in, those included that write their last words."""
        return {call.caller.thread_id for call in self._live.values()}

    @property
    def past_threads(self) -> set[str]:
        """Ids of the threads of the calls that are remembered."""
        return {call.caller.thread_id for call in self._past.values()}

    def forget(self, thread_ids: Collection[str]) -> None:
        """Remember no call of these threads any more."""
        for call_id, call in list(self._past.items()):
            if call.caller.thread_id in thread_ids:
                del self._past[call_id]

    def find(self, call_id: object) -> Call | None:
        """The call of this id, live or among those that ended lately."""
        if not isinstance(call_id, str):
            return None
        return self._live.get(call_id) or self._past.get(call_id)

    async def claim(self, call_id: object, leg: OperatorLeg) -> Call:
        """Give a waiting call to an operator; exactly one wins.

        Asking again for a call that one already has is fine. Raises AlreadyClaimed, or BridgeError with
        `gone`, `not_waiting`, `busy` or `no_audio`.
        """
        call = self.find(call_id)
        if call is None or call.state is State.ENDED:
            raise BridgeError("This call is over.", code="gone")
        holder = call.claim.holder if call.claim else None
        if holder is not None and holder.id == leg.holder.id:
            return call
        if holder is not None and holder.kind == "human":
            raise AlreadyClaimed(holder)
        if call.state is not State.HANDOFF:
            raise BridgeError("This call is not waiting for anybody.", code="gone")
        if self.call_of(leg.holder.id) is not None:
            raise BridgeError("You already have a call; release it first.", code="busy")
        if leg.failed:
            raise BridgeError("Your audio connection has failed; send a new offer first.", code="no_audio")
        claim = await self._services.directory.claim(call.caller.call_id, leg.holder)
        try:
            call.take(leg, claim)
        except IllegalEvent:
            await self._services.directory.drop_claim(claim)
            raise BridgeError("This call is over or not waiting any more.", code="gone") from None
        return call

    async def take_over(self, call_id: object, link: AgentLink) -> Call:
        """Give a call's turns to a software agent; the last one wins, and none wins over a person.

        Raises AlreadyClaimed, or BridgeError with `gone` or `not_with_bot`.
        """
        call = self.find(call_id)
        if call is None or call.state is State.ENDED:
            raise BridgeError("There is no such session, or it is over.", code="gone")
        holder = call.claim.holder if call.claim else None
        if holder is not None and holder.kind == "human":
            raise AlreadyClaimed(holder)
        call.agent.check()  # before a claim supersedes that of an agent who keeps the call
        claim = await self._services.directory.claim(call.caller.call_id, link.holder)
        try:
            call.agent.take(link, claim)
        except BridgeError:
            await self._services.directory.drop_claim(claim)
            raise
        return call

    async def give_back(self, call_id: object, link: AgentLink) -> Call:
        """End a software agent's part. Raises BridgeError with `gone` or `not_yours`."""
        call = self.find(call_id)
        if call is None or call.state is State.ENDED:
            raise BridgeError("There is no such session, or it is over.", code="gone")
        await self._services.directory.drop_claim(call.agent.release(link))
        return call

    def call_of(self, operator_id: str) -> Call | None:
        """The call that an operator has, if any."""
        for call in self.live:
            if call.claim is not None and call.claim.holder.id == operator_id:
                return call
        return None

    async def close(self, *, deadline: float) -> None:
        """Take no more calls; let those with a person finish, end the others with a word, in `deadline` s.

        What is still on then is ended, and has a few seconds more for its transcript. Idempotent.
        """
        self._closing = True
        for call in self.live:
            call.wind_down(_LAST_WORDS)
        await self._tasks.finish(deadline)
        self.end_all()
        await self._tasks.finish(2 * _LAST_WORDS + 1)
        await self._tasks.close()

    def end_all(self) -> None:
        """End every live call in this moment."""
        for call in self.live:
            call.try_dispatch(Event.SHUTDOWN)

    async def _live_out(self, call: Call) -> None:
        call_id = call.caller.call_id
        try:
            await call.run()
        except Exception:  # the outer boundary of a call: it must not take others with it
            log.exception("call_failed", call=call_id)
            call.try_dispatch(Event.FAILED)
        finally:
            self._live.pop(call_id, None)
            self._past[call_id] = call
            while len(self._past) > _REMEMBERED:
                self._past.popitem(last=False)
