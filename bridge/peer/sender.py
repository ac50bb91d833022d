"""20 ms frames to the operator as RTP."""

from __future__ import annotations

import secrets
import time

from bridge.media import rtp
from bridge.media.frame import Frame
from bridge.media.opus import OpusEncoder
from bridge.peer.sdp import AudioCodec
from bridge.ports import FRAME_MS, Codec

_G711 = {"PCMU": Codec.PCMU, "PCMA": Codec.PCMA}
_TALKSPURT_GAP = 0.100


class Sender:
    """Packs frames of the line for one browser in the negotiated codec."""

    def __init__(self, codec: AudioCodec) -> None:
        self.codec = codec
        self.ssrc = secrets.randbits(32)
        self.packets = 0
        self.octets = 0
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._step = codec.clock * FRAME_MS // 1000
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
        now = time.monotonic()
        pause = 0.0 if self._last is None else now - self._last
        talkspurt = self._last is None or pause > _TALKSPURT_GAP
        frames = max(1, round(pause * 1000 / FRAME_MS)) if talkspurt else 1
        self._timestamp = (self._timestamp + frames * self._step) & 0xFFFF_FFFF
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._last = now
        payload = self._encode(frame)
        self.packets += 1
        self.octets += len(payload)
        packet = rtp.RtpPacket(
            self.codec.payload_type, self._sequence, self._timestamp, self.ssrc, payload, talkspurt
        )
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
