"""One even stream of numbers and timestamps, whatever mixture of payload types a source sends. Sans-IO.

A source has one row of sequence numbers for speech, keys and padding, and a timestamp that runs at the clock
of the codec in use. The jitter buffer looks for gaps in numbers and for places in time, so it gets numbers
that only sound has, and timestamps that are all of one clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from bridge.media.rtp import RtpPacket

_REMEMBERED: Final = 64
_FAR: Final = 1 << 28
"""Ticks of the source's from which on it is counted anew, long before half a turn: 90 min at 48 kHz."""
_LONG_PAST: Final = range(0x1000, 0x8000)
"""Numbers after a silent one from which on nothing that was sent before it is waited for: 80 s."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a source's timestamps at `clock` to ours: `source` is `ours`, and from there on in proportion."""

    clock: int
    source: int
    ours: int


class Continuity:
    """One source's packets as if they were all sound in a codec of `clock` Hz."""

    def __init__(self, clock: int) -> None:
        self._clock = clock
        self._scales: deque[_Scale] = deque([_Scale(clock, 0, 0)], maxlen=2)
        self._newest: RtpPacket | None = None
        self._silent: deque[int] = deque(maxlen=_REMEMBERED)
        self._shift = 0

    def sound(self, packet: RtpPacket, clock: int) -> RtpPacket:
        """The packet, whose codec has this RTP clock, with its number and timestamp in the even stream."""
        scale = self._scales[-1]
        if self._is_newer(packet):
            if clock != scale.clock:
                scale = self._change(packet, clock, scale)
                self._scales.append(scale)
            self._newest = packet
        elif clock != scale.clock:  # it was sent before the clock changed
            scale = self._scales[0]
        if not self._shift and len(self._scales) == 1:
            return packet
        number = (packet.sequence - self._shift_of(packet.sequence)) & 0xFFFF
        timestamp = self._ours(packet.timestamp, scale)
        if packet is self._newest and (packet.timestamp - scale.source) & 0xFFFF_FFFF >= _FAR:
            self._scales[-1] = _Scale(clock, packet.timestamp, timestamp)
        return packet._replace(sequence=number, timestamp=timestamp)

    def silent(self, packet: RtpPacket) -> None:
        """Note a packet that carries no sound, so that its number is not missed."""
        if self._is_newer(packet):  # a late one's number has been taken for a lost packet's already
            self._silent.append(packet.sequence)
            self._shift += 1
            timestamp = self._newest.timestamp if self._newest else packet.timestamp
            self._newest = packet._replace(timestamp=timestamp)

    def _change(self, packet: RtpPacket, clock: int, old: _Scale) -> _Scale:
        """The new clock counts on from the last timestamp of the old, as all senders do that keep their SSRC.

        Where packets are missing in between, as many of them are taken for the old clock's as makes all of
        them 20 ms long.
        """
        if self._newest is None:
            return _Scale(clock, packet.timestamp, packet.timestamp)
        last = self._newest
        ticks = (packet.timestamp - last.timestamp) & 0xFFFF_FFFF
        missing = (packet.sequence - last.sequence - 1) & 0xFFFF

        def error(count: int) -> float:
            rest = (ticks - count * old.clock // 50) / clock
            return abs(rest + count / 50 - (missing + 1) / 50)

        count = min(range(min(missing, _REMEMBERED) + 1), key=error)
        source = (last.timestamp + count * old.clock // 50) & 0xFFFF_FFFF
        return _Scale(clock, source, self._ours(source, old))

    def _is_newer(self, packet: RtpPacket) -> bool:
        return self._newest is None or 0 < (packet.sequence - self._newest.sequence) & 0xFFFF < 0x8000

    def _shift_of(self, sequence: int) -> int:
        """Silent numbers before this one."""
        silent = self._silent
        while silent and (sequence - silent[0]) & 0xFFFF in _LONG_PAST:
            silent.popleft()  # half a turn of the numbers on it would look like one to come
        later = sum((silent - sequence) & 0xFFFF < 0x8000 for silent in self._silent)
        return self._shift - later

    def _ours(self, timestamp: int, scale: _Scale) -> int:
        since = ((timestamp - scale.source + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31)
        return (scale.ours + since * self._clock // scale.clock) & 0xFFFF_FFFF
