"""RTCP of one peer: what we report of the browser's packets, and what it reports of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bridge.media import rtp
from bridge.peer.receiver import Receiver
from bridge.peer.sender import Sender

CNAME = "patchbay"
_NEWS_S = 10.0
"""A report older than this says nothing of the present."""


@dataclass(frozen=True, slots=True)
class PeerQuality:
    """Figures of the last second: round trip and jitter in ms, loss in percent, the buffer's depth in ms.

    `loss_pct` is of what comes from the browser, `lost_there_pct` of what goes there, by its last report.
    """

    rtt_ms: float | None
    jitter_ms: float
    loss_pct: float
    buffer_ms: int
    lost_there_pct: float = 0.0


class Reports:
    """Makes and reads the reports about one sender and, once there is one, one receiver."""

    def __init__(self, sender: Sender, receiver: Receiver) -> None:
        self._sender, self._receiver = sender, receiver
        self._last_sr: tuple[int, int, float] | None = None
        self._rtt_ms: float | None = None
        self._lost_there: tuple[float, float] | None = None
        self.quality = PeerQuality(None, 0.0, 0.0, 0)
        """As of the last report that was made."""

    def take(self, data: bytes) -> None:
        """A decrypted RTCP packet of the browser's."""
        now = time.monotonic()
        for packet in rtp.parse_rtcp(data) or ():
            if isinstance(packet, rtp.SenderReport):
                self._last_sr = (packet.ssrc, rtp.middle_ntp(packet.ntp), now)
            if isinstance(packet, rtp.Bye):
                continue
            for block in packet.reports:
                self._take_block(block, now)

    def make(self) -> bytes:
        """The next report of ours, a compound packet; begins a new interval."""
        sender, blocks = self._sender, self._blocks()
        head: rtp.RtcpPacket
        if sender.packets:
            ntp = rtp.ntp_time(time.time())
            head = rtp.SenderReport(sender.ssrc, ntp, sender.timestamp, sender.packets, sender.octets, blocks)
        else:
            head = rtp.ReceiverReport(sender.ssrc, blocks)
        return rtp.serialise_rtcp(head) + rtp.serialise_cname(sender.ssrc, CNAME)

    def goodbye(self) -> bytes:
        """The last one."""
        return self.make() + rtp.serialise_rtcp(rtp.Bye((self._sender.ssrc,)))

    def _take_block(self, block: rtp.ReportBlock, now: float) -> None:
        if block.ssrc != self._sender.ssrc:
            return
        lost_pct = block.fraction_lost / 2.56
        self._lost_there = (lost_pct, now)
        self._sender.set_loss(round(lost_pct))
        if block.last_sr:
            here = rtp.middle_ntp(rtp.ntp_time(time.time()))
            trip = (here - block.last_sr - block.delay_since_last_sr) & 0xFFFF_FFFF
            if trip < 10 * 65536:  # a clock that was set in between gives nonsense
                self._rtt_ms = trip / 65.536

    def _blocks(self) -> tuple[rtp.ReportBlock, ...]:
        receiver, now = self._receiver, time.monotonic()
        if receiver.ssrc is None:
            return ()
        arrivals = receiver.arrivals
        loss = arrivals.interval_loss()
        jitter_ms = arrivals.jitter / receiver.clock * 1000
        lost_there = self._lost_there
        lost_there_pct = lost_there[0] if lost_there and now - lost_there[1] < _NEWS_S else 0.0
        self.quality = PeerQuality(self._rtt_ms, jitter_ms, loss * 100, receiver.depth_ms, lost_there_pct)
        lsr, dlsr = 0, 0
        if self._last_sr is not None and self._last_sr[0] == receiver.ssrc:
            lsr, dlsr = self._last_sr[1], int((now - self._last_sr[2]) * 65536)
        lost = max(-0x800000, min(0x7FFFFF, arrivals.expected - arrivals.received))
        return (
            rtp.ReportBlock(
                receiver.ssrc,
                min(255, int(loss * 256)),
                lost,
                arrivals.highest & 0xFFFF_FFFF,
                int(arrivals.jitter) & 0xFFFF_FFFF,
                lsr,
                dlsr & 0xFFFF_FFFF,
            ),
        )
