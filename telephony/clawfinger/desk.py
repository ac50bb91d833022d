"""What all calls of the phone app share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bridge.call.call import Call
from bridge.call.states import State
from bridge.call.switchboard import Switchboard
from bridge.errors import BridgeError
from bridge.media.clock import MediaClock
from bridge.ports import Caller, Message, TextToSpeech, ThreadStore
from bridge.speech.errors import SpeechUnavailable
from bridge.thread.errors import StoreUnavailable
from telephony.clawfinger.answer import RATE
from telephony.clawfinger.config import CallConfig
from telephony.clawfinger.policy import plain_number
from telephony.clawfinger.transcripts import Transcripts

if TYPE_CHECKING:
    from telephony.clawfinger.session import PhoneSession

log = structlog.get_logger()

PROVIDER = "clawfinger"
_NUMBERS = uuid.UUID("7c0f6a52-3f8e-4d55-9d0c-6a3f0a6a7a10")
"""The namespace of ids made from telephone numbers."""


Tell = Callable[[str, Mapping[str, object], str], None]
"""Tells software agents of an event: what it is, its fields, and the session's id."""


def _nobody(event: str, data: Mapping[str, object], session_id: str) -> None:
    """No agents are there to be told."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The collaborators of a phone session."""

    switchboard: Switchboard
    config: CallConfig
    transcripts: Transcripts
    tts: TextToSpeech
    clock: MediaClock
    store: ThreadStore
    channel: str = ""
    """`channelId` of every caller, else one for each call."""
    answer_within: float = 40.0
    """Seconds that a turn may take: the app reads for 45 s, and drops what comes later."""
    overtime: float = 5.0
    """Seconds beyond the longest call: the app ends it by itself, with a turn of its own."""
    tell: Tell = _nobody
    """Tells of callers whose call has not begun; of the call itself, CallEvents do."""

    async def speech(self, text: str) -> bytes:
        """`text` as s16le mono at 8 kHz, outside of any call; b"" where the voice is down."""
        try:
            async with aclosing(self.tts.speak(text, rate=RATE)) as chunks:
                return b"".join([chunk async for chunk in chunks])
        except SpeechUnavailable as error:
            log.warning("speech_unavailable", code=error.code)
            return b""

    async def open_call(self, session: PhoneSession, greeting: str) -> Call:
        """Begin the session's call, with `greeting` before everything else. Raises BridgeError."""
        line, caller = session.line, self._caller(session)
        earlier = await self._earlier(caller) if self.config.keep_history else None
        line.listener = self.switchboard.accept(line, caller)
        call = self.switchboard.find(session.id)
        if call is None:
            raise BridgeError("The call could not begin.", code="failed")
        call.bot.greeting = greeting
        call.thread.recall(earlier or ())
        line.live = lambda: call.state is State.BRIDGED and not call.patch.playout.speaking
        line.on_gathered = call.polling.wake
        return call

    async def _earlier(self, caller: Caller) -> list[Message] | None:
        """What was said in the caller's thread before, None where nothing is known of it."""
        try:
            return await self.store.messages(caller.thread_id)
        except StoreUnavailable as error:
            log.warning("history_not_read", call=caller.call_id, error=error.message)
            return None

    def _caller(self, session: PhoneSession) -> Caller:
        """Whose conversation this is: with history kept, one thread for each number."""
        number = plain_number(session.number)
        kept = bool(number) and self.config.keep_history
        return Caller(
            call_id=session.id,
            thread_id=str(uuid.uuid5(_NUMBERS, f"thread:{number}") if kept else uuid.uuid4()),
            crm_id=str(uuid.uuid5(_NUMBERS, f"crm:{number}") if kept else uuid.uuid4()),
            channel_id=self.channel or str(uuid.uuid4()),
            provider=PROVIDER,
            number=session.number,
        )
