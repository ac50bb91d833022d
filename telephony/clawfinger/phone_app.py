"""Every phone session of this process."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict

import structlog

from bridge.call.states import Event
from bridge.errors import BridgeError
from telephony.clawfinger.answer import Answer
from telephony.clawfinger.desk import Desk
from telephony.clawfinger.form import TurnForm
from telephony.clawfinger.poster import Poster
from telephony.clawfinger.session import PhoneSession
from telephony.clawfinger.wav import read_wav

log = structlog.get_logger()

_MOST = 1000
_RENAMED = 1000
_GONE = "I am sorry, this call was interrupted. Please call again. Goodbye."


class PhoneApp:
    """Finds and makes sessions, and ends those whose phone does not ask any more.

    `ttl`: seconds without a poll after which a session ends. A session's id is the id of its call.
    """

    def __init__(self, desk: Desk, *, ttl: float) -> None:
        self.desk = desk
        self._ttl = ttl
        self._sessions: dict[str, PhoneSession] = {}
        self._renamed: OrderedDict[str, str] = OrderedDict()

    @property
    def active(self) -> list[str]:
        """Ids of the sessions that are not over, oldest first."""
        return [session.id for session in self._sessions.values() if not self._is_over(session)]

    async def turn(self, form: TurnForm, poster: Poster) -> Answer:
        """Answer a posted turn. Raises MalformedWav, and BridgeError `busy`, `over_capacity`."""
        session = self._find(form.session_id)
        if not form.forced_reply and (form.reset or session is None):
            read_wav(form.audio)  # what cannot be a first turn begins and ends no session
        if not form.session_id:
            session = self._continued_by(form, poster) or self.new()
        elif form.reset and (session is None or session.used):
            session = self._restart(form.session_id, session)
        if session is None:
            # Ended long ago, or before a restart: without being told so the app would go on for ever.
            sound = await self.desk.speech(_GONE)
            return Answer(form.session_id, _GONE, sound, hangup=True, ended=True, stale=True, reason="stale")
        return await session.turn(form, poster)

    def new(self) -> PhoneSession:
        """A session that has had no turn yet. Raises BridgeError `over_capacity`."""
        if len(self._sessions) >= _MOST:
            raise BridgeError("There are too many sessions.", code="over_capacity")
        session = PhoneSession(str(uuid.uuid4()), self.desk)
        self._sessions[session.id] = session
        return session

    def reset(self, session_id: str) -> PhoneSession:
        """Begin anew: the session's call ends, and its id means the new session from now on."""
        return self._restart(session_id, self._find(session_id))

    def end(self, session_id: str) -> bool:
        """The phone has hung up; False where there is no such session, or it was over."""
        session = self._find(session_id)
        return session is not None and session.end()

    def current(self, session_id: str) -> str:
        """The id that `session_id` means by now: another one where the session was reset."""
        session = self._find(session_id)
        return session.id if session is not None else session_id

    def end_waiting(self, session_id: str) -> bool:
        """End a session whose call has not begun yet; False where there is no such session."""
        session = self._find(session_id)
        return session is not None and session.call is None and session.end()

    async def run(self) -> None:
        """End the sessions whose phone is gone, until cancelled."""
        while True:
            await asyncio.sleep(min(5.0, self._ttl / 4))
            self._sweep(time.monotonic())

    def _sweep(self, now: float) -> None:
        for session in list(self._sessions.values()):
            if session.polling or now - session.seen < self._ttl:
                continue
            if session.end(Event.LINE_LOST):
                log.info("phone_session_expired", session=session.id)
            else:
                # It has been over, known as such, for as long as a phone may be silent.
                del self._sessions[session.id]
            session.seen = now

    @staticmethod
    def _is_over(session: PhoneSession) -> bool:
        return session.over or (session.call is not None and session.call.ended)

    def _continued_by(self, form: TurnForm, poster: Poster) -> PhoneSession | None:
        """The newest session that the phone began and was not answered in."""
        sessions = reversed(self._sessions.values())
        return next((session for session in sessions if session.continued_by(form, poster)), None)

    def _find(self, session_id: str) -> PhoneSession | None:
        for _ in range(_RENAMED):  # renamed more than once, but never in a circle: each new id is new
            if session_id not in self._renamed:
                break
            session_id = self._renamed[session_id]
        return self._sessions.get(session_id)

    def _restart(self, session_id: str, before: PhoneSession | None) -> PhoneSession:
        session = self.new()
        if before is not None:
            before.end()
        for name in {session_id, before.id if before else ""} - {""}:
            self._renamed[name] = session.id
        while len(self._renamed) > _RENAMED:
            self._renamed.popitem(last=False)
        return session
