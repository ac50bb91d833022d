"""`patchbay call`: a customer's phone in the terminal."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from signaling.settings import Settings
from signaling.terminal.api import ServerApi, wait_ready
from signaling.terminal.ear import PhoneEar
from signaling.terminal.errors import TerminalError
from signaling.terminal.keyboard import at_terminal
from signaling.terminal.lines import load_lines, speak_lines
from signaling.terminal.race import race
from signaling.terminal.show import Screen, clock
from signaling.terminal.speech import open_both
from telephony.twilio.dialer import IncomingCall
from telephony.twilio.simulator import TwilioSimulator

_GOODBYE_QUIET_MS = 4000
"""After the last line: long enough for whoever is thinking about an answer."""

_CATCH_UP = 3.0
_LAST_WORDS = 8.0
_RECORD = 2.0

_ENDINGS = {
    "bot_hung_up": "The bot ended the call",
    "operator_hung_up": "The operator hung up",
    "line_lost": "The line was lost",
    "failed": "The server ended the call after a fault of its own",
    "shutdown": "The server was shut down",
}


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Who calls where, and what is to be said; without `texts` and `sounds` it is asked for line by line."""

    url: str
    number: str
    name: str | None = None
    thread_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    texts: tuple[str, ...] = ()
    sounds: tuple[Path, ...] = ()

    @property
    def scripted(self) -> bool:
        """True where it stands beforehand what is said."""
        return bool(self.texts or self.sounds)


async def call(plan: CallPlan, settings: Settings, screen: Screen) -> None:
    """Call, talk, and return when the call is over. Raises the packages' errors, each with a sentence."""
    if not plan.scripted and not at_terminal():
        raise TerminalError(
            "There is nothing to say: give --say or --wav, or run it in a terminal.", code="nothing_to_say"
        )
    lines = await load_lines(plan.sounds)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(ServerApi(plan.url))
        await api.check()
        with screen.status("Loading a voice and a recogniser"):
            voice, recogniser = await open_both(settings, stack)
            lines += await speak_lines(plan.texts, voice)
            await wait_ready(api)
        ear = PhoneEar(
            recogniser,
            lambda at, text: screen.line(at, "heard", text),
            lambda at: screen.line(at, "♪", "hold audio"),
        )
        phone = await dial(plan, settings, ear)
        screen.title(f"Calling {api.url}", f"from {plan.number}, thread {plan.thread_id}")
        talk = _Talk(phone, ear, screen)
        work = talk.script(lines) if plan.scripted else talk.typed(voice)
        hung_up = await _converse(phone, ear, screen, work)
        reason = "You hung up" if hung_up else await _reason(api, plan.thread_id, phone.close_code)
        screen.line(ear.seconds, "☎", f"{reason} after {clock(ear.seconds)}.")


async def dial(plan: CallPlan, settings: Settings, ear: PhoneEar | None = None) -> TwilioSimulator:
    """The call as Twilio would bring it, to be entered with `async with`. Raises CallRejected."""
    token = settings.twilio_auth_token
    incoming = IncomingCall(plan.number, plan.name, {"threadId": plan.thread_id})
    return await TwilioSimulator.dial(
        plan.url,
        incoming,
        auth_token=token.get_secret_value() if token else None,
        public_url=settings.public_url,
        on_slot=ear.slot if ear is not None else None,
    )


async def _converse(phone: TwilioSimulator, ear: PhoneEar, screen: Screen, talk: _Work) -> bool:
    """Be on the phone until it is over; True where it was us who hung up."""
    listening = asyncio.create_task(ear.run(), name="terminal.ear")
    try:
        async with phone:
            first = await race(talk, _closed(phone), _listening(listening))
        await ear.finish(_LAST_WORDS)
        return first == 0
    finally:
        listening.cancel()
        await asyncio.wait([listening])
