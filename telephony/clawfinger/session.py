"""One call of the phone app, turn by turn."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import timedelta

import structlog

from bridge.bot import phrases
from bridge.call.call import Call
from bridge.call.states import Event, State
from bridge.errors import BridgeError
from bridge.speech.errors import SpeechUnavailable
from telephony.clawfinger.answer import Answer
from telephony.clawfinger.desk import Desk
from telephony.clawfinger.form import TurnForm
from telephony.clawfinger.gate import Gate
from telephony.clawfinger.line import TurnLine
from telephony.clawfinger.once import Once
from telephony.clawfinger.person import tell_person
from telephony.clawfinger.replies import restored
from telephony.clawfinger.wav import Wav, read_wav

log = structlog.get_logger()

_WAIT_FOR_PERSON = 10.0
_WAIT_FOR_REPLY = 8.0
"""For words of a person who has the call: until then the caller cannot speak on."""
_MOST_WAITING = 2
_NOT_CORRECT = "That is not correct. Please say it once more."
_PASSPHRASE = "Please say the passphrase."
_WELCOME = "Thank you."
_BUSY = "I am sorry, all lines are busy. Please call again later. Goodbye."


class PhoneSession:
    """A caller from the first turn on; the call itself begins once the caller is let in.

    Turns are answered one after the other. A turn that is posted again while it is answered gets the same
    answer; beyond two that wait, another is refused.
    """

    def __init__(self, session_id: str, desk: Desk) -> None:
        self.id = session_id
        self.line = TurnLine()
        self.call: Call | None = None
        self.number, self.outgoing = "", False
        self.over = False
        self.seen = time.monotonic()
        """Monotonic time of the last poll's beginning or end."""
        self.used = False
        self._desk = desk
        self._gate = Gate()
        self._turns: Once[Answer] = Once()
        self._one_at_a_time = asyncio.Lock()

    @property
    def polling(self) -> bool:
        """True while a turn is being answered."""
        return len(self._turns) > 0

    async def turn(self, form: TurnForm) -> Answer:
        """Answer a posted turn. Raises MalformedWav, and BridgeError `busy`."""
        key = hashlib.sha256(form.forced_reply + b"\0" + form.audio).digest()
        if key not in self._turns and len(self._turns) >= _MOST_WAITING:
            raise BridgeError("Two turns of this session are being answered already.", code="busy")
        self.seen, self.used = time.monotonic(), True
        if form.number and self.call is None:
            self.number, self.outgoing = form.number, form.outgoing
        try:
            return await self._turns.do(key, lambda: self._next(form))
        finally:
            self.seen = time.monotonic()

    def end(self, event: Event = Event.CALLER_HUNG_UP) -> bool:
        """The phone has hung up, or is gone; False where the session was over."""
        if self.over or (self.call is not None and self.call.ended):
            return False
        self.over = True
        if self.call is not None:
            self.call.try_dispatch(event)
        return True

    async def _next(self, form: TurnForm) -> Answer:
        async with self._one_at_a_time:
            return await self._answer(form, time.monotonic())

    async def _answer(self, form: TurnForm, began: float) -> Answer:
        call, desk = self.call, self._desk
        if self.over or (call is not None and call.ended and not call.polling.waiting):
            return await self.ended()
        refused = desk.config.refusal(self.number)
        if refused is not None:
            return await self._reject(refused, desk.config.reject_message)
        if form.forced_reply:
            return await self._forced(form, began)
        if call is not None and self._overtime(call):
            return await self._tell(call, desk.config.max_duration_message, began, last=True)
        if call is not None and call.state is not State.BOT:
            self.line.forget_injects()  # whoever has the caller now is not to be talked over
        if call is not None and (put_in := self.line.next_inject()) is not None:
            text, name = put_in
            call.agent.say(text, name)
            return await self._tell(call, text, began, model="inject")
        speech = read_wav(form.audio)
        heard = await self._heard(form, speech)
        asr_ms = round((time.monotonic() - began) * 1000)
        if self._barred:
            return await self._ask_passphrase(heard, began)
        if call is None and not heard:
            return await self._begin("", began)
        try:
            call = await self._opened("", began)
        except BridgeError as error:
            return await self._reject(error.code, _BUSY)
        return await self._converse(call, heard, speech, began, asr_ms)

    async def ended(self) -> Answer:
        """What a turn gets once the call is over: the app does not notice any other way."""
        call = self.call
        reason = call.end.value if call is not None and call.end is not None else "ended"
        self.over = True
        sound = await self._desk.speech(phrases.GOODBYE)
        return Answer(self.id, phrases.GOODBYE, sound, hangup=True, ended=True, reason=reason)

    # -- turns without the caller's words --

    async def _reject(self, reason: str, sentence: str) -> Answer:
        log.info("phone_call_rejected", session=self.id, reason=reason)
        self.end()
        sound = await self._desk.speech(sentence)
        return Answer(self.id, sentence, sound, hangup=True, rejected=True, reason=reason)

    async def _forced(self, form: TurnForm, began: float) -> Answer:
        """Say what the app asks for: its greeting, or that the time is over."""
        config = self._desk.config
        greeting = config.greeting("outgoing" if self.outgoing else "incoming")
        known = (
            greeting,
            config.greeting("incoming"),
            config.greeting("outgoing"),
            config.max_duration_message,
        )
        text = restored(form.forced_reply, known, otherwise=greeting if form.reset else None)
        last = text == config.max_duration_message and not form.reset
        if self._barred:
            self.over = last
            return Answer(self.id, text, await self._desk.speech(text), hangup=last)
        if self.call is not None:
            return await self._tell(self.call, text, began, last=last)
        return await self._begin(text, began)

    async def _tell(
        self, call: Call, text: str, began: float, *, last: bool = False, model: str = "forced"
    ) -> Answer:
        """A turn that is `text`, whatever the caller has said; `last`: it ends the call."""
        call.turns.begin("", heard=False)
        call.turns.said(text)
        if model == "forced":
            call.bot.announce(text)
        await self._settled(call, began)
        call.turns.complete(model)
        if last:
            call.bot_hung_up()
        return self._gathered(call, "", began, 0)

    def _overtime(self, call: Call) -> bool:
        lasted = call.thread.now() - call.times.started
        return lasted > timedelta(seconds=self._desk.config.max_duration + self._desk.overtime)

    @property
    def _barred(self) -> bool:
        """True until the caller has said the passphrase, where there is one."""
        return self.call is None and bool(self._desk.config.passphrase) and not self._gate.passed

    async def _begin(self, greeting: str, began: float) -> Answer:
        """Let the caller in: the greeting, and what the bot opens with."""
        try:
            call = await self._opened(greeting, began)
        except BridgeError as error:
            return await self._reject(error.code, _BUSY)
        call.turns.complete("forced")
        return self._gathered(call, "", began, 0)

    async def _ask_passphrase(self, heard: str, began: float) -> Answer:
        """What a caller gets who is not let in yet, or is from now on.

        What they say is kept nowhere: it may be nearly the passphrase.
        """
        config = self._desk.config
        if not heard:
            return Answer(self.id, _PASSPHRASE, await self._desk.speech(_PASSPHRASE))
        verdict = self._gate.attempt(heard, config.passphrase, config.max_attempts)
        log.info("phone_passphrase", session=self.id, verdict=verdict, attempts=self._gate.attempts)
        if verdict == "open":
            return await self._begin(_WELCOME, began)
        if verdict == "closed":
            return await self._reject("auth_failed", config.reject_message)
        return Answer(self.id, _NOT_CORRECT, await self._desk.speech(_NOT_CORRECT))

    # -- turns of the conversation --

    async def _heard(self, form: TurnForm, speech: Wav) -> str:
        if form.skip_asr and form.transcript_hint:
            return form.transcript_hint
        try:
            heard = await self._desk.transcripts.text(form.audio, speech)
        except SpeechUnavailable as error:
            log.warning("utterance_not_recognised", speaker="caller", code=error.code)
            heard = ""
            if self.call is not None:
                self.call.thread.system(f"{speech.seconds:.0f} s of speech could not be transcribed.")
        return heard or form.transcript_hint

    async def _opened(self, greeting: str, began: float) -> Call:
        """The call, its opening said. Raises BridgeError where no call may begin."""
        if self.call is None:
            self.call = await self._desk.open_call(self, greeting)
            await self._settled(self.call, began)
        return self.call

    async def _converse(self, call: Call, heard: str, speech: Wav, began: float, asr_ms: int) -> Answer:
        now = call.thread.now()
        call.caller_side.turn(heard, now - timedelta(seconds=speech.seconds), now)
        if call.state is State.BRIDGED:
            await tell_person(call, self._desk.clock, speech)
        settled = await self._settled(call, began)
        if settled and call.state is not State.BOT and not call.ended:
            await call.polling.until(lambda: self._person_done(call), self._patience(call))
        if not self._anything(call) and not call.ended and (not settled or call.state in _WAITING):
            # Nothing to be heard is what the app takes for the caller's turn.
            sound = await self._desk.speech(phrases.FILLER)
            return Answer(self.id, phrases.FILLER, sound, heard)
        return self._gathered(call, heard, began, asr_ms)

    async def _settled(self, call: Call, began: float) -> bool:
        """Wait until everything was said, while the app waits; False where that takes longer."""
        left = self._desk.answer_within - (time.monotonic() - began)
        return await call.polling.until(lambda: not call.polling.busy, max(0.0, left))

    def _patience(self, call: Call) -> float:
        return _WAIT_FOR_REPLY if call.state is State.BRIDGED else _WAIT_FOR_PERSON

    def _person_done(self, call: Call) -> bool:
        """True where something has come of waiting for a person, or nothing can."""
        if call.ended or self._anything(call):
            return not (call.polling.busy or self.line.person_speaking)
        return call.state is State.BOT and not call.polling.busy

    def _anything(self, call: Call) -> bool:
        return call.polling.waiting or self.line.person_spoke

    def _gathered(self, call: Call, heard: str, began: float, asr_ms: int) -> Answer:
        person = self.line.person_spoke
        reply, pcm = call.polling.fetch(), self.line.fetch()
        if person and not reply:
            # The words are known later than the voice, and without a text the app plays nothing.
            reply = call.claim.holder.name if call.claim else "A person"
        metrics = {
            "asr_ms": asr_ms,
            "total_ms": round((time.monotonic() - began) * 1000),
            "llm_model": call.turns.model,
        }
        self.over = call.ended
        reason = call.end.value if call.end is not None else None
        return Answer(self.id, reply, pcm, heard, hangup=call.ended, reason=reason, metrics=metrics)


_WAITING = (State.HANDOFF, State.CONNECTING, State.HELD)
