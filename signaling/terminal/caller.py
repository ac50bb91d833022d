"""`patchbay call`: a customer's phone in the terminal."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import BridgeError
from bridge.speech.engines import VoiceEngine
from signaling.settings import Settings
from signaling.terminal.api import ServerApi, wait_ready
from signaling.terminal.ear import PhoneEar
from signaling.terminal.errors import TerminalError
from signaling.terminal.keyboard import at_terminal
from signaling.terminal.lines import Line, line_of, load_lines, speak_lines
from signaling.terminal.race import race
from signaling.terminal.show import Screen, clock
from signaling.terminal.speech import open_both
from telephony.errors import LineClosed
from telephony.twilio.dialer import IncomingCall
from telephony.twilio.playout import Slot
from telephony.twilio.simulator import TwilioSimulator

_GOODBYE_QUIET_MS = 4000
"""After the last line: long enough for whoever is thinking about an answer."""

_CATCH_UP = 3.0
_LAST_WORDS = 8.0

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
        screen.title(f"Calling {api.url}", f"from {plan.number} · thread {plan.thread_id}")
        phone = await dial(plan, settings, ear.slot)
        conversation = Conversation(phone, ear, screen)
        try:
            await conversation.hold(lines if plan.scripted else None, voice)
        except asyncio.CancelledError:
            screen.line(ear.seconds, "☎", "You hung up.")
            raise
        if conversation.hung_up:
            reason = "You hung up"
        else:
            reason = await _reason(api, plan.thread_id, phone.close_code)
        screen.line(ear.seconds, "☎", f"{reason} after {clock(ear.seconds)}.")


async def dial(
    plan: CallPlan, settings: Settings, on_slot: Callable[[Slot], None] | None = None
) -> TwilioSimulator:
    """The call as Twilio would bring it, to be entered with `async with`. Raises CallRejected."""
    token = settings.twilio_auth_token
    return await TwilioSimulator.dial(
        plan.url,
        IncomingCall(plan.number, plan.name, {"threadId": plan.thread_id}),
        auth_token=token.get_secret_value() if token else None,
        public_url=settings.public_url,
        on_slot=on_slot,
    )


class Conversation:
    """One call from the first ring to the last word."""

    def __init__(self, phone: TwilioSimulator, ear: PhoneEar, screen: Screen) -> None:
        self._phone, self._ear, self._screen = phone, ear, screen
        self.hung_up = False
        """True once it was us who ended the call."""

    async def hold(self, lines: Sequence[Line] | None, voice: VoiceEngine) -> None:
        """Say `lines`, or what is typed where there are none, until either side ends the call."""
        await race(self._talk(lines, voice), self._ear.run())

    async def _talk(self, lines: Sequence[Line] | None, voice: VoiceEngine) -> None:
        try:
            async with self._phone:
                work = self._typed(voice) if lines is None else self._script(lines)
                self.hung_up = await race(work, self._closed()) == 0
        except LineClosed:
            self.hung_up = False
        await self._ear.finish(_LAST_WORDS)

    async def _closed(self) -> None:
        await self._phone.closed()

    async def _script(self, lines: Sequence[Line]) -> None:
        turns = self._ear.turns
        for line in lines:
            await self._phone.until(lambda: turns.ours)
            await self._ear.caught_up(_CATCH_UP)
            await self._say(line)
        await self._phone.until(lambda: turns.over(_GOODBYE_QUIET_MS))

    async def _typed(self, voice: VoiceEngine) -> None:
        self._screen.note("Type what you say; #5 presses the key 5, an empty line hangs up.")
        with self._screen.typing("you › ") as keyboard:
            while text := await keyboard.line():
                try:
                    await self._say(await line_of(text, voice))
                except BridgeError as error:
                    self._screen.note(error.message)

    async def _say(self, line: Line) -> None:
        self._screen.line(self._ear.seconds, "you", line.text)
        for key in line.keys:
            await self._phone.press(key)
        if line.pcm:
            self._phone.speak_pcm(line.pcm)
            await self._phone.spoken()
        self._ear.turns.spoke()


async def _reason(api: ServerApi, thread_id: str, close_code: int | None) -> str:
    """Why the other side ended the call, as far as the server says."""
    try:
        messages = await api.messages(thread_id)
        view = await api.call(messages[-1]["callId"]) if messages else {}
    except TerminalError:
        view = {}  # a server that is gone, or that does not tell strangers
    return _ENDINGS.get(str(view.get("endReason")), f"The server closed the line (code {close_code})")
