"""What an operator types while connected to a caller."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from bridge.errors import BridgeError
from bridge.speech.engines import VoiceEngine
from signaling.settings import Settings
from signaling.terminal.console import OperatorConsole
from signaling.terminal.errors import TerminalError
from signaling.terminal.show import Screen
from signaling.terminal.speech import open_voice, synthesise

HELP = "release · hold · unhold · hangup · say TEXT · bot TEXT (in the bot's voice)"


class Commander:
    """Obeys typed commands; a voice is loaded, and closed with `stack`, once it is first needed."""

    def __init__(self, settings: Settings, stack: AsyncExitStack, screen: Screen) -> None:
        self._settings, self._stack, self._screen = settings, stack, screen
        self._voice: VoiceEngine | None = None

    async def run(self, console: OperatorConsole, call_id: str) -> None:
        """Obey until cancelled; what cannot be done is told and changes nothing."""
        self._screen.note(HELP)
        with self._screen.typing("operator › ") as keyboard:
            while (text := await keyboard.line()) is not None:
                try:
                    await self._obey(console, call_id, text)
                except (TerminalError, BridgeError) as error:
                    self._screen.note(error.message)
        await asyncio.Event().wait()  # no keyboard any more is no reason to leave the caller

    async def _obey(self, console: OperatorConsole, call_id: str, text: str) -> None:
        word, _, rest = text.partition(" ")
        match word.lower():
            case "":
                pass
            case "release":
                await console.command("release_call", callId=call_id, note=rest.strip() or None)
            case "hangup":
                await console.command("hangup_call", callId=call_id)
            case "hold" | "unhold" as wish:
                await console.command("hold_call", callId=call_id, on=wish == "hold")
            case "say" if rest.strip():
                console.microphone.say(await synthesise(await self._load(), rest.strip()))
            case "bot" if rest.strip():
                await console.command("say", callId=call_id, text=rest.strip())
            case _:
                self._screen.note(HELP)

    async def _load(self) -> VoiceEngine:
        if self._voice is None:
            self._screen.note("Loading a voice …")
            self._voice = await open_voice(self._settings, self._stack)
        return self._voice
