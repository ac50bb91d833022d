"""Twilio's side of a stream's audio: what is buffered is played in order, in real time. Sans-IO."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from bridge.media.g711 import ULAW_DECODE

SLOT_BYTES = 160
"""µ-law at 8 kHz in 20 ms."""
SILENCE = b"\xff" * SLOT_BYTES
SILENCE_DB = -100.0


@dataclass(frozen=True, slots=True)
class Slot:
    """20 ms as the caller hears it. `at`: monotonic seconds; `payload`: 160 bytes of µ-law.

    `buffered` is False where the provider had nothing to play and the caller heard silence.
    """

    at: float
    payload: bytes
    buffered: bool

    @property
    def level_db(self) -> float:
        """Loudness in dB of full scale, -100 for silence."""
        if not self.buffered:
            return SILENCE_DB
        samples = ULAW_DECODE[np.frombuffer(self.payload, np.uint8)].astype(np.float64)
        power = float(np.mean(np.square(samples))) / 32768.0**2
        return max(SILENCE_DB, 10 * math.log10(power)) if power else SILENCE_DB


class Playout:
    """Plays what it is fed, one 20 ms slot per `tick`, and returns marks when their turn comes.

    Bounded: beyond `limit` bytes the newest audio is refused and counted in `overflowed`.
    """

    def __init__(self, *, limit: int = 60 * 8000) -> None:
        self.overflowed = 0
        self._limit = limit
        self._queue: deque[bytes | str] = deque()  # audio and mark names, in order
        self._buffered = 0

    @property
    def buffered_ms(self) -> float:
        """Audio not yet played, in ms."""
        return self._buffered / 8

    def feed(self, payload: bytes) -> None:
        """Buffer µ-law of any length."""
        if self._buffered + len(payload) > self._limit:
            self.overflowed += len(payload)
            return
        self._queue.append(payload)
        self._buffered += len(payload)

    def mark(self, name: str) -> list[str]:
        """The marks to return now: `name` where nothing is buffered, else none yet."""
        if not self._buffered:
            return [name]
        self._queue.append(name)
        return []

    def clear(self) -> list[str]:
        """Forget the audio; every pending mark is to be returned now."""
        names = [entry for entry in self._queue if isinstance(entry, str)]
        self._queue.clear()
        self._buffered = 0
        return names

    def tick(self) -> tuple[bytes | None, list[str]]:
        """The next slot (padded with silence; None where nothing was buffered) and the marks it ends."""
        slot = bytearray()
        marks: list[str] = []
        while self._queue and len(slot) < SLOT_BYTES:
            entry = self._queue.popleft()
            if isinstance(entry, str):
                marks.append(entry)
                continue
            room = SLOT_BYTES - len(slot)
            slot += entry[:room]
            if len(entry) > room:
                self._queue.appendleft(entry[room:])
        self._buffered -= len(slot)
        while self._queue and isinstance(self._queue[0], str):
            marks.append(str(self._queue.popleft()))
        return (bytes(slot) + SILENCE[len(slot) :] if slot else None), marks
