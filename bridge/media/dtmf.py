"""Telephone keys: as events on the wire (RFC 4733), sans-IO, and as the two tones they sound like.

A key that is pressed is many packets: all bear the timestamp of its beginning, the last comes three times,
and any of them may be lost, late or doubled. What makes two presses of the same key two is the timestamp.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.media.rtp import RtpPacket
from bridge.ports import FRAME_MS

KEYS: Final = "0123456789*#ABCD"
"""Keys in the order of their event codes, 0 to 15."""

_EVENT = struct.Struct("!BBH")
_LONGEST: Final = 0xFFFF
_SEGMENT_SLACK_S: Final = 0.2
_VOLUME: Final = 10
_PRESS_MS: Final = 100
_LAST_TIMES: Final = 3
_MOST_KEYS: Final = 32
_LOW: Final = (697.0, 770.0, 852.0, 941.0)
_HIGH: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_PAD: Final = ("123A", "456B", "789C", "*0#D")
_FULL_SCALE_DBM0: Final = 3.17
"""What a sine at full scale is on a µ-law line."""
_LOW_DBM0, _HIGH_DBM0 = -10.0, -8.0
"""The high tone is 2 dB the stronger, as lines lose more of it."""
_RAMP_S: Final = 0.002


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One packet's payload: `event` is its code, `volume` -dBm0 from 0 to 63, `duration` in clock units."""

    event: int
    end: bool
    volume: int
    duration: int


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key that is down, or was: held for `ms` so far. `new`: False for more of the same press.

    `ended` is told once, and not at all where all three last packets were lost.
    """

    key: str
    ms: int
    new: bool
    ended: bool


def parse_event(payload: bytes) -> TelephoneEvent | None:
    """The event of a payload, None where it is too short to be one; what follows is left alone."""
    if len(payload) < _EVENT.size:
        return None
    event, flags, duration = _EVENT.unpack_from(payload)
    return TelephoneEvent(event, bool(flags & 0x80), flags & 0x3F, duration)


def serialise_event(event: TelephoneEvent) -> bytes:
    """The four bytes of an event."""
    return _EVENT.pack(event.event, (0x80 if event.end else 0) | event.volume & 0x3F, event.duration)


class KeyReader:
    """Makes presses of one source's event packets: each press is new once, whatever the road did."""

    def __init__(self) -> None:
        self._event = -1
        self._began = self._segment = 0
        self._duration = 0
        self._ended = True

    def take(self, packet: RtpPacket, clock: int) -> KeyPress | None:
        """What this packet tells that was not known; None for copies, stragglers, and what is no key.

        `clock`: the event's RTP clock in Hz.
        """
        found = parse_event(packet.payload)
        if found is None or found.event >= len(KEYS):
            return None
        since = (packet.timestamp - self._segment) & 0xFFFF_FFFF
        if self._event >= 0 and since >= 1 << 31:
            return None
        new = self._event < 0 or since > 0
        if new and self._continues(packet, found, since, clock):
            new, self._segment, self._duration = False, packet.timestamp, 0
        if new:
            self._event, self._began, self._segment = found.event, packet.timestamp, packet.timestamp
            self._duration, self._ended = 0, False
        elif found.event != self._event or self._ended or not (found.end or found.duration > self._duration):
            return None
        self._ended = found.end
        self._duration = max(self._duration, found.duration)
        lasted = ((self._segment - self._began) & 0xFFFF_FFFF) + self._duration
        return KeyPress(KEYS[found.event], lasted * 1000 // clock, new, found.end)

    def _continues(self, packet: RtpPacket, found: TelephoneEvent, since: int, clock: int) -> bool:
        """True for the next segment of a press that is longer than a packet can say."""
        if packet.marker or self._ended or found.event != self._event:
            return False
        return _LONGEST <= since <= _LONGEST + _SEGMENT_SLACK_S * clock


@dataclass(frozen=True, slots=True)
class KeyPacket:
    """A payload to be sent; `first` begins a press, and its timestamp is that of all the press."""

    payload: bytes
    first: bool


class KeyWriter:
    """Makes event payloads of presses, one each 20 ms: 100 ms a key, and the last packet three times.

    At most 32 keys wait; more are not taken.
    """

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._sent = 0

    @property
    def busy(self) -> bool:
        """True while there is something to send."""
        return bool(self._waiting)

    def press(self, key: str) -> bool:
        """Send this key after those that wait; False where it is none, or too many wait."""
        if key not in KEYS or len(key) != 1 or len(self._waiting) >= _MOST_KEYS:
            return False
        self._waiting.append(key)
        return True

    def next(self, clock: int) -> KeyPacket:
        """The next payload for an event clock of `clock` Hz; raises IndexError where none waits."""
        event, frames = KEYS.index(self._waiting[0]), _PRESS_MS // FRAME_MS
        self._sent += 1
        sent, end = self._sent, self._sent >= frames
        if sent == frames + _LAST_TIMES - 1:
            self._waiting.popleft()
            self._sent = 0
        duration = min(sent, frames) * FRAME_MS * clock // 1000
        return KeyPacket(serialise_event(TelephoneEvent(event, end, _VOLUME, duration)), sent == 1)


def tone_frame(key: str, at_ms: int, rate: int, *, last: bool = False) -> bytes:
    """20 ms of a key's two tones from `at_ms` after its beginning on, s16le mono at `rate` Hz.

    -10 dBm0 the low one and -8 dBm0 the high one; no click at `at_ms` 0 nor at the end of the `last`.
    """
    row = next(index for index, keys in enumerate(_PAD) if key in keys)
    first = rate * at_ms // 1000
    count = rate * FRAME_MS // 1000
    time = np.arange(first, first + count) / rate
    sound = _amplitude(_LOW_DBM0) * np.sin(2 * np.pi * _LOW[row] * time)
    sound += _amplitude(_HIGH_DBM0) * np.sin(2 * np.pi * _HIGH[_PAD[row].index(key)] * time)
    ramp = np.linspace(0.0, 1.0, round(rate * _RAMP_S), endpoint=False)
    if at_ms == 0:
        sound[: len(ramp)] *= ramp
    if last:
        sound[-len(ramp) :] *= ramp[::-1]
    return np.rint(sound).astype(np.int16).tobytes()


def _amplitude(dbm0: float) -> float:
    return float(32124 * 10 ** ((dbm0 - _FULL_SCALE_DBM0) / 20))
