"""Order for packets that came by an unordered road, sans-IO: time is passed in, deadlines come out.

A packet that is next in order leaves at once; one that is early waits for those missing before it, but
never longer than `max_wait`; then the missing ones are given up, each as a `Lost` that carries the
packet after the gap where there is one, so that a codec with in-band FEC can rebuild the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.media.rtp import RtpPacket

_HALF = 1 << 15
_RESYNC = 100
"""A jump of more packets than this (2 s) is a new stream and not a gap."""
_MOST_CONCEALED = 5
"""A gap longer than this many frames is not filled up: 100 ms of guesswork is noise, not speech."""


@dataclass(frozen=True, slots=True)
class Lost:
    """One 20 ms frame that never came; `following` is the packet right after it, if it did."""

    following: RtpPacket | None


Slot = RtpPacket | Lost


class JitterBuffer:
    """Reorders one RTP source. Holds at most 2 s of packets; never raises."""

    def __init__(self, *, max_wait: float = 0.060) -> None:
        self._max_wait = max_wait
        self._waiting: dict[int, tuple[RtpPacket, float]] = {}
        self._next: int | None = None
        self._ssrc: int | None = None
        self.late = 0
        self.duplicates = 0
        self.lost = 0

    def push(self, packet: RtpPacket, now: float) -> list[Slot]:
        """Take a packet that arrived at `now` (monotonic s); returns what may be played, in order."""
        if packet.ssrc != self._ssrc:
            self._ssrc, self._next = packet.ssrc, None
            self._waiting.clear()
        if self._next is None:
            self._next = packet.sequence
        ahead = (packet.sequence - self._next) & 0xFFFF
        if ahead >= _HALF:
            if 0x10000 - ahead <= _RESYNC:
                self.late += 1
                return self.pop(now)
            ahead = _RESYNC + 1
        if ahead > _RESYNC:
            self._waiting.clear()
            self._next = packet.sequence
        if packet.sequence in self._waiting:
            self.duplicates += 1
        else:
            self._waiting[packet.sequence] = (packet, now)
        return self.pop(now)

    def pop(self, now: float) -> list[Slot]:
        """What is due at `now` without a new packet: gives up on gaps that are older than `max_wait`."""
        due: list[Slot] = []
        while self._waiting:
            assert self._next is not None
            found = self._waiting.pop(self._next, None)
            if found is not None:
                due.append(found[0])
                self._next = (self._next + 1) & 0xFFFF
                continue
            deadline = self.deadline()
            if deadline is None or now < deadline:
                break
            due.extend(self._give_up())
        return due

    def deadline(self) -> float | None:
        """When `pop` should be called next (monotonic s), or None while nothing waits."""
        if not self._waiting:
            return None
        return min(arrived for _, arrived in self._waiting.values()) + self._max_wait

    @property
    def waiting_ms(self) -> int:
        """Sound held back for want of an earlier packet, in ms."""
        return 20 * len(self._waiting)

    def _give_up(self) -> list[Slot]:
        assert self._next is not None
        start = self._next
        first = min(self._waiting, key=lambda sequence: (sequence - start) & 0xFFFF)
        gap = (first - start) & 0xFFFF
        self.lost += gap
        self._next = first
        concealed = min(gap, _MOST_CONCEALED)
        following = self._waiting[first][0]
        return [Lost(following if left == 0 else None) for left in reversed(range(concealed))]
