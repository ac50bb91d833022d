"""Socket.IO namespace `/softphone`: a caller in a browser."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal

from bridge.errors import BridgeError
from bridge.media.dtmf import KEYS
from bridge.peer.errors import PeerError
from bridge.peer.sdp import parse_description
from signaling.access import ProgramAccess
from signaling.emitter import Emitter
from signaling.errors import SignalingError, error_body
from signaling.namespace import Namespace, shown
from signaling.ratelimit import TokenBuckets
from signaling.settings import Settings
from signaling.softphones import NAMESPACE, Softphones
from signaling.texts import optional_text
from telephony.softphone.line import OnCandidate
from telephony.softphone.session import SoftphoneSession

log = structlog.get_logger()

Ack = dict[str, object]
Payload = Mapping[str, Any]

_IDENTITY = ("name", "number", "threadId", "crmId", "channelId")


class SoftphoneNamespace(Namespace):
    """Every client event is acknowledged: `{ok: true, …}` or `{ok: false, error}`."""

    def __init__(
        self, settings: Settings, access: ProgramAccess, softphones: Softphones, emitter: Emitter
    ) -> None:
        super().__init__(NAMESPACE)
        self._settings = settings
        self._access = access
        self._softphones = softphones
        self._emitter = emitter
        self._buckets = TokenBuckets(capacity=100, refill_s=0.05)
        self._sids: set[str] = set()
        self.unknown = 0
        self._commands: dict[str, Callable[[str, Payload], Awaitable[Ack]]] = {
            "call": self._call,
            "offer": self._offer,
            "candidate": self._candidate,
            "dtmf": self._dtmf,
            "hangup": self._hang_up,
        }

    async def trigger_event(self, event: object, *args: Any) -> Any:
        """Dispatch a client's event; unknown ones are counted and answered with an error."""
        sid, payload = args[0], (args[1] if len(args) > 1 else None)
        if self.begins(event, known=sid in self._sids):
            return self._connect(*args)
        if self.ends(event, sid):
            return self._disconnect(*args)
        command = self._commands.get(event) if isinstance(event, str) else None
        if command is None or sid not in self._sids:
            self.unknown += 1
            return _refuse("unknown_event", f"There is no event {shown(event)} here.")
        if self._buckets.take(sid, time.time()):
            return _refuse("too_many_requests", "Too many events at once: wait a moment.")
        if payload is None:
            payload = {}
        if not isinstance(payload, Mapping):
            return _refuse("bad_request", "The payload must be an object.")
        try:
            return {"ok": True, **await command(sid, payload)}
        except BridgeError as error:
            return _refuse(error.code, error.message)
        except Exception:  # the boundary to a client: it gets an answer whatever happens here
            log.exception("softphone_event_failed", event=event)
            return _refuse("internal", "The server could not do this; it has been logged.")

    def _connect(self, sid: str, environ: Mapping[str, Any], auth: Any = None) -> None:
        token = auth.get("token") if isinstance(auth, Mapping) else None
        try:
            self._access.check(token, origin=environ.get("HTTP_ORIGIN"), host=environ.get("HTTP_HOST"))
        except SignalingError as error:
            raise Refusal(error.message, error_body(error.code, error.message)) from None
        self._sids.add(sid)
        servers = self._settings.ice_servers_for("softphone", time.time())
        self._emitter.emit("welcome", {"iceServers": servers}, room=sid, namespace=NAMESPACE)

    def _disconnect(self, sid: str, reason: str = "") -> None:
        self._sids.discard(sid)
        self._softphones.leave(sid, on_purpose=reason == self.server.reason.CLIENT_DISCONNECT)

    async def _call(self, sid: str, payload: Payload) -> Ack:
        given = {key: optional_text(payload, key) or "" for key in _IDENTITY}
        session = self._softphones.begin(sid, given)
        try:
            answer = await session.answer(payload.get("sdp"), self._candidates_to(sid))
        except PeerError:
            await session.close()
            raise
        return {
            "callId": session.caller.call_id,
            "threadId": session.caller.thread_id,
            "secret": session.secret,
            "sdp": answer,
        }

    async def _offer(self, sid: str, payload: Payload) -> Ack:
        named = optional_text(payload, "callId")
        if named:  # a call does not move for an offer that nobody can answer
            parse_description(payload.get("sdp"))
        secret = optional_text(payload, "secret")
        session = self._softphones.resume(sid, named, secret) if named else self._session(sid)
        return {"sdp": await session.answer(payload.get("sdp"), self._candidates_to(sid))}

    async def _candidate(self, sid: str, payload: Payload) -> Ack:
        await self._session(sid).add_candidate(payload.get("candidate"))
        return {}

    async def _dtmf(self, sid: str, payload: Payload) -> Ack:
        digit = payload.get("digit")
        if not isinstance(digit, str) or len(digit) != 1 or digit not in KEYS:
            raise BridgeError("`digit` must be one of 0-9 * # A-D.", code="bad_request")
        self._session(sid).press(digit)
        return {}

    async def _hang_up(self, sid: str, payload: Payload) -> Ack:
        session = self._softphones.at(sid)
        if session is not None:  # a second hang-up is no error and changes nothing
            session.hang_up()
        return {}

    def _session(self, sid: str) -> SoftphoneSession:
        session = self._softphones.at(sid)
        if session is None:
            raise BridgeError("You are not in a call.", code="gone")
        return session

    def _candidates_to(self, sid: str) -> OnCandidate:
        def tell(candidate: dict[str, object] | None) -> None:
            self._emitter.emit("candidate", {"candidate": candidate}, room=sid, namespace=NAMESPACE)

        return tell


def _refuse(code: str, message: str) -> Ack:
    return {"ok": False, **error_body(code, message)}
