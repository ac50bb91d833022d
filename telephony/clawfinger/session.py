"""One call of the phone app, from its first turn to its last."""

from __future__ import annotations

import asyncio
import time

from bridge.bot import phrases
from bridge.call.call import Call
from bridge.call.states import Event
from bridge.errors import BridgeError
from telephony.clawfinger.answer import Answer
from telephony.clawfinger.desk import Desk
from telephony.clawfinger.form import TurnForm
from telephony.clawfinger.gate import Gate
from telephony.clawfinger.line import TurnLine
from telephony.clawfinger.once import Once
from telephony.clawfinger.opening import Opening
from telephony.clawfinger.poster import Poster
from telephony.clawfinger.turn import PhoneTurn

_MOST_WAITING = 2


class PhoneSession:
    """A caller from the first turn on; the call itself begins once the caller is let in.

    Turns are answered one after the other. A turn that is posted again while it is answered gets the same
    answer; beyond two that wait, another is refused.
    """

    def __init__(self, session_id: str, desk: Desk) -> None:
        self.id, self.desk = session_id, desk
        self.line, self.gate = TurnLine(), Gate()
        self.call: Call | None = None
        self.number, self.outgoing = "", False
        self.over = False
        self.seen = time.monotonic()
        """Monotonic time of the last poll's beginning or end."""
        self.used = False
        self._opening: Opening | None = None
        self._turns: Once[Answer] = Once()
        self._one_at_a_time = asyncio.Lock()

    @property
    def polling(self) -> bool:
        """True while a turn is being answered."""
        return len(self._turns) > 0

    @property
    def barred(self) -> bool:
        """True until the caller has said the passphrase, where there is one."""
        return self.call is None and bool(self.desk.config.passphrase) and not self.gate.passed

    def continued_by(self, form: TurnForm, poster: Poster) -> bool:
        """True where `form`, which names no session, is of this one, whose first answer did not arrive."""
        ended = self.over or (self.call is not None and self.call.ended)
        if self._opening is None or ended or (form.number, form.outgoing) != (self.number, self.outgoing):
            return False
        return self._opening.continued_by(form.key, poster, answering=self.polling)

    async def turn(self, form: TurnForm, poster: Poster) -> Answer:
        """Answer a posted turn. Raises MalformedWav, and BridgeError `busy`."""
        key = form.key
        if key not in self._turns and len(self._turns) >= _MOST_WAITING:
            raise BridgeError("Two turns of this session are being answered already.", code="busy")
        self.seen = time.monotonic()
        if self.call is None:
            self.number, self.outgoing = form.number or self.number, form.outgoing or self.outgoing
        opening = self._opening_of(key, poster)
        await poster.tell({"event": "session", "session_id": self.id})
        if opening is not None and opening.answer is not None and not form.session_id:
            answer = opening.answer
        else:
            try:
                answer = await self._turns.do(key, lambda: self._next(form, poster))
            finally:
                self.seen = time.monotonic()
        if opening is not None:
            opening.answered(answer, poster)
        return answer

    async def ended(self) -> Answer:
        """What a turn gets once the call is over: the app does not notice any other way."""
        call = self.call
        reason = call.end.value if call is not None and call.end is not None else "ended"
        self.over = True
        sound = await self.desk.speech(phrases.GOODBYE)
        return Answer(self.id, phrases.GOODBYE, sound, hangup=True, ended=True, reason=reason)

    def end(self, event: Event = Event.CALLER_HUNG_UP) -> bool:
        """The phone has hung up, or is gone; False where the session was over."""
        if self.over or (self.call is not None and self.call.ended):
            return False
        self.over = True
        if self.call is not None:
            self.call.try_dispatch(event)
        return True

    def _opening_of(self, key: bytes, poster: Poster) -> Opening | None:
        """The opening where this is the first turn, maybe once more; with the second it is forgotten."""
        if not self.used:
            self.used, self._opening = True, Opening(key, poster)
        elif self._opening is not None and key != self._opening.key:
            self._opening = None
        return self._opening

    async def _next(self, form: TurnForm, poster: Poster) -> Answer:
        async with self._one_at_a_time:
            return await PhoneTurn(self, form, poster).answer()
