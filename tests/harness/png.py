"""Small PNG files of screenshots: at most 256 colours, packed as well as zlib can."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256


def small_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG of `pixels`, (height, width, 3) in RGB; beyond 256 colours the rarest become their neighbours."""
    height, width, _ = pixels.shape
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, which, counts = np.unique(packed, return_inverse=True, return_counts=True)
    order = np.argsort(counts)[::-1][:_COLOURS]
    rgb = np.stack([colours >> 16 & 255, colours >> 8 & 255, colours & 255], axis=1).astype(np.int64)
    palette = rgb[order]
    distance = ((rgb[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
    indices = distance.argmin(axis=1)[which].reshape(height, width).astype(np.uint8)
    # A filter byte of 0 begins each row: what a palette says has no neighbours to be predicted from.
    rows = np.hstack([np.zeros((height, 1), np.uint8), indices]).tobytes()
    return b"".join(
        [
            _MAGIC,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", palette.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(rows, 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
