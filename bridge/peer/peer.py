"""One operator's browser (or terminal) as an audio endpoint."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from bridge.media import rtp
from bridge.media.frame import Frame
from bridge.peer import sdp
from bridge.peer.errors import PeerError
from bridge.peer.ortc import OrtcTransport
from bridge.peer.receiver import Receiver
from bridge.peer.sender import Sender
from bridge.tasks import TaskOwner

log = structlog.get_logger()

State = Literal["new", "connecting", "connected", "failed", "closed"]
_CNAME = "patchbay"
_REPORT_PERIOD = 1.0


@dataclass(frozen=True, slots=True)
class PeerQuality:
    """Figures of the last second: round trip and jitter in ms, loss in percent, the buffer's depth in ms."""

    rtt_ms: float | None
    jitter_ms: float
    loss_pct: float
    buffer_ms: int


class Peer:
    """Full-duplex audio with one browser, without media tracks.

    `on_frame` gets the operator's 20 ms frames in order, `on_state` each change of `state`,
    `on_candidate` our late candidates as browsers take them. All are called on the event loop.
    `rate`: Hz at which Opus is decoded, the line's own.
    """

    def __init__(
        self,
        *,
        ice_servers: Sequence[dict[str, Any]] = (),
        on_frame: Callable[[Frame], None],
        on_state: Callable[[State], None] = lambda state: None,
        on_candidate: Callable[[dict[str, object] | None], None] = lambda candidate: None,
        rate: int = 8000,
        controlling: bool = False,
    ) -> None:
        self._on_frame, self._on_state, self._on_candidate = on_frame, on_state, on_candidate
        self._rate = rate
        self._tasks = TaskOwner("peer")
        self._transport = OrtcTransport(
            ice_servers,
            controlling=controlling,
            on_rtp=self._take_rtp,
            on_rtcp=self._take_rtcp,
            on_failed=self._failed,
        )
        self._receiver: Receiver | None = None
        self._sender: Sender | None = None
        self._offered: sdp.Description | None = None
        self._mid = "0"
        self._last_sr: tuple[int, float] | None = None
        self._rtt_ms: float | None = None
        self._quality = PeerQuality(None, 0.0, 0.0, 0)
        self.state: State = "new"

    @property
    def quality(self) -> PeerQuality:
        """Figures of the last second."""
        return self._quality

    @property
    def last_rtp(self) -> float | None:
        """Monotonic time of the operator's last packet, None before the first."""
        return self._receiver.last_rtp if self._receiver else None

    async def answer(self, offer: object) -> str:
        """Our answer to a browser's offer, at once, with host candidates; raises PeerError.

        Connecting goes on in the background; STUN and TURN candidates follow through `on_candidate`.
        """
        offered = sdp.parse_description(offer)
        codec = next((c for c in offered.codecs if c.name == "opus"), offered.codecs[0])
        await self._transport.gather_host()
        local = self._describe(
            offered.mid,
            (codec,),
            direction=sdp.answer_direction(offered.direction),
            setup=sdp.answer_setup(offered.setup),
        )
        self._begin(codec, offered, active=local.setup == "active")
        return sdp.serialise_description(local, session_id=secrets.randbits(62), cname=_CNAME)

    async def offer(self) -> str:
        """An offer of ours, for a program that plays the browser's part."""
        await self._transport.gather_host()
        codecs = (
            sdp.AudioCodec("opus", 111, 48000),
            sdp.AudioCodec("PCMU", 0, 8000),
            sdp.AudioCodec("PCMA", 8, 8000),
        )
        self._offered = self._describe("0", codecs, direction="sendrecv", setup="actpass")
        return sdp.serialise_description(self._offered, session_id=secrets.randbits(62), cname=_CNAME)

    def accept(self, answer: object) -> None:
        """Take the answer to `offer`; raises PeerError."""
        if self._offered is None:
            raise PeerError("There is no offer that this could answer.")
        answered = sdp.parse_description(answer)
        self._begin(answered.codecs[0], answered, active=answered.setup == "passive")

    def add_candidate(self, candidate: object) -> None:
        """Take a browser's candidate object, or None for the end; raises PeerError."""
        parsed = sdp.parse_candidate(candidate)
        if len(self._transport.remote_candidates) >= sdp.MAX_CANDIDATES and parsed is not None:
            raise PeerError(f"More than {sdp.MAX_CANDIDATES} candidates.", code="bad_candidate")
        self._tasks.start(self._transport.add_candidate(parsed), "candidate")

    def send(self, frame: Frame) -> bool:
        """Send a frame of the line to the operator; False where the peer is not connected."""
        if self._sender is None or not self._transport.connected:
            return False
        return self._transport.send_rtp(self._sender.pack(frame))

    async def close(self) -> None:
        """Say goodbye and free the sockets. Idempotent."""
        if self.state == "closed":
            return
        if self._sender is not None and self._transport.connected:
            self._transport.send_rtcp(self._report() + rtp.serialise_rtcp(rtp.Bye((self._sender.ssrc,))))
        self._set_state("closed")
        if self._receiver is not None:
            self._receiver.close()
        await self._tasks.close()
        await self._transport.close()

    def _describe(
        self, mid: str, codecs: tuple[sdp.AudioCodec, ...], *, direction: str, setup: str
    ) -> sdp.Description:
        self._mid = mid
        self._sender = Sender(codecs[0])
        return sdp.Description(
            mid=mid,
            direction=direction,
            setup=setup,
            codecs=codecs,
            ice=self._transport.ice_parameters,
            fingerprints=self._transport.fingerprints,
            candidates=self._transport.candidates,
            candidates_complete=not self._transport.has_slow_candidates,
            ssrc=self._sender.ssrc,
        )

    def _begin(self, codec: sdp.AudioCodec, remote: sdp.Description, *, active: bool) -> None:
        assert self._sender is not None
        if self._sender.codec != codec:
            ssrc = self._sender.ssrc
            self._sender = Sender(codec)
            self._sender.ssrc = ssrc
        self._receiver = Receiver((codec,), self._on_frame, rate=self._rate)
        self._set_state("connecting")
        self._tasks.start(self._connect(remote, active=active), "connect")
        if self._transport.has_slow_candidates:
            self._tasks.start(self._gather_slow(), "gather")

    async def _connect(self, remote: sdp.Description, *, active: bool) -> None:
        for candidate in remote.candidates:
            self._tasks.start(self._transport.add_candidate(candidate), "candidate")
        if remote.candidates_complete:
            # Names in candidates resolve in tasks of their own, started before this one is.
            self._tasks.start(self._transport.add_candidate(None), "candidate")
        if await self._transport.start(remote.ice, remote.fingerprints, active=active):
            self._set_state("connected")
            await self._report_forever()

    async def _gather_slow(self) -> None:
        await self._transport.gather_slow(
            lambda candidate: self._on_candidate(sdp.candidate_view(candidate, self._mid))
        )
        self._on_candidate(None)

    def _take_rtp(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.take(data)

    def _take_rtcp(self, data: bytes) -> None:
        now = time.monotonic()
        for packet in rtp.parse_rtcp(data) or ():
            if isinstance(packet, rtp.SenderReport):
                self._last_sr = (rtp.middle_ntp(packet.ntp), now)
            if isinstance(packet, rtp.Bye):
                continue
            for block in packet.reports:
                self._take_block(block)

    def _take_block(self, block: rtp.ReportBlock) -> None:
        if self._sender is None or block.ssrc != self._sender.ssrc:
            return
        self._sender.set_loss(round(block.fraction_lost / 2.56))
        if block.last_sr:
            here = rtp.middle_ntp(rtp.ntp_time(time.time()))
            trip = (here - block.last_sr - block.delay_since_last_sr) & 0xFFFF_FFFF
            if trip < 10 * 65536:  # a clock that was set in between gives nonsense
                self._rtt_ms = trip / 65.536

    async def _report_forever(self) -> None:
        while self.state == "connected":
            await asyncio.sleep(_REPORT_PERIOD)
            self._transport.send_rtcp(self._report())

    def _report(self) -> bytes:
        assert self._sender is not None
        blocks = self._blocks()
        sender = self._sender
        head: rtp.RtcpPacket
        if sender.packets:
            ntp = rtp.ntp_time(time.time())
            head = rtp.SenderReport(sender.ssrc, ntp, sender.timestamp, sender.packets, sender.octets, blocks)
        else:
            head = rtp.ReceiverReport(sender.ssrc, blocks)
        return rtp.serialise_rtcp(head) + rtp.serialise_cname(sender.ssrc, _CNAME)

    def _blocks(self) -> tuple[rtp.ReportBlock, ...]:
        receiver = self._receiver
        if receiver is None or receiver.ssrc is None:
            return ()
        arrivals = receiver.arrivals
        loss = arrivals.interval_loss()
        jitter_ms = arrivals.jitter / receiver.clock * 1000
        self._quality = PeerQuality(self._rtt_ms, jitter_ms, loss * 100, receiver.depth_ms)
        lsr, dlsr = 0, 0
        if self._last_sr is not None:
            lsr, dlsr = self._last_sr[0], int((time.monotonic() - self._last_sr[1]) * 65536)
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

    def _failed(self, reason: str) -> None:
        log.info("peer_failed", reason=reason)
        self._set_state("failed")

    def _set_state(self, state: State) -> None:
        if state != self.state and self.state not in ("failed", "closed"):
            self.state = state
            self._on_state(state)
        elif state == "closed":
            self.state = state
