"""What a simulated phone hears, as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.ports import SpeechToText, Urgency
from signaling.terminal.hearing import Hearing, HoldBegan, Sound, Spoken
from signaling.terminal.turns import Turns
from telephony.twilio.playout import Slot

_WAITING = 16
_WORDLESS_MS = 1500


class PhoneEar:
    """Takes the phone's slots and tells what was heard, in order; `run` is its one task.

    `on_text(seconds, text)` is called for each utterance, `on_hold(seconds)` when hold audio begins; seconds
    since the first slot. Beyond sixteen utterances waiting the oldest is dropped, and told as such.
    """

    def __init__(
        self,
        recogniser: SpeechToText,
        on_text: Callable[[float, str], None],
        on_hold: Callable[[float], None],
    ) -> None:
        self.turns = Turns()
        self.hearing = Hearing()
        self._recogniser = recogniser
        self._on_text, self._on_hold = on_text, on_hold
        self._waiting: asyncio.Queue[Sound] = asyncio.Queue(_WAITING)

    @property
    def seconds(self) -> float:
        """How long has been listened."""
        return self.hearing.now_ms / 1000

    def slot(self, slot: Slot) -> None:
        """20 ms of what the phone plays."""
        sounds = self.hearing.slot(slot.payload)
        self.turns.hear(self.hearing.level_dbfs, hold=self.hearing.hold)
        for sound in sounds:
            self._put(sound)

    async def run(self) -> None:
        """Recognise until cancelled."""
        while True:
            sound = await self._waiting.get()
            if isinstance(sound, HoldBegan):
                self._on_hold(sound.at_ms / 1000)
            elif text := await self._text(sound):
                self._on_text(sound.start_ms / 1000, text)
            self._waiting.task_done()

    async def finish(self, seconds: float) -> None:
        """Let what was heard so far become text, for at most `seconds`; the line is over."""
        for sound in self.hearing.flush():
            self._put(sound)
        await self.caught_up(seconds)

    async def caught_up(self, seconds: float) -> None:
        """Wait until everything heard so far is text, for at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.join()
        except TimeoutError:
            return  # late text is still told when it comes

    async def _text(self, spoken: Spoken) -> str:
        try:
            text = await self._recogniser.transcribe(spoken.pcm, rate=8000, urgency=Urgency.FINAL)
        except BridgeError as error:
            return f"({error.message})"
        if not text and len(spoken.pcm) // 16 >= _WORDLESS_MS:
            return "(sound without words)"
        return text

    def _put(self, sound: Sound) -> None:
        if self._waiting.full():
            lost = self._waiting.get_nowait()
            self._waiting.task_done()
            if isinstance(lost, Spoken):
                self._on_text(lost.start_ms / 1000, "(not transcribed: too much at once)")
        self._waiting.put_nowait(sound)
