"""Changing the sample rate of s16le mono audio."""

from __future__ import annotations

import av
import numpy as np


class StreamResampler:
    """Converts a stream from `src` to `dst` Hz; what a chunk completes comes out with that chunk."""

    def __init__(self, src: int, dst: int) -> None:
        self._src = src
        self._same = src == dst
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=dst)

    def feed(self, pcm: bytes) -> bytes:
        """Audio that became available. Raises ValueError if `pcm` is odd-sized."""
        if len(pcm) % 2:
            raise ValueError(f"odd-sized pcm: {len(pcm)} bytes")
        if self._same or not pcm:
            return pcm
        samples = np.frombuffer(pcm, dtype="<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = self._src
        return self._run(frame)

    def flush(self) -> bytes:
        """The tail still inside the filter; the stream ends here."""
        return b"" if self._same else self._run(None)

    def _run(self, frame: av.AudioFrame | None) -> bytes:
        return b"".join(out.to_ndarray().tobytes() for out in self._resampler.resample(frame))


def resample(pcm: bytes, src: int, dst: int) -> bytes:
    """The whole of `pcm` (s16le mono at `src` Hz) at `dst` Hz. Raises ValueError if odd-sized."""
    stream = StreamResampler(src, dst)
    head = stream.feed(pcm)
    return head + stream.flush() if pcm else b""
