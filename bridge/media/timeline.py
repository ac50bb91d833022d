"""Where in time each packet of a stream belongs, by its timestamp, and how long a packet lasts. Sans-IO."""

from __future__ import annotations

from typing import Final

from bridge.media.rtp import RtpPacket

_HALF: Final = 1 << 31
_LONGEST_MS: Final = 120


class Timeline:
    """Unwraps one source's RTP timestamps; `clock` in Hz."""

    def __init__(self, clock: int) -> None:
        self._clock = clock
        self._timestamp = 0
        self._step_seen: int | None = None
        self.newest = 0
        """Sequence number of the newest packet."""
        self.newest_place = 0.0
        self.step = 0.020
        """Seconds that a packet lasts."""

    def begin(self, packet: RtpPacket) -> None:
        """Count places from this packet on."""
        self.newest, self.newest_place, self._timestamp = packet.sequence, 0.0, packet.timestamp

    def place(self, packet: RtpPacket) -> float:
        """Seconds from the stream's first packet to this one."""
        ticks = (packet.timestamp - self._timestamp + _HALF) & 0xFFFF_FFFF
        return self.newest_place + (ticks - _HALF) / self._clock

    def advance(self, packet: RtpPacket, place: float, ahead: int) -> None:
        """Take the newest packet, `ahead` numbers after the newest so far."""
        if ahead == 1:
            self._learn_step(round((place - self.newest_place) * 1000))
        self.newest, self.newest_place, self._timestamp = packet.sequence, place, packet.timestamp

    @property
    def step_known(self) -> bool:
        """False before two packets in a row have told how long one lasts."""
        return self._step_seen is not None

    def _learn_step(self, ms: int) -> None:
        """Two steps in a row of a new length make it the length; a pause of the sender does not."""
        if 0 < ms <= _LONGEST_MS and ms % 5 == 0:
            if self._step_seen in (None, ms):
                self.step = ms / 1000
            self._step_seen = ms
