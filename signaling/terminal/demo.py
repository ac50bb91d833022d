"""`patchbay demo`: a call, a handoff and the way back, played on real speech."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text

from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from signaling.settings import Settings
from signaling.terminal import report, story
from signaling.terminal.api import ServerApi, wait_ready
from signaling.terminal.caller import CallPlan, dial
from signaling.terminal.console import OperatorConsole
from signaling.terminal.errors import TerminalError
from signaling.terminal.microphone import Microphone
from signaling.terminal.offers import show_message, show_offer
from signaling.terminal.own_server import OwnServer
from signaling.terminal.race import race
from signaling.terminal.show import Screen
from signaling.terminal.speech import open_recogniser, open_voice, synthesise, trimmed
from telephony.twilio.simulator import TwilioSimulator

Payload = dict[str, Any]

_SHOWN = 3
_SPEAKING = {
    "bot": "Ann is on the phone with the bot",
    "handoff": "Ann waits for Rosie",
    "connecting": "Rosie is being connected",
    "bridged": "Ann is on the phone with Rosie",
    "held": "Ann is on hold",
    "ended": "Ann has hung up",
}
_SETTLE = 0.5
_SETTLE_MOST = 10


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Where to play, and the operator's name and password there; without `url` on a server of its own."""

    url: str | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    on_log: Callable[[str], None] = lambda line: None


async def demo(plan: DemoPlan, settings: Settings, screen: Screen) -> None:
    """Play the story and print what came of it. Raises the packages' errors, each with a sentence."""
    screen.title("Patchbay demo", "A caller, a bot and an operator on real speech: about a minute.")
    try:
        if plan.url is None:
            await _on_own_server(plan, settings, screen)
        else:
            await _Demo(plan.url, plan.user, plan.password, settings, screen).run()
    except asyncio.CancelledError:
        screen.note("Stopped.")
        raise


async def _on_own_server(plan: DemoPlan, settings: Settings, screen: Screen) -> None:
    server = OwnServer(settings, user=story.OPERATOR, on_line=plan.on_log)
    async with AsyncExitStack() as stack:
        with step(screen, "Starting a server"):
            await stack.enter_async_context(server)
        play = _Demo(server.url, server.user, server.password, settings, screen)
        await race(play.run(), server.failed())


@contextmanager
def step(screen: Screen, what: str) -> Iterator[None]:
    """Show that something is under way, and that it is done."""
    began = time.monotonic()
    with screen.status(what, told=True):
        yield
    tick = Text.assemble(("  ✓ ", "green"), what, (f"  {time.monotonic() - began:.1f} s", "dim"))
    screen.print(tick)


class _Demo:
    """One playing of the story at one server."""

    def __init__(self, url: str, user: str, password: str, settings: Settings, screen: Screen) -> None:
        self._api = ServerApi(url)
        self._user, self._password = user, password
        self._settings, self._screen = settings, screen
        self._plan = CallPlan(url, "+15550123", story.CALLER)
        self._caller = story.Caller(on_hold=self._hold)
        self._operator = story.Operator()
        self._now: Callable[[str], None] = lambda text: None

    async def run(self) -> None:
        """Get everything ready, play, and report."""
        screen = self._screen
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._api)
            await self._api.check()
            await self._api.login(self._user, self._password)
            with step(screen, "Loading a recogniser and voices"):
                sounds, _ = await asyncio.gather(self._sounds(), wait_ready(self._api))
            console = OperatorConsole(
                self._api, Microphone(), on_event=self._told, on_frame=self._operator.frame
            )
            self._operator.console = await stack.enter_async_context(console)
            with step(screen, "Connecting the operator, on standby"):
                await console.open_audio()
            screen.print()
            phone = await dial(self._plan, self._settings, self._caller.slot)
            with screen.status(_SPEAKING["bot"], told=True) as self._now:
                async with phone:
                    self._caller.phone = phone
                    told = await self._play(sounds)
            await self._report(told, phone)

    async def _play(self, sounds: Mapping[str, bytes]) -> story.Story:
        told = story.Story(
            self._caller,
            self._operator,
            sounds,
            thread_id=self._plan.thread_id,
            tell=self._tell,
            ring=lambda offer: show_offer(self._screen, offer, last=_SHOWN),
        )
        await told.play()
        return told

    async def _sounds(self) -> dict[str, bytes]:
        """Every line of the story, spoken beforehand, so that the processor is the server's afterwards."""
        async with AsyncExitStack() as stack:
            voice = await open_voice(self._settings, stack)
            return {line: trimmed(await synthesise(voice, line)) for line in story.LINES}

    async def _report(self, told: story.Story, phone: TwilioSimulator) -> None:
        with self._screen.status("Listening to what the phone recorded"):
            heard = await self._transcribe(phone, told.human_slots)
        messages = await self._whole_thread()
        timeline = await self._api.timeline(told.call_id)
        report.show_thread(self._screen, messages)
        report.show_timeline(self._screen, timeline)
        report.show_intervals(self._screen, report.intervals(timeline, self._caller.typical_answer))
        report.show_words(self._screen, timeline, heard)
        if not report.went_round(messages):
            raise TerminalError(
                "The thread does not go from the bot to the operator and back: the demo did not work.",
                code="story",
            )

    async def _transcribe(self, phone: TwilioSimulator, slots: tuple[int, int]) -> str:
        """What the phone itself heard from one slot to another, as text."""
        gone = phone.slots - len(phone.heard)
        heard = list(phone.heard)[slots[0] - gone : slots[1] - gone]
        pcm = ulaw_decode(b"".join(slot.payload for slot in heard))
        async with AsyncExitStack() as stack:
            recogniser = await open_recogniser(self._settings, stack)
            return await recogniser.transcribe(pcm, rate=8000, urgency=Urgency.FINAL)

    async def _whole_thread(self) -> list[Payload]:
        """The thread once nothing is added to it any more: the last words are still being recognised."""
        messages = await self._api.messages(self._plan.thread_id)
        for _ in range(_SETTLE_MOST):
            await asyncio.sleep(_SETTLE)
            before, messages = len(messages), await self._api.messages(self._plan.thread_id)
            if len(messages) == before:
                break
        return messages

    def _tell(self, text: str) -> None:
        self._screen.print(Text.assemble(("\n  ● ", "yellow"), (text, "bold"), "\n"))

    def _hold(self, at_s: float) -> None:
        self._screen.line(at_s, "♪", "hold audio on the phone")

    def _told(self, event: str, payload: Payload) -> None:
        if event == "call_state" and payload["threadId"] == self._plan.thread_id:
            self._now(_SPEAKING.get(payload["state"], ""))
        if event == "transcript" and payload["threadId"] == self._plan.thread_id:
            message = payload["message"]
            call = self._operator.console.calls.get(payload["callId"], {}) if self._operator.console else {}
            if message["final"]:
                show_message(self._screen, message, call, "")
                self._operator.transcribed += message["speaker"] == "human"
