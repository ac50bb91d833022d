"""A 20 ms frame that stays in its leg's encoding until somebody needs another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.media import g711
from bridge.ports import Codec

_AUDIBLE_PEAK = 8
"""Samples of s16 beyond which a frame is not digital silence: Opus codes silence to within ±2, and the
quietest live microphone has noise above this."""


class Frame:
    """20 ms of sound in `codec`; converts on demand and at most once. Treat as immutable."""

    __slots__ = ("_pcm", "codec", "payload")

    def __init__(self, codec: Codec, payload: bytes, pcm: bytes | None = None) -> None:
        self.codec = codec
        self.payload = payload
        self._pcm = pcm

    @classmethod
    def of_pcm(cls, pcm: bytes, codec: Codec) -> Frame:
        """A frame in `codec` from s16le mono at `codec.rate`."""
        return cls(codec, encode(pcm, codec), pcm)

    @property
    def pcm(self) -> bytes:
        """s16le mono samples at `codec.rate`."""
        if self._pcm is None:
            self._pcm = decode(self.payload, self.codec)
        return self._pcm

    def to(self, codec: Codec) -> bytes:
        """The payload in `codec`, which must have the same rate; raises ValueError otherwise."""
        if codec is self.codec:
            return self.payload
        if codec.rate != self.codec.rate:
            raise ValueError(f"a frame at {self.codec.rate} Hz cannot go out at {codec.rate} Hz unresampled")
        return encode(self.pcm, codec)

    @property
    def audible(self) -> bool:
        """False for digital silence, as a muted or dead microphone sends it."""
        return self.peak > _AUDIBLE_PEAK

    @property
    def peak(self) -> int:
        """Largest sample's magnitude, 0-32768."""
        samples = np.frombuffer(self.pcm, np.int16)
        return max(int(samples.max()), -int(samples.min())) if samples.size else 0


def encode(pcm: bytes, codec: Codec) -> bytes:
    """`pcm` (s16le mono at `codec.rate`) in the codec's encoding."""
    if codec is Codec.PCMU:
        return g711.ulaw_encode(pcm)
    if codec is Codec.PCMA:
        return g711.alaw_encode(pcm)
    return pcm


def decode(payload: bytes, codec: Codec) -> bytes:
    """s16le mono samples at `codec.rate` of an encoded payload."""
    if codec is Codec.PCMU:
        return g711.ulaw_decode(payload)
    if codec is Codec.PCMA:
        return g711.alaw_decode(payload)
    return payload


def join(frames: Sequence[Frame]) -> bytes:
    """s16le mono samples of frames of one codec, decoded in one go."""
    codec = frames[0].codec
    return decode(b"".join([frame.payload for frame in frames]), codec)


def mix(one: bytes, other: bytes) -> bytes:
    """Saturating sum of two s16le stretches of the same length."""
    total = np.frombuffer(one, np.int16).astype(np.int32) + np.frombuffer(other, np.int16)
    return np.clip(total, -32768, 32767).astype(np.int16).tobytes()


def level_dbfs(pcm: bytes) -> float:
    """RMS level of s16le samples in dBFS, at least -96."""
    samples = np.frombuffer(pcm, np.int16).astype(np.float32)
    if not samples.size:
        return -96.0
    power = float(np.mean(samples * samples)) / 32768.0**2
    return max(-96.0, 10.0 * float(np.log10(max(power, 1e-10))))
