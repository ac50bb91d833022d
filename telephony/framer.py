"""Cuts a provider's payloads of any length into exact 20 ms frames. Sans-IO."""

from __future__ import annotations

from bridge.ports import Codec
from telephony.errors import MalformedPayload

_SILENCE = {Codec.PCMU: b"\xff", Codec.PCMA: b"\xd5"}
_LINEAR_SAMPLE_BYTES = 2


class Framer:
    """Yields every byte pushed exactly once, in order, in frames of `codec.frame_bytes`.

    Holds less than one frame between pushes.
    """

    __slots__ = ("_frame_bytes", "_rest", "_sample_bytes", "_silence")

    def __init__(self, codec: Codec) -> None:
        self._frame_bytes = codec.frame_bytes
        self._silence = _SILENCE.get(codec, b"\x00")
        self._sample_bytes = 1 if codec in _SILENCE else _LINEAR_SAMPLE_BYTES
        self._rest = b""

    @property
    def held(self) -> int:
        """Bytes waiting for the rest of their frame."""
        return len(self._rest)

    def push(self, payload: bytes) -> list[bytes]:
        """The frames that `payload` completes; raises MalformedPayload (and keeps nothing) if odd-sized."""
        if len(payload) % self._sample_bytes:
            raise MalformedPayload(f"{len(payload)} bytes are not a whole number of 16-bit samples.")
        size = self._frame_bytes
        if not self._rest and len(payload) == size:  # what providers send nearly always
            return [payload]
        data = self._rest + payload
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        return [data[at : at + size] for at in range(0, whole, size)]

    def flush(self) -> bytes | None:
        """The last frame, padded with silence, or None where nothing is held."""
        if not self._rest:
            return None
        short = self._frame_bytes - len(self._rest)
        frame = self._rest + self._silence * (short // len(self._silence))
        self._rest = b""
        return frame
