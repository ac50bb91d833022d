"""When each packet of an unordered road is to be played, sans-IO: time is passed in, deadlines come out.

Every packet has a place in time, its RTP timestamp. Its turn is at its place plus the anchor, which is
kept just late enough that nearly all packets make it. On a quiet road that is next to nothing and a packet
leaves as it comes. On a rough one each frame leaves at its turn; what is not there by then is rebuilt from
the next packet's redundancy, or concealed. The anchor moves by whole frames: up where a frame is missed
that the buffer should have waited for, and both ways in silence, which costs nothing, whenever somebody
tells that a frame is silent. The same steps absorb a fast or slow clock, so nothing grows with time.

Numbers say what is missing, timestamps say when: a pause between two numbers in a row is no loss, and
until a later number is there nobody knows whether the next was lost, is late, or was never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.media.lateness import FRAME_S, MAX_DEPTH_S, QUIET_DEPTH_S, Lateness
from bridge.media.rtp import RtpPacket
from bridge.media.timeline import Timeline

_SLACK_S: Final = 0.005
"""How long after its turn a frame is given up on a rough road."""
_EARLY_S: Final = 0.0005
_MOST_CONCEALED_S: Final = 0.100
"""A gap longer than this is not filled up: it would be noise, not speech."""
_RESYNC: Final = 100
"""A number this far ahead begins a new stream; one 1000 back does, and a second of older ones in a row."""
_OLDEST: Final = 1000
_MOST_OLD: Final = 50
_MOST_WAITING: Final = 64
_TOO_DEEP_S, _PATIENCE = 0.022, 50
_TOO_SHALLOW_S, _TOO_SHALLOW_QUIET_S, _LONG_PATIENCE = 0.002, 0.006, 200


@dataclass(frozen=True, slots=True)
class Lost:
    """`ms` of sound that is not there; `following` is the packet right after it, if that is."""

    following: RtpPacket | None
    ms: int = 20


Slot = RtpPacket | Lost


class JitterBuffer:
    """Orders and times one RTP source. Holds at most 120 ms and a frame, 64 packets; never raises.

    `clock`: the RTP clock in Hz. How long a packet lasts is learnt from the timestamps; at first, 20 ms.
    """

    def __init__(self, clock: int) -> None:
        self._timeline = Timeline(clock)
        self._road = Lateness()
        self._waiting: dict[int, tuple[RtpPacket, float, float]] = {}  # each with its place and delay
        self._ssrc: int | None = None
        self._next = 0
        self._next_place = self._anchor = self._concealed = 0.0
        self._too_late_at: float | None = None
        self._old = self._too_deep = self._too_shallow = 0
        self.late = 0
        """Packets that came and were not played, because their time was over."""
        self.duplicates = 0
        self.lost = 0
        """Packets that had not come when a later one was played."""

    @property
    def depth_ms(self) -> int:
        """How much lateness is waited for at present, in ms."""
        return round(self._road.depth * 1000)

    @property
    def waiting_ms(self) -> int:
        """Sound that is held back at present, in ms."""
        return round(1000 * self._timeline.step * len(self._waiting))

    def push(self, packet: RtpPacket, now: float) -> list[Slot]:
        """Take a packet that arrived at `now` (monotonic s); returns what is to be played now, in order."""
        timeline = self._timeline
        ahead = ((packet.sequence - timeline.newest + 0x8000) & 0xFFFF) - 0x8000
        self._old = self._old + 1 if ahead < 0 else 0
        if packet.ssrc != self._ssrc or not -_OLDEST <= ahead <= _RESYNC or self._old >= _MOST_OLD:
            self._begin(packet, now)
            ahead = 0
        place = timeline.place(packet)
        if packet.sequence in self._waiting:
            self.duplicates += 1
            return self.pop(now)
        if ahead:
            self._road.note_sequence(ahead)
        if ahead > 0:
            timeline.advance(packet, place, ahead)
            if not self._in_reach(packet, place, now):
                return self.pop(now)
            place = timeline.newest_place
        self._road.note(now - place, timeline.step)
        if (packet.sequence - self._next) & 0xFFFF >= 0x8000:
            self.late += 1
        else:
            self._waiting[packet.sequence] = (packet, place, now - place)
            self._bound(now - place)
        self._judge()
        return self.pop(now)

    def pop(self, now: float) -> list[Slot]:
        """What is to be played at `now` without a new packet."""
        due: list[Slot] = []
        step = self._timeline.step
        while True:
            found = self._waiting.get(self._next)
            if found is None:
                if (self._waiting and self._skip_spent(now)) or self._conceal(due, now):
                    continue
                return due
            packet, place, delay = found
            over = self._concealed > 0 and place + step / 2 < self._next_place
            if now < self._anchor + place - _EARLY_S and not over and not self._road.quiet:
                return due
            del self._waiting[self._next]
            self._next = (self._next + 1) & 0xFFFF
            if over:
                self.late += 1
                continue
            if delay > self._anchor + QUIET_DEPTH_S:
                self._anchor = delay  # the far end has run dry, and plays everything that much later
            self._next_place, self._concealed = place + step, 0.0
            due.append(packet)

    def deadline(self) -> float | None:
        """When `pop` should be called next (monotonic s), or None while only a packet can change anything."""
        if (found := self._waiting.get(self._next)) is not None:
            return self._anchor + found[1]
        if self._may_conceal():
            return self._overdue_at()
        return self._anchor + self._waiting[self._first()][1] if self._waiting else None

    @property
    def next_is_missing(self) -> bool:
        """True where the frame that is to be played next is not there."""
        return self._next not in self._waiting

    @property
    def wants_shorter(self) -> bool:
        """True where leaving out 20 ms of silence would do good; say `shortened` if it was done."""
        return self._too_deep >= _PATIENCE

    @property
    def wants_longer(self) -> bool:
        """True where playing 20 ms of silence twice would do good; say `lengthened` if it was done."""
        return self._too_shallow >= _LONG_PATIENCE

    def shortened(self) -> None:
        """A 20 ms frame was left out: all that follow are heard that much earlier."""
        self._anchor -= FRAME_S
        self._too_deep = 0

    def lengthened(self) -> None:
        """A 20 ms frame was played twice: all that follow have their turn that much later."""
        self._anchor += FRAME_S
        self._too_shallow = 0

    def _begin(self, packet: RtpPacket, now: float) -> None:
        self.late += len(self._waiting)
        self._waiting.clear()
        self._ssrc = packet.ssrc
        self._next = packet.sequence
        self._timeline.begin(packet)
        self._road.begin(now)
        self._anchor = self._road.wanted
        self._next_place, self._concealed, self._too_late_at = 0.0, 0.0, None
        self._old = self._too_deep = self._too_shallow = 0

    def _in_reach(self, packet: RtpPacket, place: float, now: float) -> bool:
        """False for a packet that is too late to be of use; begins anew where the road is another one."""
        off = now - place - self._anchor
        before, self._too_late_at = self._too_late_at, now if off > MAX_DEPTH_S else None
        # What a stall held back comes all at once; of two that came apart, more are to follow.
        another = before is not None and now - before >= self._timeline.step / 2
        if off < -(MAX_DEPTH_S + 4 * FRAME_S) or (off > MAX_DEPTH_S and another):
            self._begin(packet, now)
        elif off > MAX_DEPTH_S:
            self._waiting[packet.sequence] = (packet, place, now - place)
            while self._waiting:
                self._shed()
            return False
        return True

    def _bound(self, delay: float) -> None:
        """Leave out a packet where too many wait, or a frame would have to wait too long for its turn."""
        if self._anchor - delay > MAX_DEPTH_S + FRAME_S:
            self._shed()
            self._anchor -= self._timeline.step
        elif len(self._waiting) > _MOST_WAITING:
            self._shed()

    def _judge(self) -> None:
        """Count for how many packets the anchor has been later or sooner than it should be."""
        off = self._anchor - self._road.wanted
        self._too_deep = self._too_deep + 1 if off > _TOO_DEEP_S else 0
        shallow = _TOO_SHALLOW_QUIET_S if self._road.quiet else _TOO_SHALLOW_S
        self._too_shallow = self._too_shallow + 1 if off < -shallow else 0

    def _overdue_at(self) -> float:
        """When the next frame, which is not there, is given up."""
        return self._anchor + self._next_place + (QUIET_DEPTH_S if self._road.quiet else _SLACK_S)

    def _may_conceal(self) -> bool:
        """Not for longer than 100 ms, and not before anything is known of the packets' length."""
        known = self._waiting or self._timeline.step_known
        return bool(known) and self._concealed < _MOST_CONCEALED_S - 0.001

    def _conceal(self, due: list[Slot], now: float) -> bool:
        """Fill the next frame's time, or wait one frame more for it where the buffer is too shallow."""
        if not self._may_conceal() or now < self._overdue_at():
            return False
        step, following = self._timeline.step, None
        if self._road.wanted > self._anchor + _SLACK_S:
            # Everything comes later than it used to: the frame may yet come, in time for a later turn.
            limit = self._road.quickest + MAX_DEPTH_S
            self._anchor = max(self._anchor, min(self._anchor + step, limit))
        else:
            if self._waiting:
                packet, place, _ = self._waiting[self._first()]
                following = packet if place - self._next_place < 1.5 * step else None
            self._next_place += step
        self._concealed += step
        due.append(Lost(following, round(step * 1000)))
        return True

    def _skip_spent(self, now: float) -> bool:
        """Give up the numbers before the first that is there, once no time is left to fill for them."""
        first = self._first()
        place = self._waiting[first][1]
        time_left = place - self._next_place >= self._timeline.step / 2
        if time_left and (self._may_conceal() or now < self._anchor + place):
            return False
        self.lost += (first - self._next) & 0xFFFF
        self._next = first
        return True

    def _first(self) -> int:
        start = self._next
        return min(self._waiting, key=lambda sequence: (sequence - start) & 0xFFFF)

    def _shed(self) -> None:
        """Leave out the oldest packet that is there."""
        first = self._first()
        self.lost += (first - self._next) & 0xFFFF
        self.late += 1
        self._next = (first + 1) & 0xFFFF
        self._next_place = self._waiting.pop(first)[1] + self._timeline.step
