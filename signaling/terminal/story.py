"""The demo's story: a large order that needs a person to agree to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median
from typing import Any

from bridge.media.frame import Frame, level_dbfs
from signaling.terminal.console import OperatorConsole
from signaling.terminal.errors import TerminalError
from signaling.terminal.hearing import Hearing, HoldBegan
from signaling.terminal.turns import SPEECH_DBFS, Turns
from telephony.errors import LineClosed
from telephony.twilio.playout import Slot
from telephony.twilio.simulator import TwilioSimulator

OPERATOR = "Rosie"
CALLER = "Ann"
PRODUCT = "Muffins, please."
AMOUNT = "We need a hundred muffins for Friday."
PERSON = "Can I speak to a real person?"
HELLO = "Hello, this is Rosie. A hundred muffins for Friday, gladly. At what time?"
TIME = "At nine in the morning, please."
GOODBYE = "Perfect. I hand you back now."
NOTHING = "No, thank you. That is all."
LINES = (PRODUCT, AMOUNT, PERSON, HELLO, TIME, GOODBYE, NOTHING)

NEXT_NODE = "faq_shop"
"""Where the shipped flow goes on after the order."""

_QUIET_MS = 700
_FIRST_WORD_MS = 300
_TAIL_MS = 300
_HOLD_MS = 1500
_RING = 8.0
_LAST_WORDS = 3.0
_PATIENCE = 30.0


class Caller:
    """Ann's phone: what she hears decides when she speaks."""

    def __init__(self, on_hold: Callable[[float], None]) -> None:
        self.phone: TwilioSimulator | None = None
        self.turns = Turns()
        self.hearing = Hearing()
        self.answers: list[float] = []
        """Seconds from the end of each thing she said to the first sound of the answer."""
        self.hold_ms = 0
        self._on_hold = on_hold
        self._spoke_at: float | None = None

    def slot(self, slot: Slot) -> None:
        """20 ms of what the phone plays."""
        for sound in self.hearing.slot(slot.payload):
            if isinstance(sound, HoldBegan):
                self._on_hold(sound.at_ms / 1000)
        self.hold_ms += 20 if self.hearing.hold else 0
        level = self.hearing.level_dbfs
        self.turns.hear(level, hold=self.hearing.hold)
        if self._spoke_at is not None and level >= SPEECH_DBFS:
            self.answers.append(slot.at - self._spoke_at)
            self._spoke_at = None

    async def say(self, pcm: bytes, *, timed: bool = True) -> None:
        """Speak when it is her turn; `timed`: the answer counts among `answers`. Raises LineClosed."""
        assert self.phone is not None
        await self.phone.until(lambda: self.turns.over(_QUIET_MS))
        self.phone.speak_pcm(pcm)
        await self.phone.spoken()
        self.turns.spoke()
        self._spoke_at = time.monotonic() if timed else None

    @property
    def typical_answer(self) -> float | None:
        """The median of `answers`."""
        return median(self.answers) if self.answers else None


class Operator:
    """Rosie at her console."""

    def __init__(self) -> None:
        self.console: OperatorConsole | None = None
        self.turns = Turns()
        self.transcribed = 0
        """How many things that she said are in the thread."""
        self._heard = asyncio.Event()

    def frame(self, frame: Frame) -> None:
        """20 ms of the caller's."""
        self.turns.hear(level_dbfs(frame.pcm))
        self._heard.set()
        self._heard = asyncio.Event()

    async def say(self, pcm: bytes, *, quiet_ms: int = _QUIET_MS) -> None:
        """Speak when the caller has finished."""
        assert self.console is not None
        while not self.turns.over(quiet_ms):
            await self._heard.wait()
        self.console.microphone.say(pcm)
        await self.console.microphone.spoken()
        self.turns.spoke()


class Story:
    """Plays the story on a connected phone and a console on standby.

    `sounds`: s16le at 8 kHz of each of LINES; `tell` gets what happens in words, `ring` the IncomingCall.
    """

    def __init__(
        self,
        caller: Caller,
        operator: Operator,
        sounds: Mapping[str, bytes],
        *,
        thread_id: str,
        tell: Callable[[str], None],
        ring: Callable[[dict[str, Any]], None],
    ) -> None:
        assert caller.phone is not None
        assert operator.console is not None
        self._caller, self._operator, self._sounds = caller, operator, sounds
        self._phone, self._console = caller.phone, operator.console
        self._thread_id, self._tell, self._ring = thread_id, tell, ring
        self.call_id = ""
        self.human_slots = (0, 0)
        """From which slot to which the phone was with the operator."""

    async def play(self) -> None:
        """From the first ring to the goodbye. Raises TerminalError where it does not go as told."""
        try:
            await self._order()
            await self._take_over()
            await self._agree()
            await self._give_back()
        except LineClosed as error:
            raise TerminalError("The call ended before the story did.", code="story") from error

    async def _order(self) -> None:
        self._tell("Ann calls the bakery. The bot answers.")
        await _step("the bot does not speak", self._caller.say(self._sounds[PRODUCT]))
        await _step("the bot does not answer", self._caller.say(self._sounds[AMOUNT]))

    async def _take_over(self) -> None:
        try:
            await self._console.until(self._rings, _RING)
        except TimeoutError:  # the recogniser or another flow may have taken it for something else
            await _step("the bot does not answer", self._caller.say(self._sounds[PERSON]))
            await _step("no operator is rung", self._console.until(self._rings))
        self._tell("That takes a person. The operator's console rings:")
        self._ring(self._console.waiting[self.call_id])
        heard = self._phone.until(lambda: self._caller.hold_ms >= _HOLD_MS)
        await _step("no hold audio is heard", heard)
        self._tell("Rosie takes the call.")
        begin = self._phone.slots
        await self._console.accept(self.call_id)
        bridged = self._console.until(lambda: self._console.state(self.call_id) == "bridged")
        await _step("the operator's audio does not come", bridged)
        self.human_slots = (begin, begin)

    def _rings(self) -> bool:
        """True once our own call waits for an operator."""
        for call_id, offer in self._console.waiting.items():
            if offer["threadId"] == self._thread_id:
                self.call_id = call_id
        return bool(self.call_id)

    async def _agree(self) -> None:
        self._operator.turns.invited()
        hello = self._operator.say(self._sounds[HELLO], quiet_ms=_FIRST_WORD_MS)
        await _step("the operator cannot speak", hello)
        await _step("the caller does not hear", self._caller.say(self._sounds[TIME], timed=False))
        await _step("the operator does not hear", self._operator.say(self._sounds[GOODBYE]))
        await _step("the operator is not heard", self._phone.wait_quiet(_TAIL_MS))
        self.human_slots = (self.human_slots[0], self._phone.slots)
        try:
            await self._console.until(lambda: self._operator.transcribed >= 2, _LAST_WORDS)
        except TimeoutError:
            pass  # her last words will come later; nobody waits for them on a real call either

    async def _give_back(self) -> None:
        self._caller.turns.spoke()  # it is the bot's turn
        try:
            await self._console.command("release_call", callId=self.call_id, resumeAt=NEXT_NODE)
        except TerminalError as error:
            if error.code != "unknown_node":
                raise
            await self._console.command("release_call", callId=self.call_id)
        self._tell("Rosie gives the call back. The bot carries on.")
        await _step("the bot does not come back", self._caller.say(self._sounds[NOTHING]))
        await _step("the bot does not say goodbye", self._closed())

    async def _closed(self) -> None:
        await self._phone.closed()


async def _step(otherwise: str, what: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await what
    except TimeoutError:
        raise TerminalError(f"The demo got stuck: {otherwise}.", code="story") from None
