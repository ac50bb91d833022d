"""How one source's packets came, for the reports about them."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.media import rtp


@dataclass(slots=True)
class Arrivals:
    """Reception figures of one source, as receiver reports want them (RFC 3550, 6.4.1 and A.8)."""

    base: int | None = None
    highest: int = 0
    received: int = 0
    jitter: float = 0.0
    _transit: float | None = None
    _expected_before: int = 0
    _received_before: int = 0

    def note(self, packet: rtp.RtpPacket, now: float, clock: int, *, timed: bool = True) -> None:
        """Count a packet that arrived at `now`; not `timed`: its timestamp is not that of its sending."""
        if self.base is None:
            self.base = self.highest = packet.sequence
        ahead = (packet.sequence - self.highest) & 0xFFFF
        if 0 < ahead < 0x8000:
            self.highest += ahead
        self.received += 1
        if not timed:
            return
        transit = now * clock - packet.timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < clock:  # a jump of a second is a new timeline and not jitter
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def change_clock(self, ratio: float) -> None:
        """Timestamps run `ratio` times as fast from the next packet on."""
        self.jitter *= ratio
        self._transit = None

    def interval_loss(self) -> float:
        """Share of packets lost since the last call, 0.0-1.0."""
        expected = self.expected - self._expected_before
        received = self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        return max(0.0, (expected - received) / expected) if expected > 0 else 0.0

    @property
    def expected(self) -> int:
        """Packets that the sequence numbers say were sent."""
        return 0 if self.base is None else self.highest - self.base + 1
