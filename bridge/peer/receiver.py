"""RTP from the operator to ordered 20 ms frames."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.media import rtp
from bridge.media.frame import Frame
from bridge.media.jitter import JitterBuffer, Lost, Slot
from bridge.media.opus import OpusDecoder, OpusError
from bridge.peer.sdp import AudioCodec
from bridge.ports import FRAME_MS, Codec

_G711 = {"PCMU": Codec.PCMU, "PCMA": Codec.PCMA}
_L16 = {8000: Codec.L16_8K, 16000: Codec.L16_16K, 24000: Codec.L16_24K}


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

    def note(self, packet: rtp.RtpPacket, now: float, clock: int) -> None:
        """Count a packet that arrived at `now`."""
        if self.base is None:
            self.base = self.highest = packet.sequence
        ahead = (packet.sequence - self.highest) & 0xFFFF
        if 0 < ahead < 0x8000:
            self.highest += ahead
        self.received += 1
        transit = now * clock - packet.timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < clock:  # a jump of a second is a new timeline and not jitter
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

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


class Receiver:
    """Decodes one browser's audio, at `rate` Hz, to `on_frame`; never raises on what comes in."""

    def __init__(
        self, codecs: tuple[AudioCodec, ...], on_frame: Callable[[Frame], None], *, rate: int
    ) -> None:
        self._codecs = {codec.payload_type: codec for codec in codecs}
        self._on_frame = on_frame
        self._rate = rate
        self._buffer = JitterBuffer()
        self._decoder = OpusDecoder(rate)
        self._partial = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.arrivals = Arrivals()
        self.ssrc: int | None = None
        self.last_rtp: float | None = None
        """Monotonic time of the last packet, None before the first."""
        self.dropped = 0
        self.concealed = 0

    @property
    def waiting_ms(self) -> int:
        """Sound held back for order, in ms."""
        return self._buffer.waiting_ms

    @property
    def clock(self) -> int:
        """RTP clock of the codec in use, in Hz."""
        return next(iter(self._codecs.values())).clock

    def take(self, data: bytes) -> None:
        """One decrypted RTP packet."""
        packet = rtp.parse_rtp(data)
        codec = self._codecs.get(packet.payload_type) if packet else None
        if packet is None or codec is None or self._closed:
            self.dropped += 1
            return
        now = time.monotonic()
        if packet.ssrc != self.ssrc:
            self.ssrc, self.arrivals = packet.ssrc, Arrivals()
        self.arrivals.note(packet, now, codec.clock)
        self.last_rtp = now
        self._play(self._buffer.push(packet, now), now)

    def close(self) -> None:
        """Deliver nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _play(self, slots: list[Slot], now: float) -> None:
        for slot in slots:
            self._conceal(slot) if isinstance(slot, Lost) else self._decode(slot)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._buffer.deadline()
        if deadline is not None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, deadline - now), self._overdue)

    def _overdue(self) -> None:
        self._timer = None
        now = time.monotonic()
        self._play(self._buffer.pop(now), now)

    def _decode(self, packet: rtp.RtpPacket) -> None:
        codec = self._codecs[packet.payload_type]
        if codec.name == "opus":
            try:
                self._emit_pcm(self._decoder.decode(packet.payload))
            except OpusError:
                self.dropped += 1
            return
        g711 = _G711[codec.name]
        if len(packet.payload) == g711.frame_bytes and not self._partial:
            self._on_frame(Frame(g711, packet.payload))
        else:
            self._emit_pcm(Frame(g711, packet.payload).pcm)

    def _conceal(self, lost: Lost) -> None:
        self.concealed += 1
        following = lost.following
        if next(iter(self._codecs.values())).name != "opus":
            self._emit_pcm(bytes(self._rate * FRAME_MS // 1000 * 2))
            return
        try:
            pcm = self._decoder.recover(following.payload) if following else self._decoder.conceal()
        except OpusError:
            pcm = self._decoder.conceal()
        self._emit_pcm(pcm)

    def _emit_pcm(self, pcm: bytes) -> None:
        codec = _L16[self._rate]
        if len(pcm) == codec.frame_bytes and not self._partial:
            self._on_frame(Frame(codec, pcm, pcm))
            return
        self._partial += pcm
        while len(self._partial) >= codec.frame_bytes:
            cut = bytes(self._partial[: codec.frame_bytes])
            del self._partial[: codec.frame_bytes]
            self._on_frame(Frame(codec, cut, cut))
