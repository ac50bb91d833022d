"""Socket.IO namespace `/operator`: what the console and `patchbay operator` speak."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal

from bridge.call.call import Call
from bridge.call.states import Event
from bridge.call.switchboard import Switchboard
from bridge.call.views import call_view
from bridge.directory import AlreadyClaimed
from bridge.errors import BridgeError
from bridge.media.dtmf import KEYS
from bridge.thread.views import iso_utc
from signaling.auth import OperatorBook
from signaling.emitter import Emitter
from signaling.errors import error_body
from signaling.namespace import Namespace, shown
from signaling.operators import (
    EVERY_WORD,
    EVERYBODY,
    NAMESPACE,
    Desk,
    Operators,
    personal,
    shown_to,
)
from signaling.ratelimit import TokenBuckets
from signaling.settings import Settings
from signaling.texts import flag, optional_text
from signaling.tokens import AuthError

log = structlog.get_logger()

Ack = dict[str, object]
Payload = Mapping[str, Any]

_MOST_KEYS = 32


class OperatorNamespace(Namespace):
    """Every client event is acknowledged: `{ok: true, …}` or `{ok: false, error}`."""

    def __init__(
        self,
        settings: Settings,
        book: OperatorBook,
        operators: Operators,
        switchboard: Switchboard,
        emitter: Emitter,
        resume_points: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(NAMESPACE)
        self._resume_points = [{"id": name, "label": label} for name, label in resume_points]
        self._settings = settings
        self._book = book
        self._operators = operators
        self._switchboard = switchboard
        self._emitter = emitter
        self._desks: dict[str, Desk] = {}
        self._buckets = TokenBuckets(capacity=200, refill_s=0.02)
        self.unknown = 0
        self._commands: dict[str, Callable[[str, Desk, Payload], Awaitable[Ack]]] = {
            "set_presence": self._set_presence,
            "offer": self._offer,
            "candidate": self._candidate,
            "accept_call": self._accept,
            "decline_call": self._decline,
            "release_call": self._release,
            "hangup_call": self._hang_up,
            "hold_call": self._hold,
            "pause_transcript": self._pause_transcript,
            "say": self._say,
            "dtmf": self._dtmf,
        }

    async def trigger_event(self, event: object, *args: Any) -> Any:
        """Dispatch a client's event; unknown ones are counted and answered with an error."""
        sid, payload = args[0], (args[1] if len(args) > 1 else None)
        desk = self._desks.get(sid)
        if self.begins(event, known=desk is not None):
            return await self._connect(*args)
        if self.ends(event, sid):
            return self._disconnect(*args)
        command = self._commands.get(event) if isinstance(event, str) else None
        if command is None or desk is None:
            self.unknown += 1
            return _refuse("unknown_event", f"There is no event {shown(event)} here.")
        if self._buckets.take(sid, time.time()):
            return _refuse("too_many_requests", "Too many events at once: wait a moment.")
        if payload is None:
            payload = {}
        if not isinstance(payload, Mapping):
            return _refuse("bad_request", "The payload must be an object.")
        try:
            return {"ok": True, **await command(sid, desk, payload)}
        except AlreadyClaimed as error:
            who = {"id": error.holder.id, "name": error.holder.name}
            return {**_refuse(error.code, error.message), "operator": who}
        except BridgeError as error:
            return _refuse(error.code, error.message)
        except Exception:  # the boundary to a client: it gets an answer whatever happens here
            log.exception("operator_event_failed", event=event)
            return _refuse("internal", "The server could not do this; it has been logged.")

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, Mapping) else None
        try:
            operator = self._book.verify_token(token, time.time())
        except AuthError as error:
            raise Refusal(error.message, error_body(error.code, error.message)) from None
        desk = self._desks[sid] = self._operators.desk(operator)
        self._operators.arrive(desk, sid)
        mine = isinstance(auth, Mapping) and auth.get("transcripts") == "mine"
        for room in (EVERYBODY, personal(operator.id), shown_to(operator.id) if mine else EVERY_WORD):
            await self.enter_room(sid, room)
        waiting = self._operators.waiting(operator.id)
        welcome = {
            "operator": operator.view(),
            "calls": [call_view(call) for call in self._switchboard.live],
            "waiting": [call.incoming_view() for call in waiting],
            "iceServers": self._settings.ice_servers_for(operator.id, time.time()),
            "resumePoints": self._resume_points,
            "serverTime": iso_utc(datetime.now(UTC)),
        }
        self._emitter.emit("welcome", welcome, room=sid, namespace=NAMESPACE)
        for call in waiting:
            self._operators.tell_declines(call, sid)

    def _disconnect(self, sid: str, reason: str = "") -> None:
        desk = self._desks.pop(sid, None)
        if desk is not None:
            on_purpose = reason == self.server.reason.CLIENT_DISCONNECT
            self._operators.leave(desk, sid, on_purpose=on_purpose)

    async def _set_presence(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        status = payload.get("status")
        if status not in ("available", "away"):
            raise BridgeError("`status` must be available or away.", code="bad_request")
        await self._operators.set_away(desk, status == "away")
        return {"status": status}

    async def _offer(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        def candidate(view: dict[str, object] | None) -> None:
            self._emitter.emit("candidate", {"candidate": view}, room=sid, namespace=NAMESPACE)

        answer = await desk.leg.renew(
            payload.get("sdp"), candidate, lambda: self._operators.took_over(desk, sid)
        )
        if sid in desk.sids:
            self._operators.offered(desk, sid)
        else:  # the tab was closed while its offer was being answered
            await desk.leg.drop_coming()
        return {"sdp": answer}

    async def _candidate(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        await desk.leg.add_candidate(payload.get("candidate"))
        return {}

    async def _accept(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        call = await self._switchboard.claim(payload.get("callId"), desk.leg)
        return {"call": call_view(call)}

    async def _decline(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        reason = optional_text(payload, "reason") or ""
        call = self._switchboard.find(payload.get("callId"))
        if call is None:
            raise BridgeError("This call is not waiting any more.", code="gone")
        self._operators.call_declined(call, call.decline(desk.holder, reason))
        return {}

    async def _release(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        call = self._own(desk, payload)
        call.release(note=optional_text(payload, "note"), resume_at=optional_text(payload, "resumeAt"))
        return {"call": call_view(call)}

    async def _hang_up(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        call = self._switchboard.find(payload.get("callId"))
        if call is None or not call.ended:  # a second hang-up is no error and changes nothing
            call = self._own(desk, payload)
            call.dispatch(Event.OPERATOR_HUNG_UP)
        return {"call": call_view(call)}

    async def _hold(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        on = flag(payload, "on")
        call = self._own(desk, payload)
        call.hold(on)
        return {"call": call_view(call)}

    async def _pause_transcript(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        on = flag(payload, "on")
        call = self._own(desk, payload)
        call.privacy.switch(on, by=desk.holder.name)
        return {"call": call_view(call)}

    async def _say(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        text = optional_text(payload, "text")
        if not text:
            raise BridgeError("There is nothing to say in `text`.", code="bad_request")
        self._own(desk, payload).say_as_operator(text)
        return {}

    async def _dtmf(self, sid: str, desk: Desk, payload: Payload) -> Ack:
        digits = payload.get("digits")
        if not isinstance(digits, str) or not 0 < len(digits) <= _MOST_KEYS or set(digits) - set(KEYS):
            raise BridgeError(f"`digits` must be 1 to {_MOST_KEYS} of 0-9 * # A-D.", code="bad_request")
        self._own(desk, payload).press_as_operator(digits)
        return {}

    def _own(self, desk: Desk, payload: Payload) -> Call:
        """The named call, if it is this operator's; raises BridgeError `gone` or `not_yours`."""
        call = self._switchboard.find(payload.get("callId"))
        if call is None or call.ended:
            raise BridgeError("This call is over.", code="gone")
        if call.claim is None or call.claim.holder.id != desk.holder.id:
            raise BridgeError("You do not have this call.", code="not_yours")
        return call


def _refuse(code: str, message: str) -> Ack:
    return {"ok": False, **error_body(code, message)}
