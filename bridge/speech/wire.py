"""The framing on the pipe between Patchbay and a speech worker.

One frame: header size and payload size as unsigned 32-bit big-endian numbers, the header as a UTF-8
JSON object, then the payload as it is (s16le audio, or nothing). No pickle, no code, no IO here.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field

MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 8 * 1024 * 1024

_SIZES = struct.Struct("!II")


class MalformedFrame(ValueError):
    """The bytes are not a frame, or a frame is larger than allowed; the stream cannot be resumed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `header` is any JSON object, `payload` raw bytes that the header explains."""

    header: dict[str, object] = field(default_factory=dict)
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Bytes of `frame`. Raises MalformedFrame if it is larger than a parser takes."""
    header = json.dumps(frame.header, ensure_ascii=False, separators=(",", ":")).encode()
    _check_sizes(len(header), len(frame.payload))
    return _SIZES.pack(len(header), len(frame.payload)) + header + frame.payload


class FrameParser:
    """Finds frames in a byte stream however it is split; holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[Frame]:
        """Frames completed by `data`, in order. Raises MalformedFrame, then for ever."""
        if self._broken:
            raise MalformedFrame("the stream was malformed before")
        self._buffer += data
        frames: list[Frame] = []
        try:
            while (frame := self._take()) is not None:
                frames.append(frame)
        except MalformedFrame:
            self._broken = True
            self._buffer.clear()
            raise
        return frames

    def finish(self) -> None:
        """Accept the end of the stream. Raises MalformedFrame where it cuts a frame."""
        if self._buffer:
            raise MalformedFrame(f"the stream ended {len(self._buffer)} bytes into a frame")

    def _take(self) -> Frame | None:
        buffer = self._buffer
        if len(buffer) < _SIZES.size:
            return None
        header_size, payload_size = _SIZES.unpack_from(buffer)
        _check_sizes(header_size, payload_size)
        body = _SIZES.size + header_size
        end = body + payload_size
        if len(buffer) < end:
            return None
        header = _decode_header(bytes(buffer[_SIZES.size : body]))
        payload = bytes(buffer[body:end])
        del buffer[:end]
        return Frame(header, payload)


def _check_sizes(header_size: int, payload_size: int) -> None:
    if header_size > MAX_HEADER_BYTES:
        raise MalformedFrame(f"header of {header_size} bytes, at most {MAX_HEADER_BYTES} are allowed")
    if payload_size > MAX_PAYLOAD_BYTES:
        raise MalformedFrame(f"payload of {payload_size} bytes, at most {MAX_PAYLOAD_BYTES} are allowed")


def _decode_header(raw: bytes) -> dict[str, object]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedFrame(f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise MalformedFrame("the header is not a JSON object")
    return header
