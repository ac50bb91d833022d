"""20 ms frames to the operator as RTP."""

from __future__ import annotations

import secrets
import time

from bridge.media import rtp
from bridge.media.dtmf import KeyWriter
from bridge.media.frame import Frame
from bridge.media.opus import OpusEncoder
from bridge.peer.sdp import AudioCodec
from bridge.ports import FRAME_MS, Codec

_G711 = {"PCMU": Codec.PCMU, "PCMA": Codec.PCMA}
_TALKSPURT_GAP = 0.100


class Sender:
    """Packs frames of the line for one browser in a negotiated codec.

    `events`: telephone-event as negotiated; a key goes out in the one of the codec's clock.
    """

    def __init__(self, codec: AudioCodec, events: tuple[AudioCodec, ...] = ()) -> None:
        self.codec = codec
        self._events = {event.clock: event for event in events}
        self._keys = KeyWriter()
        self._pressed_at = 0
        self.ssrc = secrets.randbits(32)
        self.packets = 0
        self.octets = 0
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._encoder: OpusEncoder | None = None
        self._last: float | None = None
        self._loss_pct = 10

    @property
    def timestamp(self) -> int:
        """RTP timestamp that belongs to now, for sender reports."""
        since = 0.0 if self._last is None else time.monotonic() - self._last
        return (self._timestamp + int(since * self.codec.clock)) & 0xFFFF_FFFF

    def pack(self, frame: Frame) -> bytes:
        """The next RTP packet with `frame` in it; after a pause the timestamp jumps by its length."""
        talkspurt = self._advance()
        return self._packet(self.codec.payload_type, self._timestamp, self._encode(frame), talkspurt)

    def switch(self, codec: AudioCodec) -> None:
        """Send in another of the negotiated codecs from the next frame on.

        The timestamps go on at the new clock's rate from where they are, which is how browsers read them
        (RFC 7160 would have a new SSRC, of which they know nothing before the next answer).
        """
        if codec.name == "opus" and self.codec.name != "opus":
            self._encoder = None  # what it remembers is long past
        self.codec = codec

    @property
    def pressing(self) -> bool:
        """True while a key is being sent; `pack_key` then takes the place of `pack`."""
        return self._keys.busy

    def press(self, key: str) -> bool:
        """Send a key, 140 ms long, in place of sound; False where keys were not negotiated."""
        return self.codec.clock in self._events and self._keys.press(key)

    def pack_key(self) -> bytes:
        """The next packet of the key that is being sent, for the next 20 ms."""
        self._advance()
        event = self._events.get(self.codec.clock) or next(iter(self._events.values()))
        packet = self._keys.next(event.clock)
        if packet.first:
            self._pressed_at = self._timestamp
        return self._packet(event.payload_type, self._pressed_at, packet.payload, packet.first)

    def _advance(self) -> bool:
        """Go on by 20 ms, or by the length of a pause; True where a talkspurt begins."""
        now = time.monotonic()
        pause = 0.0 if self._last is None else now - self._last
        talkspurt = self._last is None or pause > _TALKSPURT_GAP
        frames = max(1, round(pause * 1000 / FRAME_MS)) if talkspurt else 1
        step = self.codec.clock * FRAME_MS // 1000
        self._timestamp = (self._timestamp + frames * step) & 0xFFFF_FFFF
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._last = now
        return talkspurt

    def _packet(self, payload_type: int, timestamp: int, payload: bytes, marker: bool) -> bytes:
        self.packets += 1
        self.octets += len(payload)
        packet = rtp.RtpPacket(payload_type, self._sequence, timestamp, self.ssrc, payload, marker)
        return rtp.serialise_rtp(packet)

    def set_loss(self, percent: int) -> None:
        """Adapt the redundancy to the loss that the browser reports."""
        self._loss_pct = percent
        if self._encoder is not None:
            self._encoder.set_loss(self._loss_pct)

    def _encode(self, frame: Frame) -> bytes:
        if self.codec.name != "opus":
            return frame.to(_G711[self.codec.name])
        if self._encoder is None or self._encoder.rate != frame.codec.rate:
            self._encoder = OpusEncoder(frame.codec.rate, loss_pct=self._loss_pct)
        return self._encoder.encode(frame.pcm)
