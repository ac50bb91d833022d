"""How one posted turn of the phone app comes to its answer."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bridge.bot import phrases
from bridge.call.call import Call
from bridge.call.states import State
from bridge.errors import BridgeError
from bridge.speech.errors import SpeechUnavailable
from telephony.clawfinger.answer import Answer
from telephony.clawfinger.form import TurnForm
from telephony.clawfinger.person import tell_person
from telephony.clawfinger.policy import plain_number
from telephony.clawfinger.poster import Poster
from telephony.clawfinger.replies import restored
from telephony.clawfinger.wav import Wav, read_wav

if TYPE_CHECKING:
    from telephony.clawfinger.session import PhoneSession

log = structlog.get_logger()

_WAIT_FOR_PERSON = 10.0
_WAIT_FOR_REPLY = 8.0
"""For words of a person who has the call: until then the caller cannot speak on."""
_WAITING = (State.HANDOFF, State.CONNECTING, State.HELD)
_NOT_CORRECT = "That is not correct. Please say it once more."
_PASSPHRASE = "Please say the passphrase."
_WELCOME = "Thank you."
_BUSY = "I am sorry, all lines are busy. Please call again later. Goodbye."


class PhoneTurn:
    """One turn of `session`, which answers no other meanwhile. It begins when this is made."""

    def __init__(self, session: PhoneSession, form: TurnForm, poster: Poster) -> None:
        self._session, self._form, self._poster = session, form, poster
        self._desk, self._line = session.desk, session.line
        self._began = time.monotonic()
        self._asr_ms = 0

    async def answer(self) -> Answer:
        """The answer. Raises MalformedWav."""
        session, desk, call = self._session, self._desk, self._session.call
        if session.over or (call is not None and call.ended and not call.polling.waiting):
            return await session.ended()
        refused = desk.config.refusal(session.number)
        if refused is not None:
            return await self._reject(refused, desk.config.reject_message)
        if self._form.forced_reply:
            return await self._forced()
        if call is not None and self._overtime(call):
            return await self._tell(call, desk.config.max_duration_message, last=True)
        if call is not None and call.state is not State.BOT:
            self._line.forget_injects()  # whoever has the caller now is not to be talked over
        if call is not None and (put_in := self._line.next_inject()) is not None:
            text, name = put_in
            call.agent.say(text, name)
            return await self._tell(call, text, model="inject")
        speech = read_wav(self._form.audio)
        heard = await self._heard(speech)
        if session.barred:
            return await self._ask_passphrase(heard)
        if call is None and not heard:
            return await self._begin("")
        try:
            call = await self._opened("")
        except BridgeError as error:
            return await self._reject(error.code, _BUSY)
        return await self._converse(call, heard, speech)

    # -- turns without the caller's words --

    async def _reject(self, reason: str, sentence: str) -> Answer:
        session = self._session
        log.info("phone_call_rejected", session=session.id, reason=reason)
        session.end()
        told = {"number": plain_number(session.number), "reason": reason}
        self._desk.tell("turn.caller_rejected", told, session.id)
        return await self._turned_away(reason, sentence)

    async def _turned_away(self, reason: str, sentence: str) -> Answer:
        sound = await self._desk.speech(sentence)
        return Answer(self._session.id, sentence, sound, hangup=True, rejected=True, reason=reason)

    async def _forced(self) -> Answer:
        """Say what the app asks for: its greeting, or that the time is over."""
        config, form, session = self._desk.config, self._form, self._session
        incoming, outgoing = config.greeting("incoming"), config.greeting("outgoing")
        greeting = outgoing if session.outgoing else incoming
        known = (greeting, incoming, outgoing, config.max_duration_message)
        text = restored(form.forced_reply, known, otherwise=greeting if form.reset else None)
        last = text == config.max_duration_message and not form.reset
        if session.barred:
            session.over = last
            return Answer(session.id, text, await self._desk.speech(text), hangup=last)
        if session.call is not None:
            return await self._tell(session.call, text, last=last)
        return await self._begin(text)

    async def _tell(self, call: Call, text: str, *, last: bool = False, model: str = "forced") -> Answer:
        """A turn that is `text`, whatever the caller has said; `last`: it ends the call."""
        call.turns.begin("", heard=False)
        call.turns.said(text)
        if model == "forced":
            call.bot.announce(text)
        await self._settled(call)
        call.turns.complete(model)
        if last:
            call.bot_hung_up()
        return self._gathered(call, "")

    def _overtime(self, call: Call) -> bool:
        lasted = call.thread.now() - call.times.started
        return lasted > timedelta(seconds=self._desk.config.max_duration + self._desk.overtime)

    async def _begin(self, greeting: str) -> Answer:
        """Let the caller in: the greeting, and what the bot opens with."""
        try:
            call = await self._opened(greeting)
        except BridgeError as error:
            return await self._reject(error.code, _BUSY)
        call.turns.complete("forced")
        return self._gathered(call, "")

    async def _ask_passphrase(self, heard: str) -> Answer:
        """What a caller gets who is not let in yet, or is from now on.

        What they say is kept and told nowhere: it may be nearly the passphrase.
        """
        session, desk, gate = self._session, self._desk, self._session.gate
        if not heard:
            return Answer(session.id, _PASSPHRASE, await desk.speech(_PASSPHRASE))
        verdict = gate.attempt(heard, desk.config.passphrase, desk.config.max_attempts)
        log.info("phone_passphrase", session=session.id, verdict=verdict, attempts=gate.attempts)
        if verdict == "open":
            desk.tell("turn.authenticated", {}, session.id)
            return await self._begin(_WELCOME)
        desk.tell("turn.auth_failed", {"attempt": gate.attempts}, session.id)
        if verdict == "closed":
            session.end()
            return await self._turned_away("auth_failed", desk.config.reject_message)
        return Answer(session.id, _NOT_CORRECT, await desk.speech(_NOT_CORRECT))

    # -- turns of the conversation --

    async def _heard(self, speech: Wav) -> str:
        """What the caller has said, which whoever streams is told before it is answered."""
        form = self._form
        heard = form.transcript_hint if form.skip_asr else ""
        if not heard:
            try:
                heard = await self._desk.transcripts.text(form.audio, speech) or form.transcript_hint
            except SpeechUnavailable as error:
                log.warning("utterance_not_recognised", speaker="caller", code=error.code)
                heard = form.transcript_hint
                if self._session.call is not None:
                    lost = f"{speech.seconds:.0f} s of speech could not be transcribed."
                    self._session.call.thread.system(lost)
        self._asr_ms = round((time.monotonic() - self._began) * 1000)
        await self._poster.tell({"event": "asr", "transcript": heard})
        return heard

    async def _opened(self, greeting: str) -> Call:
        """The call, its opening said. Raises BridgeError where no call may begin."""
        session = self._session
        if session.call is None:
            session.call = await self._desk.open_call(session, greeting)
            await self._settled(session.call)
        return session.call

    async def _converse(self, call: Call, heard: str, speech: Wav) -> Answer:
        now = call.thread.now()
        call.caller_side.turn(heard, now - timedelta(seconds=speech.seconds), now)
        if call.state is State.BRIDGED:
            await tell_person(call, self._desk.clock, speech)
        settled = await self._settled(call)
        if settled and call.state is not State.BOT and not call.ended:
            patience = _WAIT_FOR_REPLY if call.state is State.BRIDGED else _WAIT_FOR_PERSON
            await call.polling.until(lambda: self._person_done(call), patience)
        if not self._anything(call) and not call.ended and (not settled or call.state in _WAITING):
            # Nothing to be heard is what the app takes for the caller's turn.
            sound = await self._desk.speech(phrases.FILLER)
            return Answer(self._session.id, phrases.FILLER, sound, heard)
        return self._gathered(call, heard)

    async def _settled(self, call: Call) -> bool:
        """Wait until everything was said, while the app waits; False where that takes longer."""
        left = self._desk.answer_within - (time.monotonic() - self._began)
        return await call.polling.until(lambda: not call.polling.busy, max(0.0, left))

    def _person_done(self, call: Call) -> bool:
        """True where something has come of waiting for a person, or nothing can."""
        if call.ended or self._anything(call):
            return not (call.polling.busy or self._line.person_speaking)
        return call.state is State.BOT and not call.polling.busy

    def _anything(self, call: Call) -> bool:
        return call.polling.waiting or self._line.person_spoke

    def _gathered(self, call: Call, heard: str) -> Answer:
        session, person = self._session, self._line.person_spoke
        reply, pcm = call.polling.fetch(), self._line.fetch()
        if person and not reply:
            # The words are known later than the voice, and without a text the app plays nothing.
            reply = call.claim.holder.name if call.claim else "A person"
        metrics = {
            "asr_ms": self._asr_ms,
            "total_ms": round((time.monotonic() - self._began) * 1000),
            "llm_model": call.turns.model,
        }
        session.over = call.ended
        reason = call.end.value if call.end is not None else None
        return Answer(session.id, reply, pcm, heard, hangup=call.ended, reason=reason, metrics=metrics)
