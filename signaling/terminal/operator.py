"""`patchbay operator`: takes calls in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bridge.media.frame import Frame, level_dbfs
from signaling.settings import Settings
from signaling.terminal.api import ServerApi
from signaling.terminal.commander import Commander
from signaling.terminal.console import OperatorConsole
from signaling.terminal.errors import TerminalError
from signaling.terminal.keyboard import at_terminal
from signaling.terminal.lines import Line, load_lines, speak_lines
from signaling.terminal.microphone import Microphone
from signaling.terminal.offers import show_message, show_offer
from signaling.terminal.race import race
from signaling.terminal.show import Screen
from signaling.terminal.speech import open_voice
from signaling.terminal.turns import Turns

Payload = dict[str, Any]

_FIRST_WORD_MS = 300
_PATIENCE_MS = 8000
_QUIET_MS = 1200
_RETRY_S = 1.0
_STATES = {
    "connecting": "Connecting you to the caller …",
    "bridged": "You are connected: the caller hears you.",
    "held": "The caller hears hold audio.",
}
_OUTCOMES = {
    "ended": "The call has ended.",
    "bot": "The caller is back with the bot.",
    "handoff": "The caller waits for somebody again.",
}


@dataclass(frozen=True, slots=True)
class DeskPlan:
    """Who takes calls where, and what is said to each caller; `afterwards`: done after the last line."""

    url: str
    user: str
    password: str = field(repr=False)
    texts: tuple[str, ...] = ()
    sounds: tuple[Path, ...] = ()
    echo: bool = False
    once: bool = False
    auto: bool = False
    afterwards: Literal["release", "hangup"] | None = None

    @property
    def asks(self) -> bool:
        """True where somebody at the terminal decides about each call."""
        by_itself = self.auto or self.echo or bool(self.texts or self.sounds)
        return at_terminal() and not by_itself


async def operate(plan: DeskPlan, settings: Settings, screen: Screen) -> None:
    """Take calls until Ctrl-C, or one call with `once`. Raises the packages' errors, with a sentence."""
    lines = await load_lines(plan.sounds)
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(ServerApi(plan.url))
        me = await api.login(plan.user, plan.password)
        if plan.texts:
            with screen.status("Loading a voice"):
                lines += await speak_lines(plan.texts, await open_voice(settings, stack))
        desk = _Desk(plan, api, lines, screen, Commander(settings, stack, screen))
        await stack.enter_async_context(desk.console)
        with screen.status("Opening the audio connection"):
            await desk.console.open_audio()
        screen.title(f"{me['name']} takes calls at {api.url}", "on standby; Ctrl-C ends")
        try:
            await race(desk.take_calls(), desk.keep_connected())
        finally:
            screen.note("Signed off.")


class _Desk:
    """An operator's desk: one call after another."""

    def __init__(
        self, plan: DeskPlan, api: ServerApi, lines: Sequence[Line], screen: Screen, commander: Commander
    ) -> None:
        self._plan, self._lines, self._screen, self._commander = plan, lines, screen, commander
        microphone = Microphone(echo=plan.echo)
        self.console = OperatorConsole(api, microphone, on_event=self._told, on_frame=self._heard)
        self._call_id: str | None = None
        self._state = ""
        self._refused: set[str] = set()
        self._turns = Turns()
        self._heard_frame = asyncio.Event()

    async def take_calls(self) -> None:
        """Offer each waiting call to whoever sits here, and be on it until it is over."""
        while True:
            await self.console.until(lambda: self._next() is not None)
            offer = self._next()
            if offer is None:
                continue
            show_offer(self._screen, offer)
            if await self._wanted(offer["callId"]) and await self._accept(offer["callId"]):
                await self._converse(offer["callId"])
                if self._plan.once:
                    return
                self._screen.note("On standby again.")

    async def keep_connected(self) -> None:
        """Come back whenever the server or the audio connection was lost; renew it where the server asks."""
        console = self.console

        def lost() -> bool:
            return not console.connected or console.audio == "failed"

        while True:
            await console.until(lambda: lost() or console.renewal_wanted)
            was_lost = lost()
            await self._come_back()
            if was_lost:
                self._screen.note("Connected again.")

    async def _come_back(self) -> None:
        while True:
            try:
                if not self.console.connected:
                    await self.console.connect()
                await self.console.open_audio()
            except TerminalError:
                await asyncio.sleep(_RETRY_S)
            else:
                return

    def _next(self) -> Payload | None:
        waiting = self.console.waiting.values()
        return next((offer for offer in waiting if offer["callId"] not in self._refused), None)

    async def _wanted(self, call_id: str) -> bool:
        """True to take the call; a call that is gone meanwhile is not wanted any more."""
        if not self._plan.asks:
            return True
        answers: list[str | None] = []
        with self._screen.typing("Take the call? [Y/n] ") as keyboard:

            async def ask() -> None:
                answers.append(await keyboard.line())

            await race(ask(), self.console.until(lambda: call_id not in self.console.waiting))
        if not answers:
            return False
        if answers[0] is not None and answers[0].lower() in ("", "y", "yes"):
            return True
        self._refused.add(call_id)
        await self._try("decline_call", call_id)
        self._screen.note("Left to the others.")
        return False

    async def _accept(self, call_id: str) -> bool:
        try:
            await self.console.accept(call_id)
        except TerminalError as error:
            self._screen.note(error.message)
            self.console.waiting.pop(call_id, None)
            return False
        return True

    async def _converse(self, call_id: str) -> None:
        self._call_id, self._state = call_id, ""
        self._turns = Turns(quiet_ms=_QUIET_MS, patience_ms=_PATIENCE_MS)
        self._turns.invited()
        self._tell_state()
        works = [self.console.until(lambda: not self.console.mine(call_id)), self._talk(call_id)]
        if at_terminal():
            works.append(self._commander.run(self.console, call_id))
        try:
            await race(*works)
        finally:
            self.console.microphone.hush()
            self._call_id = None
        self._screen.note(_OUTCOMES.get(self.console.state(call_id), "The call is not yours any more."))

    async def _talk(self, call_id: str) -> None:
        quiet_ms = _FIRST_WORD_MS
        for line in self._lines:
            await self._turn(quiet_ms)
            self.console.microphone.say(line.pcm)
            await self.console.microphone.spoken()
            self._turns.spoke()
            quiet_ms = _QUIET_MS
        if self._lines and self._plan.afterwards:
            await self._turn(quiet_ms)
            await self._try("release_call" if self._plan.afterwards == "release" else "hangup_call", call_id)
        await asyncio.Event().wait()  # the call's end ends this

    async def _turn(self, quiet_ms: int) -> None:
        """Wait until the caller has been quiet so long. Frames, and with them time, come while connected."""
        while not self._turns.over(quiet_ms):
            await self._heard_frame.wait()

    async def _try(self, event: str, call_id: str) -> None:
        try:
            await self.console.command(event, callId=call_id)
        except TerminalError as error:
            self._screen.note(error.message)

    def _heard(self, frame: Frame) -> None:
        self._turns.hear(level_dbfs(frame.pcm))
        self._heard_frame.set()
        self._heard_frame = asyncio.Event()

    def _told(self, event: str, payload: Payload) -> None:
        if event == "transcript" and payload["callId"] == self._call_id:
            if payload["message"]["final"]:
                call = self.console.calls.get(payload["callId"], {})
                show_message(self._screen, payload["message"], call, self.console.me["name"])
        elif event == "call_state" and payload["callId"] == self._call_id:
            self._tell_state()
        elif event == "call_withdrawn":
            reason = str(payload.get("reason", "")).replace("_", " ")
            self._screen.note(f"A call waits no more: {reason}.")
        elif event == "call_claimed" and payload["operator"]["id"] != self.console.me["id"]:
            self._screen.note(f"{payload['operator']['name']} took the call.")
        elif event == "disconnected":
            self._screen.note("The server is gone; trying to reach it again …")

    def _tell_state(self) -> None:
        state = self.console.state(self._call_id or "")
        if state != self._state and self.console.mine(self._call_id or "") and state in _STATES:
            self._screen.note(_STATES[state])
        self._state = state
