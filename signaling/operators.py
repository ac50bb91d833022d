"""The operators of this process: their sockets, their audio legs, and what they are told."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import structlog

from bridge.call.call import Call
from bridge.call.handoff import Decline
from bridge.call.operator import OperatorLeg
from bridge.call.services import Withdrawal
from bridge.call.switchboard import Switchboard
from bridge.call.views import call_view
from bridge.directory import Directory, Holder
from bridge.peer.codec_policy import CodecName, CodecPolicy
from bridge.ports import Message
from bridge.tasks import TaskOwner
from bridge.thread.views import message_view
from signaling.accounts import Operator
from signaling.emitter import Emitter
from signaling.settings import Settings

log = structlog.get_logger()

NAMESPACE = "/operator"
EVERYBODY = "operators"
EVERY_WORD = "operators:every-word"
"""The room of the tabs that read along with every call."""
_AUDIO_CHECK = 0.3
_SOCKET_GRACE = 3.0


@dataclass(slots=True)
class Desk:
    """One operator, at however many tabs.

    `audio_sid`: the tab that has the audio; `coming_sid`: another one, whose connection is not up yet.
    `last_call`: the id of the call that was taken last, whose words are shown until the next one.
    """

    holder: Holder
    leg: OperatorLeg
    sids: set[str] = field(default_factory=set)
    audio_sid: str | None = None
    coming_sid: str | None = None
    last_call: str | None = None


def personal(operator_id: str) -> str:
    """The room of all of an operator's tabs."""
    return f"operator:{operator_id}"


def shown_to(operator_id: str) -> str:
    """The room of those tabs of an operator's that read only what their screen shows."""
    return f"operator:{operator_id}:words"


class Operators:
    """Desks by operator, and the CallEvents that they see."""

    def __init__(self, settings: Settings, directory: Directory, emitter: Emitter) -> None:
        self._settings = settings
        self._directory = directory
        self._emitter = emitter
        self._desks: dict[str, Desk] = {}
        self._tasks = TaskOwner("operators")
        self.switchboard: Switchboard | None = None
        """Set by the composition root, which needs this object to make it."""

    def desk(self, operator: Operator) -> Desk:
        """The operator's desk, made on the first visit."""
        found = self._desks.get(operator.id)
        if found is None:
            holder = Holder(operator.id, operator.name)
            leg = OperatorLeg(
                holder,
                lambda: self._settings.ice_servers_for(operator.id, time.time()),
                CodecPolicy(self._settings.operator_codec),
                lambda codec: self._renegotiate(operator.id, codec),
            )
            found = self._desks[operator.id] = Desk(holder, leg)
        return found

    @property
    def keys_dropped(self) -> int:
        """How many keys of callers' have not reached their operator's browser."""
        return sum(desk.leg.keys_dropped for desk in self._desks.values())

    def call_of(self, desk: Desk) -> Call | None:
        """The call that this operator has, if any."""
        return self.switchboard.call_of(desk.holder.id) if self.switchboard else None

    async def set_away(self, desk: Desk, away: bool) -> None:
        """Note whether the operator takes calls; whoever comes back is told what waits."""
        came_back = not away and await self._directory.presence(desk.holder.id) == "away"
        await self._directory.set_presence(desk.holder, "away" if away else "available")
        if came_back:
            for call in self.waiting(desk.holder.id):
                self._offer(call, call.incoming_view(), desk)

    def waiting(self, operator_id: str) -> list[Call]:
        """Calls that are offered to this operator: not taken, and not declined by them."""
        live = self.switchboard.live if self.switchboard else []
        return [call for call in live if call.offered_to(operator_id)]

    def arrive(self, desk: Desk, sid: str) -> None:
        """A tab has connected; audio that lost its tab but still flows belongs to this one now."""
        desk.sids.add(sid)
        if desk.audio_sid is None and desk.leg.connected:
            desk.audio_sid = sid

    def offered(self, desk: Desk, sid: str) -> None:
        """A tab's offer was answered. The tab that is heard now keeps the audio until `took_over`."""
        if desk.leg.connected and desk.audio_sid not in (None, sid):
            desk.coming_sid = sid
        else:
            desk.audio_sid, desk.coming_sid = sid, None

    def took_over(self, desk: Desk, sid: str) -> None:
        """The connection of a tab's offer is up."""
        if desk.coming_sid == sid:
            desk.audio_sid, desk.coming_sid = sid, None

    def leave(self, desk: Desk, sid: str, *, on_purpose: bool) -> None:
        """A tab is gone. Unless it left on purpose, its audio gets a moment to prove that it still lives."""
        desk.sids.discard(sid)
        if desk.coming_sid == sid:  # the tab that is heard has nothing to do with it
            desk.coming_sid = None
            self._tasks.start(desk.leg.drop_coming(), "leave")
        elif desk.audio_sid == sid and desk.coming_sid is not None:
            desk.audio_sid, desk.coming_sid = desk.coming_sid, None
        elif desk.audio_sid == sid:
            desk.audio_sid = None
            self._tasks.start(self._without_socket(desk, on_purpose=on_purpose), "leave")

    async def close(self) -> None:
        """End every operator's audio."""
        await self._tasks.close()
        await asyncio.gather(*(desk.leg.close() for desk in self._desks.values()))

    # -- CallEvents --

    def call_changed(self, call: Call) -> None:
        """See CallEvents."""
        self._tell("call_state", call_view(call))

    def call_offered(self, call: Call) -> None:
        """See CallEvents. Whoever is away, or has declined this call, is not rung."""
        self._tasks.start(self._ring(call), "ring")

    def call_claimed(self, call: Call, holder: Holder) -> None:
        """See CallEvents."""
        desk = self._desks.get(holder.id)
        if desk is not None:
            desk.last_call = call.caller.call_id
        self._tell("call_claimed", {"callId": call.caller.call_id, "operator": _who(holder)})

    def call_declined(self, call: Call, decline: Decline, room: str = EVERYBODY) -> None:
        """Somebody leaves the call to the others, who see why."""
        view = {"callId": call.caller.call_id, "operator": _who(decline.holder), "reason": decline.reason}
        self._tell("call_declined", view, room)

    def tell_declines(self, call: Call, room: str) -> None:
        """Tell whoever has just been offered the call who has left it to them."""
        for decline in call.handoff.declined.values() if call.handoff else ():
            self.call_declined(call, decline, room)

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        """See CallEvents."""
        self._tell("call_withdrawn", {"callId": call.caller.call_id, "reason": reason})

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        """See CallEvents. Operators read the transcript."""

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        """See CallEvents. Only whoever has the call is told."""
        if call.claim is not None:
            self._tell("quality", quality, personal(call.claim.holder.id))

    def message(self, message: Message) -> None:
        """Something was said in a thread (a ThreadLog listener)."""
        call = self.switchboard.find(message.call_id) if self.switchboard else None
        rooms = [shown_to(desk.holder.id) for desk in self._desks.values() if _shows(desk, message, call)]
        view = {"callId": message.call_id, "threadId": message.thread_id, "message": message_view(message)}
        self._tell("transcript", view, [EVERY_WORD, *rooms])

    async def _ring(self, call: Call) -> None:
        view = call.incoming_view()
        for desk in tuple(self._desks.values()):
            holder = desk.holder
            available = await self._directory.presence(holder.id) == "available"
            # Asked last, since the call may have been taken or have ended meanwhile.
            if available and desk.sids and call.offered_to(holder.id):
                self._offer(call, view, desk)

    def _offer(self, call: Call, view: dict[str, object], desk: Desk) -> None:
        self._tell("incoming_call", view, personal(desk.holder.id))
        self.tell_declines(call, personal(desk.holder.id))

    def _renegotiate(self, operator_id: str, codec: CodecName) -> None:
        """Ask the tab that has the audio for a new offer; whoever does not care goes on as it is."""
        sid = self._desks[operator_id].audio_sid
        if sid is not None:
            self._tell("renegotiate", {"reason": "codec", "codec": codec.lower()}, sid)

    # -- audio without a socket --

    async def _without_socket(self, desk: Desk, *, on_purpose: bool) -> None:
        if not on_purpose and await self._audio_outlives(desk):
            return
        if desk.audio_sid is not None:
            return
        call = self.call_of(desk)
        if call is not None:
            call.operator_lost()
        await desk.leg.hang_up()

    async def _audio_outlives(self, desk: Desk) -> bool:
        """True where sound still comes and the operator is back in time: a hiccup that nobody hears."""
        deadline = time.monotonic() + _SOCKET_GRACE
        while time.monotonic() < deadline:
            await asyncio.sleep(_AUDIO_CHECK)
            if desk.audio_sid is not None:
                return True
            if desk.leg.silent_for > _AUDIO_CHECK:
                return False
        return desk.audio_sid is not None

    def _tell(self, event: str, data: object, room: str | list[str] = EVERYBODY) -> None:
        self._emitter.emit(event, data, room=room, namespace=NAMESPACE)


def _who(holder: Holder) -> dict[str, object]:
    return {"id": holder.id, "name": holder.name}


def _shows(desk: Desk, message: Message, call: Call | None) -> bool:
    """True where this operator's screen shows what is said: a call that rings, or the one they took last."""
    if not desk.sids:
        return False
    return desk.last_call == message.call_id or (call is not None and call.offered_to(desk.holder.id))
