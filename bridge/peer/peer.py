"""One operator's browser (or terminal) as an audio endpoint."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import structlog

from bridge.media.dtmf import KeyPress
from bridge.media.frame import Frame
from bridge.peer import sdp
from bridge.peer.errors import PeerError
from bridge.peer.ortc import OrtcTransport
from bridge.peer.receiver import Receiver
from bridge.peer.reports import CNAME, PeerQuality, Reports
from bridge.peer.sender import Sender
from bridge.tasks import TaskOwner

log = structlog.get_logger()

State = Literal["new", "connecting", "connected", "failed", "closed"]
_REPORT_PERIOD = 1.0
_CONNECT_WITHIN = 30.0
_OFFERED = (
    sdp.AudioCodec("opus", 111, 48000),
    sdp.AudioCodec("PCMU", 0, 8000),
    sdp.AudioCodec("PCMA", 8, 8000),
)
_OFFERED_EVENTS = (
    sdp.AudioCodec("telephone-event", 110, 48000),
    sdp.AudioCodec("telephone-event", 126, 8000),
)


class Peer:
    """Full-duplex audio with one browser, without media tracks.

    `on_frame` gets the operator's 20 ms frames in order, `on_state` each change of `state`, `on_key` the
    operator's keys, `on_quality` figures once a second, `on_candidate` our late candidates as browsers
    take them. All are called on the event loop.
    `rate`: Hz at which Opus is decoded, the line's own. `prefer`: the codec that an answer puts first
    where it was offered (opus, PCMU or PCMA).
    """

    def __init__(
        self,
        *,
        ice_servers: Sequence[dict[str, Any]] = (),
        on_frame: Callable[[Frame], None],
        on_state: Callable[[State], None] = lambda state: None,
        on_candidate: Callable[[dict[str, object] | None], None] = lambda candidate: None,
        on_key: Callable[[KeyPress], None] = lambda press: None,
        on_quality: Callable[[PeerQuality], None] = lambda quality: None,
        rate: int = 8000,
        prefer: str = "opus",
        controlling: bool = False,
    ) -> None:
        self._on_frame, self._on_state, self._on_candidate = on_frame, on_state, on_candidate
        self._on_key, self._on_quality = on_key, on_quality
        self._rate, self._prefer = rate, prefer
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
        self._codecs: tuple[sdp.AudioCodec, ...] = ()
        self._mid = "0"
        self._named, self._ended = 0, False
        self._sends = False
        self._connected_at: float | None = None
        self._reports: Reports | None = None
        self.receives = True
        """False where the other side has said that it sends nothing."""
        self.state: State = "new"

    @property
    def quality(self) -> PeerQuality:
        """Figures of the last second."""
        return self._reports.quality if self._reports else PeerQuality(None, 0.0, 0.0, 0)

    @property
    def silent_for(self) -> float:
        """Seconds since the last packet, announced pauses left out, or since it connected; 0.0 before."""
        if self._connected_at is None:
            return 0.0
        heard = self._receiver.heard_until if self._receiver else None
        return time.monotonic() - max(heard or 0.0, self._connected_at)

    @property
    def codec(self) -> str | None:
        """Name of the codec that was agreed on first, which a browser sends; None before an answer."""
        return self._codecs[0].name if self._codecs else None

    async def answer(self, offer: object) -> str:
        """Our answer to a browser's offer, at once, with host candidates; raises PeerError.

        Connecting goes on in the background; STUN and TURN candidates follow through `on_candidate`.
        """
        offered = sdp.ordered(sdp.parse_description(offer), self._prefer)
        await self._transport.gather_host()
        local = self._describe(
            offered.codecs,
            offered.events,
            mid=offered.mid,
            direction=sdp.answer_direction(offered.direction),
            setup=sdp.answer_setup(offered.setup),
        )
        self._begin(offered, active=local.setup == "active")
        local = replace(local, bundled=offered.bundled)
        return sdp.serialise_description(local, session_id=secrets.randbits(62), cname=CNAME)

    async def offer(self) -> str:
        """An offer of ours, for a program that plays the browser's part."""
        await self._transport.gather_host()
        self._offered = self._describe(
            _OFFERED, _OFFERED_EVENTS, mid="0", direction="sendrecv", setup="actpass"
        )
        return sdp.serialise_description(self._offered, session_id=secrets.randbits(62), cname=CNAME)

    def accept(self, answer: object) -> None:
        """Take the answer to `offer`; raises PeerError."""
        if self._offered is None:
            raise PeerError("There is no offer that this could answer.")
        answered = sdp.parse_description(answer)
        self._begin(answered, active=answered.setup == "passive")

    def add_candidate(self, candidate: object) -> None:
        """Take a browser's candidate object, or None for the end; raises PeerError."""
        parsed = sdp.parse_candidate(candidate)
        if parsed is not None and not sdp.is_usable(parsed):
            return  # an ordinary browser names TCP ones too
        if parsed is None:
            if self._ended:
                return
            self._ended = True
        else:
            # Names that are still being resolved are no candidates yet, and take as much room.
            most, named = sdp.MAX_CANDIDATES, len(self._transport.remote_candidates)
            if named >= most or self._named >= 2 * most:
                raise PeerError(f"More than {most} candidates.", code="bad_candidate")
            self._named += 1
        self._tasks.start(self._transport.add_candidate(parsed), "candidate")

    def send(self, frame: Frame) -> bool:
        """Send a frame of the line to the operator; False where the peer is not connected, or takes none."""
        sender = self._sender
        if sender is None or not self._sends or not self._transport.connected:
            return False
        return self._transport.send_rtp(sender.pack_key() if sender.pressing else sender.pack(frame))

    def send_as(self, codec: str) -> bool:
        """Send in this codec from the next frame on; False where it was not agreed on."""
        found = next((c for c in self._codecs if c.name == codec), None)
        if found is None or self._sender is None:
            return False
        self._sender.switch(found)
        return True

    def send_key(self, key: str) -> bool:
        """Send a key (0-9 * # A-D) in place of the next frames; False where that was not agreed on."""
        return self._sender is not None and self._sender.press(key)

    async def close(self) -> None:
        """Say goodbye and free the sockets. Idempotent."""
        if self.state == "closed":
            return
        if self._reports is not None and self._transport.connected:
            self._transport.send_rtcp(self._reports.goodbye())
        self._set_state("closed")
        if self._receiver is not None:
            self._receiver.close()
        await self._tasks.close()
        await self._transport.close()

    def _describe(
        self,
        codecs: tuple[sdp.AudioCodec, ...],
        events: tuple[sdp.AudioCodec, ...],
        *,
        mid: str,
        direction: str,
        setup: str,
    ) -> sdp.Description:
        self._mid = mid
        self._sender = Sender(codecs[0], events)
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
            events=events,
            opus_rate=self._rate,
        )

    def _begin(self, remote: sdp.Description, *, active: bool) -> None:
        """Connect to `remote`, whose codecs are those agreed on."""
        assert self._sender is not None
        ssrc, self._sender = self._sender.ssrc, Sender(remote.codecs[0], remote.events)
        self._sender.ssrc, self._codecs = ssrc, remote.codecs
        self._sends = remote.direction in ("sendrecv", "recvonly")
        self.receives = remote.direction in ("sendrecv", "sendonly")
        self._receiver = Receiver(
            remote.codecs, self._on_frame, rate=self._rate, events=remote.events, on_key=self._on_key
        )
        self._reports = Reports(self._sender, self._receiver)
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
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                up = await self._transport.start(remote.ice, remote.fingerprints, active=active)
        except TimeoutError:  # who never says that there are no more candidates is checked for ever
            self._failed("timeout")
            return
        except Exception:  # ICE and DTLS raise on what they do not expect, and nobody would ever know
            self._failed("internal")
            raise
        if up:
            self._connected_at = time.monotonic()
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
        if self._reports is not None:
            self._reports.take(data)

    async def _report_forever(self) -> None:
        assert self._reports is not None
        while self.state == "connected":
            await asyncio.sleep(_REPORT_PERIOD)
            self._transport.send_rtcp(self._reports.make())
            self._on_quality(self._reports.quality)

    def _failed(self, reason: str) -> None:
        log.info("peer_failed", reason=reason)
        self._set_state("failed")

    def _set_state(self, state: State) -> None:
        if state != self.state and self.state not in ("failed", "closed"):
            self.state = state
            self._on_state(state)
        elif state == "closed":
            self.state = state
