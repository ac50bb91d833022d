"""The people around the server, each keeping when it said, heard and read what."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import av
import numpy as np

from benchmarks.sound import FRAME_S, Piece
from bridge.media.g711 import ulaw_decode
from telephony.twilio.playout import Slot
from telephony.twilio.recording import QUIET_DB, Arrival
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console, Microphone
from tests.harness.server import ServerProcess


class Phone(TwilioSimulator):
    """A caller whose every frame is in `said`."""

    def __init__(self, url: str, *, parameters: Mapping[str, str] | None = None) -> None:
        super().__init__(url, parameters=parameters)
        self.said: list[Piece] = []

    async def send_event(self, event: Mapping[str, Any]) -> None:
        """Send, and keep when a sound was said."""
        if event["event"] == "media":
            self.said.append(_spoken(ulaw_decode(base64.b64decode(event["media"]["payload"]))))
        await super().send_event(event)

    async def say(self, pcm: bytes, within: float = 60.0) -> list[Piece]:
        """Speak s16le at 8 kHz and return it as it was said, once it has been."""
        first = len(self.said)
        self.speak_pcm(pcm)
        await self.spoken(within)
        return self.said[first:]

    def wire_since(self, at: float) -> list[Piece]:
        """What came for the caller after `at`, as it came and before it was played."""
        media = self.since(at, "media")
        return [Piece(item.at, np.frombuffer(ulaw_decode(item.payload), np.int16)) for item in media]

    def since(self, at: float, event: str) -> list[Arrival]:
        """The server's messages of this kind after `at`."""
        late = list(takewhile(lambda item: item.at > at, reversed(self.received)))
        return [item for item in reversed(late) if item.event == event]

    async def wait_since(self, at: float, event: str, count: int = 1, within: float = 10.0) -> list[Arrival]:
        """The first `count` messages of this kind after `at`; raises TimeoutError."""
        await self.until(lambda: len(self.since(at, event)) >= count, within)
        return self.since(at, event)[:count]

    async def wait_sound(self, at: float, within: float = 15.0) -> Slot:
        """The first 20 ms after `at` in which the caller hears more than silence; raises TimeoutError."""

        def audible() -> list[Slot]:
            late = takewhile(lambda slot: slot.at > at, reversed(self.heard))
            return [slot for slot in late if slot.level_db > QUIET_DB]

        await self.until(lambda: bool(audible()), within)
        return audible()[-1]


class StampedMicrophone(Microphone):
    """A microphone that keeps when each of its frames was said."""

    def __init__(self, idle: bytes | None = None) -> None:
        super().__init__(idle)
        self.said: list[Piece] = []
        self._said_all = asyncio.Event()

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when they are due."""
        frame = await super().recv()
        self.said.append(_spoken(frame.to_ndarray().tobytes()))
        if not self.speaking:
            self._said_all.set()
        return frame

    async def utter(self, pcm: bytes) -> list[Piece]:
        """Speak s16le at 8 kHz and return it as it was said, once it has been."""
        first = len(self.said)
        self._said_all.clear()
        self.say(pcm)
        await self._said_all.wait()
        return self.said[first:]


class AiortcOperator(Console):
    """An operator behind stock aiortc, as a program would write one: its jitter buffer holds 81 ms."""

    def __init__(self, server: ServerProcess, name: str = "sam", *, idle: bytes | None = None) -> None:
        super().__init__(server, name)
        self.stamped = StampedMicrophone(idle)
        self.microphone = self.stamped

    @property
    def ear(self) -> list[Piece]:
        """What came out of the loudspeaker."""
        return [Piece(at, samples) for at, samples in self.heard]


def _spoken(pcm: bytes) -> Piece:
    """A frame that is being sent now."""
    return Piece(time.monotonic() - FRAME_S, np.frombuffer(pcm, np.int16))
