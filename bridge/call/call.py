"""One call: carries out what the state table says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Literal

import structlog

from bridge.bot import phrases
from bridge.bot.bot import HandoffWish
from bridge.bot.context import Context
from bridge.bot.memory import Memory
from bridge.bot.mind import Mind
from bridge.call import states, views
from bridge.call.agent_side import AgentSide
from bridge.call.bot_side import BotSide
from bridge.call.caller_side import CallerSide
from bridge.call.collected import Collected
from bridge.call.ear import Ear
from bridge.call.handoff import Decline, Handoff, Offer
from bridge.call.injections import Injections
from bridge.call.key_entry import KeyEntry
from bridge.call.mouth import Mouth
from bridge.call.operator import OperatorLeg
from bridge.call.operator_side import OperatorSide
from bridge.call.patch import Patch
from bridge.call.polling import Polling
from bridge.call.privacy import Privacy
from bridge.call.record import Record
from bridge.call.ringing import Ringing
from bridge.call.services import Services
from bridge.call.states import Effect, Event, State
from bridge.call.tasks import CallTasks
from bridge.call.timeline import Timeline
from bridge.call.turns import Turns
from bridge.directory import AlreadyClaimed, Claim, Holder
from bridge.errors import BridgeError
from bridge.media.dtmf import KeyPress
from bridge.ports import Caller, Line, Message, Speaker
from bridge.thread.writer import CallThread

log = structlog.get_logger()

_FINISH = 20.0
_STORE_PATIENCE = 300.0
"""Seconds that what was said waits, after the end, for a database that takes nothing."""

_SURVIVES_THE_END = ("recognise", "drop_claim")


class Call:
    """A caller's conversation from the first frame to the last word in the thread.

    Its tasks live in `run`; everything else is synchronous and belongs to the event loop.
    """

    def __init__(self, caller: Caller, line: Line, services: Services) -> None:
        self.caller = caller
        self.state = State.BOT
        self.timeline = Timeline()
        self.end: Event | None = None
        self.handoff: Handoff | None = None
        self.last_holder: Holder | None = None
        """Who had the call when it ended, for the record."""
        self.thread = CallThread(services.log, caller.thread_id, caller.call_id, deferred=services.deferred)
        self.privacy = Privacy(
            self.thread,
            state=lambda: self.state,
            collected=lambda: self.bot.collected,
            on_change=self._changed,
        )
        self.times = views.Times(started=self.thread.now())
        self._services = services
        self._tasks = CallTasks(caller.call_id, lambda: self.try_dispatch(Event.FAILED))
        self._ended = asyncio.Event()
        self._finish_within, self._winding_down = _FINISH, False
        self._record = Record(self, services.store)
        self._ringing = Ringing(self, services, self._tasks, lambda: self.try_dispatch(Event.RING_TIMEOUT))
        self._collected = Collected(caller, services.keep_answer)
        self._resume_at: str | None = None
        self.context = Context(services.instructions)
        self.turns = Turns(self)
        self.polling = Polling(self)
        self.agent = AgentSide(self)
        self.injections = Injections(self)
        self._rate = line.codec.rate
        self.caller_side = CallerSide(self, self._make_caller_ear, services.timing.line_grace)
        self.patch = Patch(
            line,
            services.clock,
            self.timeline,
            caller_ear=self.caller_side.ear,
            on_operator_audio=lambda: self.dispatch(Event.OPERATOR_AUDIO),
        )
        self._mouth = Mouth(
            self.patch.playout,
            services.tts,
            self.thread,
            rate=self._rate,
            on_first_audio=lambda: self.timeline.mark_once("bot_first_audio"),
            on_said=self.polling.said,
        )
        self.bot = BotSide(
            services.flow,
            self._make_mind(),
            self._mouth,
            self.thread,
            self._tasks,
            self,
            send_mark=lambda name: self.patch.line.mark(name),
            caller_quiet=self.caller_side.ear.quiet,
            reminds=line.paced,
            on_collected=self._answered,
        )
        self.operator = OperatorSide(
            self.patch,
            self.timeline,
            services.timing,
            make_ear=self._make_operator_ear,
            on_key=self._operator_key,
            on_lost=self.operator_lost,
            on_lapsed=lambda: self.try_dispatch(Event.CLAIM_LAPSED),
        )
        self._operator_keys = self.privacy.keys(KeyEntry(self.thread, "human", self._operator_name))

    @property
    def ended(self) -> bool:
        """True once nothing can happen any more."""
        return self.state is State.ENDED

    @property
    def claim(self) -> Claim | None:
        """Who has the call: a person, or a software agent."""
        return self.operator.claim or self.agent.claim

    @property
    def offer(self) -> Offer | None:
        """The round of ringing that is on, if one is."""
        return self.handoff.offer if self.handoff and self.state is State.HANDOFF else None

    def offered_to(self, operator_id: str) -> bool:
        """True while operators are being rung for this call and this one has not declined it."""
        offer, handoff = self.offer, self.handoff
        return bool(offer and offer.sent and handoff and operator_id not in handoff.declined)

    def decline(self, holder: Holder, reason: str) -> Decline:
        """Ring this operator no more for the present wish; raises BridgeError `gone` where there is none."""
        if self.offer is None or self.handoff is None:
            raise BridgeError("This call is not waiting any more.", code="gone")
        decline = Decline(holder, self.thread.clean(reason))
        self.handoff.declined[holder.id] = decline
        log.info("call_declined", call=self.caller.call_id, by=holder.id, reason=decline.reason)
        return decline

    async def run(self) -> None:
        """Live until the call has ended and its transcript is written. Owns every task of the call."""
        async with self._tasks:
            self._tasks.spawn(self.thread.run(), "thread")
            self._tasks.spawn(self._record.run(), "record")
            self._tasks.spawn(self._collected.run(), "collected")
            self._tasks.spawn(self._watch(), "watch")
            self.caller_side.hear_turns(True)
            self.bot.start("start")
            self.tell_changed()
            await self._ended.wait()
            await self._finish()

    def dispatch(self, event: Event) -> None:
        """Take an event: change state, carry out the effects, tell everybody. Raises IllegalEvent."""
        before = self.state
        self.state, effects = states.transition(self.state, event)
        if self.ended and before is not State.ENDED:
            self.end = event
            self.times.ended = self.thread.now()
            self.timeline.mark("call_ended")
        for effect in effects:
            self._perform(effect)
        if self.state is not before:
            log.info("call_state", call=self.caller.call_id, state=self.state.value, by=event.value)
            self.privacy.state_changed()
            self._changed()

    def _changed(self) -> None:
        """The call's view is another one: keep it, and tell everybody."""
        self._record.changed()
        self.tell_changed()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """Run a task that the call owns; None where the call is over."""
        return self._tasks.spawn(work, name)

    def tell_turn(self, event: str, data: dict[str, object]) -> None:
        """Tell whoever follows the turns."""
        self._services.events.call_turn(self, event, data)

    def tell_changed(self) -> None:
        """Tell whoever listens that the call's view is another one now."""
        self.polling.wake()
        self._services.events.call_changed(self)

    def try_dispatch(self, event: Event) -> bool:
        """As `dispatch`, but False where the event has come too late to mean anything."""
        try:
            self.dispatch(event)
        except states.IllegalEvent:
            return False
        return True

    # -- what people and programs ask for --

    def request_handoff(self, wish: HandoffWish) -> None:
        """Fetch a person. Raises BridgeError `not_with_bot`."""
        if self.state is not State.BOT:
            raise BridgeError(
                f"The call is in state {self.state.value}: only the bot can hand it over.",
                code="not_with_bot",
            )
        self.handoff = Handoff(wish, self._services.timing.ring)
        self.times.handoff, self.times.claimed, self.times.bridged = self.handoff.requested_at, None, None
        self.timeline.mark("handoff_requested")
        self.dispatch(Event.HANDOFF_REQUESTED)

    def take(self, leg: OperatorLeg, claim: Claim) -> None:
        """Connect the operator who has won `claim`. Raises IllegalEvent where the call waits no more."""
        states.transition(self.state, Event.CLAIMED)
        agents = self.agent.end("human_takeover", claim.holder)
        if agents is not None:
            self.spawn(self._services.directory.drop_claim(agents), "drop_claim")
        self.operator.take(leg, claim)
        self.dispatch(Event.CLAIMED)

    def release(self, *, note: str | None, resume_at: str | None) -> None:
        """Give the call back to the bot, at a flow node if named. Raises BridgeError `unknown_node`."""
        if resume_at is not None and not self.bot.knows(resume_at):
            raise BridgeError(f"The flow has no node named {resume_at!r}.", code="unknown_node")
        states.transition(self.state, Event.RELEASED)
        self._resume_at = resume_at
        self.timeline.mark("released")
        if note:
            self.thread.system(f"Note from the operator: {note}")
        self.dispatch(Event.RELEASED)

    def resume_bot(self, unanswered: str = "") -> None:
        """Let the bot carry on after an agent, knowing what was said; first with what was `unanswered`."""
        self._resume_bot("resume", unanswered)

    def inject(self, text: str, name: str | None = None) -> None:
        """Say `text` in an agent's name. Raises BridgeError, see Injections.add."""
        self.injections.add(text, name)

    def agent_hung_up(self) -> None:
        """A program ends the call. Raises AlreadyClaimed where a person has it."""
        holder = self.operator.claim.holder if self.operator.claim else None
        if holder is not None and not self.ended:
            raise AlreadyClaimed(holder)
        self.dispatch(Event.AGENT_HUNG_UP)

    def hold(self, on: bool) -> None:
        """Put the caller on hold, or back; asking for what already is does nothing."""
        self.dispatch(Event.HOLD if on else Event.UNHOLD)

    def say_as_operator(self, text: str) -> None:
        """Speak `text` to the caller in the bot's voice. Raises BridgeError `busy`."""
        if self._mouth.speaking:
            raise BridgeError("The caller is still being spoken to; try again in a moment.", code="busy")
        self.bot.announce(text, speaker="human", name=self._operator_name())

    def press_as_operator(self, digits: str) -> None:
        """Press keys (0-9 * # A-D) for the operator: their tones in place of the operator's voice.

        All of them or none: raises BridgeError `illegal_event` where the caller does not hear the operator,
        and `busy` where too many wait.
        """
        if self.state is not State.BRIDGED:
            raise BridgeError("The caller cannot hear your keys at the moment.", code="illegal_event")
        if self.patch.room_for_keys < len(digits):
            raise BridgeError("The keys before these are still sounding.", code="busy")
        for digit in digits:
            self.patch.key(KeyPress(digit, 0, new=True, ended=True))
        self._operator_keys.press(digits)

    def operator_lost(self) -> None:
        """The operator's audio or browser is gone; hold audio starts in this slot."""
        self.try_dispatch(Event.OPERATOR_LOST)

    def _operator_key(self, press: KeyPress) -> None:
        """A key of the operator's browser: the caller hears its tones, and it stands in the thread."""
        if self.patch.key(press) and press.new:
            self._operator_keys.press(press.key)

    def _operator_name(self) -> str | None:
        return self.claim.holder.name if self.claim else None

    def bot_hung_up(self) -> None:
        """The bot has said goodbye."""
        self.try_dispatch(Event.BOT_HUNG_UP)

    def wind_down(self, finish_within: float) -> None:
        """The server is going down: end what the bot has, with a word; people may finish what they say.

        `finish_within`: seconds that the transcript may take after the end.
        """
        self._finish_within, self._winding_down = finish_within, True
        if self.state in (State.BOT, State.HANDOFF):
            self._part()

    def incoming_view(self) -> dict[str, object]:
        """IncomingCall as operators see it; only while the call is offered."""
        assert self.handoff is not None
        return views.incoming_view(self, self.handoff)

    # -- effects --

    def _perform(self, effect: Effect) -> None:
        actions: dict[Effect, Callable[[], object]] = {
            Effect.STOP_BOT: self._stop_bot,
            Effect.ANNOUNCE_HANDOFF: self._announce_handoff,
            Effect.OFFER: self._ring,
            Effect.WITHDRAW_TIMED_OUT: lambda: self._ringing.withdraw("timed_out"),
            Effect.WITHDRAW_CANCELLED: lambda: self._ringing.withdraw("cancelled"),
            Effect.WITHDRAW_HUNG_UP: lambda: self._ringing.withdraw("caller_hung_up"),
            Effect.ATTACH_OPERATOR: self._attach_operator,
            Effect.AWAIT_AUDIO: self.operator.await_audio,
            Effect.SWAP: self._swap,
            Effect.UNSWAP_ON_AUDIO: self.patch.unhold,
            Effect.PLAY_HOLD: lambda: self.patch.play_hold("held" if self.state is State.HELD else "waiting"),
            Effect.DETACH_OPERATOR: self._detach_operator,
            Effect.STOP_HOLD: self.patch.playout.stop_hold,
            Effect.RESUME_BOT: lambda: self._resume_bot("resume"),
            Effect.RESUME_BOT_UNANSWERED: lambda: self._resume_bot("unanswered"),
            Effect.CLOSE: self._close,
        }
        actions[effect]()

    def _resume_bot(self, opening: Literal["resume", "unanswered"], unanswered: str = "") -> None:
        self.caller_side.hear_turns(True)
        self.timeline.mark("bot_resumed")
        resume_at, self._resume_at = self._resume_at, None
        if self._winding_down:
            self._part()
        elif self.agent.link is None:
            self.bot.start(opening, resume_at, unanswered)
        elif opening == "unanswered":
            self.agent.nobody_free()

    def _stop_bot(self) -> None:
        self.bot.stop()
        self.agent.stop()
        self.caller_side.hear_turns(False)

    def _announce_handoff(self) -> None:
        assert self.handoff is not None
        # Hold audio waits behind the sentence and fills the time until its first sound.
        self.patch.play_hold("apart")
        if self.handoff.wish.sentence:
            self.bot.announce(self.handoff.wish.sentence)

    def _ring(self) -> None:
        assert self.handoff is not None
        if self._winding_down:
            self._part()
        else:
            self._ringing.offer(self.handoff)

    def _part(self) -> None:
        """Say that the server is going down, and end the call unless a person has taken it meanwhile."""

        def end() -> None:
            if self.state in (State.BOT, State.HANDOFF):
                self.try_dispatch(Event.SHUTDOWN)

        self.bot.part(phrases.SHUTTING_DOWN, end)

    def _attach_operator(self) -> None:
        assert self.claim is not None
        self._ringing.stop()
        self.times.claimed = self.thread.now()
        self.timeline.mark("accepted")
        self.operator.attach()
        self._services.events.call_claimed(self, self.claim.holder)

    def _swap(self) -> None:
        self.operator.heard()
        self.times.bridged = self.times.bridged or self.thread.now()
        self.patch.swap()

    def _detach_operator(self) -> None:
        self._operator_keys.end()
        claim = self.operator.detach()
        if claim is not None:
            self.last_holder = claim.holder if self.ended else None
            self._tasks.spawn(self._services.directory.drop_claim(claim), "drop_claim")

    def _close(self) -> None:
        self._ringing.stop()
        self.caller_side.end()
        agents = self.agent.end("ended", None)
        if agents is not None:
            self.last_holder = agents.holder
            self._tasks.spawn(self._services.directory.drop_claim(agents), "drop_claim")
        self.patch.playout.cut()
        self._ended.set()

    # -- the call's own tasks --

    async def _watch(self) -> None:
        """Once a second: figures for the console, and the watchdog over the operator's media."""
        while True:
            await asyncio.sleep(1.0)
            leg = self.operator.leg
            if leg is None or self.state not in (State.BRIDGED, State.HELD):
                continue
            if self.operator.dead:
                self.operator_lost()
            elif self.state is State.BRIDGED:
                self._services.events.call_quality(self, views.quality_view(self, leg))

    async def _finish(self) -> None:
        """Hang up, let what was still being said reach the thread, and keep the record."""
        await self.patch.line.hang_up()
        within = self._finish_within
        until = time.monotonic() + within
        self.caller_side.ear.close()
        self._tasks.cancel(but=(*_SURVIVES_THE_END, "thread"))
        await self._tasks.ended(_SURVIVES_THE_END, within)
        # What is still not recognised goes to the backlog in this moment, with its audio.
        self._tasks.cancel(but=("thread", "drop_claim"))
        await self._tasks.ended(("recognise",), within)
        await self._record.store()
        await self.thread.settle(within if self._winding_down else _STORE_PATIENCE)
        await self.thread.drain(within)
        if self._services.deferred is not None:
            # So that what closes the conversation outside comes after its last words, if they are near.
            await self._services.deferred.settle(self.caller.call_id, until - time.monotonic())
        if self._services.farewell is not None:
            await self._services.farewell(self)
        await self._record.store()

    def _answered(self, text: str) -> None:
        """The flow has made of the caller's words what it can."""
        self.privacy.answered(text)
        self._collected.changed(self.privacy.shareable())

    # -- the model's part --

    def _make_mind(self) -> Mind | None:
        llm = self._services.llm
        return Mind(llm, self.context, Memory(llm, self._said_since, self._tasks.spawn)) if llm else None

    async def _said_since(self, seq: int) -> list[Message]:
        """What stands in the thread of this call after `seq`, however long ago. Raises StoreUnavailable."""
        messages = await self._services.store.messages(self.caller.thread_id, after_seq=seq)
        return [message for message in messages or () if message.call_id == self.caller.call_id]

    # -- ears --

    def _make_caller_ear(self, side: CallerSide) -> Ear:
        ear = self._make_ear("caller", self.caller.name or self.caller.number or None)
        ear.listen(on_speech=side.speaks, on_text=side.said, on_nothing=side.not_understood)
        return ear

    def _make_operator_ear(self, claim: Claim) -> Ear:
        return self._make_ear("human", claim.holder.name)

    def _make_ear(self, speaker: Speaker, name: str | None) -> Ear:
        ear = Ear(
            speaker=speaker,
            name=name,
            rate=self._rate,
            stt=self._services.stt,
            thread=self.thread,
            spawn=self._tasks.spawn,
        )
        return self.privacy.ear(ear)
