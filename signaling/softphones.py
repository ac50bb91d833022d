"""The callers in browsers: which call is whose, and at which socket."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping

import structlog

from bridge.call.call import Call
from bridge.call.switchboard import LineBinding, Switchboard
from bridge.call.views import call_view
from bridge.errors import BridgeError
from bridge.media.clock import MediaClock
from bridge.ports import Caller, Line
from bridge.tasks import TaskOwner
from signaling.emitter import Emitter
from signaling.settings import Settings
from telephony.identity import identify
from telephony.softphone.session import SoftphoneSession

log = structlog.get_logger()

NAMESPACE = "/softphone"
_SEEN_BY_CALLERS = ("callId", "threadId", "state", "speaker", "line", "endedAt", "endReason")


class Softphones:
    """Sessions by call and by socket. At most as many as calls are allowed at once."""

    def __init__(self, settings: Settings, clock: MediaClock, emitter: Emitter) -> None:
        self._settings = settings
        self._clock = clock
        self._emitter = emitter
        self._by_call: dict[str, SoftphoneSession] = {}
        self._sids: dict[str, str] = {}
        """Call id → the socket that the caller is at."""
        self._tasks = TaskOwner("softphones")
        self.switchboard: Switchboard | None = None
        """Set by the composition root, which needs this object to make it."""

    def at(self, sid: str) -> SoftphoneSession | None:
        """The call of the caller at this socket, if they are in one."""
        return next((self._by_call[call_id] for call_id, at in self._sids.items() if at == sid), None)

    def begin(self, sid: str, parameters: Mapping[str, str]) -> SoftphoneSession:
        """A session for a new call; raises BridgeError `busy` or `over_capacity`."""
        if self.at(sid) is not None:
            raise BridgeError("You are in a call already; hang up first.", code="busy")
        assert self.switchboard is not None
        # The call itself begins once there is audio; until then the session stands for it.
        if self.switchboard.full or len(self._by_call) >= self._settings.max_calls:
            raise BridgeError("All lines are busy; try again in a moment.", code="over_capacity")
        caller, notes = identify(
            parameters, provider="softphone", default_channel=self._settings.alive5_channel or ""
        )
        for note in notes:
            log.warning("caller_parameter_dropped", call=caller.call_id, note=note)
        session = SoftphoneSession(
            caller,
            self._accept,
            self._clock,
            lambda: self._settings.ice_servers_for(caller.call_id, time.time()),
            on_over=self._over,
        )
        self._by_call[caller.call_id] = session
        self._sids[caller.call_id] = sid
        return session

    def resume(self, sid: str, call_id: object, secret: str | None) -> SoftphoneSession:
        """The session of a live call, at this socket from now on.

        `secret`: what `begin` gave, asked of every socket but the one that the caller is at. Raises
        BridgeError `gone`, `not_yours` or `busy`.
        """
        session = self._by_call.get(call_id) if isinstance(call_id, str) else None
        if session is None:
            raise BridgeError("This call is over.", code="gone")
        here = self.at(sid)
        if here is not None and here is not session:
            raise BridgeError("You are in another call; hang up first.", code="busy")
        known_at = self._sids.get(session.caller.call_id)
        if known_at != sid and not hmac.compare_digest((secret or "").encode(), session.secret.encode()):
            raise BridgeError("This call is somebody else's, or its `secret` is missing.", code="not_yours")
        if known_at not in (None, sid):
            self._tell(session.caller.call_id, "ended", {"reason": "moved"})
        self._sids[session.caller.call_id] = sid
        session.attended(True)
        return session

    def leave(self, sid: str, *, on_purpose: bool) -> None:
        """A socket is gone; unless that was on purpose its caller may come back at another one."""
        session = self.at(sid)
        if session is None:
            return
        if on_purpose:
            session.hang_up()
        else:
            self._sids.pop(session.caller.call_id, None)
            session.attended(False)

    def call_changed(self, call: Call) -> None:
        """Tell the caller what their call does."""
        call_id = call.caller.call_id
        if call_id not in self._by_call:
            return
        view = call_view(call)
        self._tell(call_id, "call_state", {key: view[key] for key in _SEEN_BY_CALLERS})
        if call.ended:
            self._tell(call_id, "ended", {"reason": view["endReason"]})

    async def close(self) -> None:
        """Free every connection. Idempotent."""
        for session in tuple(self._by_call.values()):
            await session.close()
        await self._tasks.finish(2.0)
        await self._tasks.close()

    def _accept(self, line: Line, caller: Caller) -> LineBinding:
        """Begin the call, or let it carry on; never begin it again once it is over."""
        assert self.switchboard is not None
        call = self.switchboard.find(caller.call_id)
        if call is not None and call.ended:
            raise BridgeError("This call is over.", code="gone")
        return self.switchboard.accept(line, caller)

    def _over(self, session: SoftphoneSession, why: str | None) -> None:
        call_id = session.caller.call_id
        if why is not None:
            self._tell(call_id, "ended", {"reason": why})
        self._by_call.pop(call_id, None)
        self._sids.pop(call_id, None)
        self._tasks.start(session.close(), call_id)

    def _tell(self, call_id: str, event: str, data: object) -> None:
        sid = self._sids.get(call_id)
        if sid is not None:
            self._emitter.emit(event, data, room=sid, namespace=NAMESPACE)
