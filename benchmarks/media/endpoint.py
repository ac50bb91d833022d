"""The browser's part, down to single packets: nothing buffers, decodes or paces behind one's back."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable

from benchmarks.media.arrivals import Arrivals
from bridge.media import rtp
from bridge.peer import sdp
from bridge.peer.ortc import OrtcTransport

OPUS = sdp.AudioCodec("opus", 111, 48000)
PCMU = sdp.AudioCodec("PCMU", 0, 8000)
CODECS = {"opus": OPUS, "pcmu": PCMU}
WIDE_RATE = 16000
_MOST_RATE = re.compile(r"maxplaybackrate=(\d+)")
_WITHIN_S = 20.0
_FRAMES_A_SECOND = 50


class Endpoint:
    """One WebRTC connection that sends payloads as they are and keeps packets as they come.

    `sent` has the monotonic second of each packet sent, `got` that of each RTP packet received, with its
    bytes. Only `codec` is offered. `rate`: Hz up to which Opus is to be sent, by the answer; browsers that
    are asked for nothing send wide band.
    """

    def __init__(self, codec: sdp.AudioCodec) -> None:
        self.codec = codec
        self.sent: list[float] = []
        self.got = Arrivals()
        self.rate = WIDE_RATE
        self._failed: str | None = None
        self._ssrc = secrets.randbits(32)
        self._sequence, self._timestamp = secrets.randbits(15), secrets.randbits(31)
        self._transport = OrtcTransport(
            (), controlling=True, on_rtp=self._take, on_rtcp=lambda data: None, on_failed=self._fail
        )

    async def connect(self, signal: Callable[[str], Awaitable[str]]) -> None:
        """Offer through `signal`, which returns the answer, and connect; raises RuntimeError."""
        transport = self._transport
        await transport.gather_host()
        text = await signal(self._offer())
        answer = sdp.parse_description(text)
        if asked := _MOST_RATE.search(text):
            self.rate = min(WIDE_RATE, int(asked[1]))
        for candidate in answer.candidates:
            await transport.add_candidate(candidate)
        async with asyncio.timeout(_WITHIN_S):
            active = answer.setup == "passive"
            if not await transport.start(answer.ice, answer.fingerprints, active=active):
                raise RuntimeError(f"The connection was not made: {self._failed}.")

    def send(self, payload: bytes) -> None:
        """Send the next 20 ms."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + self.codec.clock // _FRAMES_A_SECOND) & 0xFFFF_FFFF
        packet = rtp.RtpPacket(
            self.codec.payload_type, self._sequence, self._timestamp, self._ssrc, payload, not self.sent
        )
        self._transport.send_rtp(rtp.serialise_rtp(packet))
        self.sent.append(time.monotonic())

    async def close(self) -> None:
        """Hang up."""
        await self._transport.close()

    def _offer(self) -> str:
        transport = self._transport
        description = sdp.Description(
            mid="0",
            direction="sendrecv",
            setup="actpass",
            codecs=(self.codec,),
            ice=transport.ice_parameters,
            fingerprints=transport.fingerprints,
            candidates=transport.candidates,
            candidates_complete=True,
            ssrc=self._ssrc,
        )
        return sdp.serialise_description(description, session_id=secrets.randbits(62), cname="bench")

    def _take(self, packet: bytes) -> None:
        self.got.note(packet)

    def _fail(self, reason: str) -> None:
        self._failed = reason
