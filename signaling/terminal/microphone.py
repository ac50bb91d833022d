"""A terminal operator's microphone: lines to be spoken, an echo, and otherwise a quiet room."""

from __future__ import annotations

import asyncio
from collections import deque

import numpy as np

from bridge.media.frame import Frame, mix
from bridge.ports import FRAME_MS, Codec

RATE = 8000
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2
ECHO_MS = 500
_ROOM_RMS = 18.4
"""-65 dBFS. The server takes digital silence for a muted microphone and does not bridge on it."""

_ROOM_FRAMES = 100
_MOST_SECONDS = 600


class Microphone:
    """Gives one 20 ms frame at a time (s16le mono, 8 kHz). Sans-IO but for `spoken`, which waits."""

    def __init__(self, *, echo: bool = False) -> None:
        noise = np.random.default_rng(7).normal(0.0, _ROOM_RMS, _ROOM_FRAMES * FRAME_BYTES // 2)
        room = noise.astype(np.int16).tobytes()
        self._room = [room[at : at + FRAME_BYTES] for at in range(0, len(room), FRAME_BYTES)]
        self._at = 0
        self._speech = bytearray()
        self._idle = asyncio.Event()
        self._idle.set()
        self._delay: deque[bytes] | None = deque(maxlen=ECHO_MS // FRAME_MS) if echo else None
        self._echo: deque[bytes] = deque(maxlen=ECHO_MS // FRAME_MS)

    def say(self, pcm: bytes) -> None:
        """Speak s16le mono at 8 kHz after what is still unsaid; what exceeds ten minutes is not said."""
        self._speech += pcm[: max(0, _MOST_SECONDS * RATE * 2 - len(self._speech))]
        if self._speech:
            self._idle.clear()

    def hush(self) -> None:
        """Forget what is still unsaid and un-echoed."""
        self._speech.clear()
        self._echo.clear()
        if self._delay is not None:
            self._delay.clear()
        self._idle.set()

    async def spoken(self) -> None:
        """Wait until everything has been said."""
        await self._idle.wait()

    def hear(self, frame: Frame) -> None:
        """A frame of the caller's, repeated 500 ms later if this microphone echoes."""
        if self._delay is None:
            return
        if len(self._delay) == self._delay.maxlen:
            self._echo.append(self._delay.popleft())
        self._delay.append(frame.pcm)

    def frame(self) -> Frame:
        """The next 20 ms."""
        self._at = (self._at + 1) % len(self._room)
        pcm = self._room[self._at]
        if self._echo:
            pcm = mix(pcm, self._echo.popleft())
        if self._speech:
            said = bytes(self._speech[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
            del self._speech[:FRAME_BYTES]
            pcm = mix(pcm, said)
            if not self._speech:
                self._idle.set()
        return Frame(Codec.L16_8K, pcm, pcm)
