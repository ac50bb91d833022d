"""WAV files as the phone app sends and takes them. Sans-IO."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telephony.errors import TelephonyError

MAX_SECONDS = 60
_RATES = range(8000, 48_001)
_UNKNOWN = (0, 0xFFFFFFFF)
"""Data sizes of writers that did not know the length beforehand: the data goes to the end of the file."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_S16 = np.dtype("<i2")


class MalformedWav(TelephonyError):
    """Bytes that are not a WAV file with speech of a usable kind."""

    code = "bad_audio"


@dataclass(frozen=True, slots=True)
class Wav:
    """Speech: `pcm` is s16le mono at `rate` Hz."""

    rate: int
    pcm: bytes

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / 2 / self.rate


@dataclass(frozen=True, slots=True)
class _Format:
    kind: int
    channels: int
    rate: int
    bits: int


def read_wav(data: bytes) -> Wav:
    """The speech in `data`: PCM of 8 to 32 bits or float, 1 or 2 channels, 8 to 48 kHz, at most 60 s.

    Raises MalformedWav with a sentence that says what is wrong.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise MalformedWav("The audio is not a WAV file.")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if name == b"fmt ":
            form = _format(data[at : at + size])
        elif name == b"data":
            return _speech(form, _body(data, at, size))
        at += size + size % 2
    raise MalformedWav("The WAV file has no audio in it.")


def write_wav(pcm: bytes, rate: int) -> bytes:
    """`pcm` (s16le mono at `rate` Hz) as a WAV file whose sizes are exact: the app trusts them."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, _PCM, 1, rate, 2 * rate, 2, 16
    )
    return head + struct.pack("<4sI", b"data", len(pcm)) + pcm


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise MalformedWav("The WAV file's format is cut off.")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = struct.unpack_from("<H", chunk, 24)[0]
    form = _Format(kind, channels, rate, bits)
    if (kind, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32)}:
        raise MalformedWav(f"WAV format {kind} with {bits} bits cannot be read: it must be PCM.")
    if channels not in (1, 2):
        raise MalformedWav(f"The WAV file has {channels} channels: it must have 1 or 2.")
    if rate not in _RATES:
        raise MalformedWav(f"The WAV file has {rate} samples a second: it must have 8000 to 48000.")
    return form


def _body(data: bytes, at: int, size: int) -> bytes:
    if size in _UNKNOWN:
        return data[at:]
    if at + size > len(data):
        raise MalformedWav(f"The WAV file is cut off: {len(data) - at} of {size} bytes of audio are there.")
    return data[at : at + size]


def _speech(form: _Format | None, body: bytes) -> Wav:
    if form is None:
        raise MalformedWav("The WAV file's audio comes before its format.")
    frame = form.channels * form.bits // 8
    if len(body) % frame:
        raise MalformedWav(f"{len(body)} bytes of audio are not a whole number of samples.")
    if len(body) > MAX_SECONDS * form.rate * frame:
        raise MalformedWav(f"The WAV file is longer than {MAX_SECONDS} s.")
    samples = _samples(body, form)
    if form.channels == 2:
        samples = samples.reshape(-1, 2).astype(np.int32).mean(axis=1).astype(_S16)
    return Wav(form.rate, samples.tobytes())


def _samples(body: bytes, form: _Format) -> NDArray[np.int16]:
    if form.kind == _FLOAT:
        floats = np.nan_to_num(np.frombuffer(body, "<f4"))
        scaled: NDArray[np.int16] = (np.clip(floats, -1.0, 1.0) * 32767).astype(_S16)
        return scaled
    if form.bits == 8:
        return ((np.frombuffer(body, np.uint8).astype(np.int16) - 128) * 256).astype(_S16)
    if form.bits == 16:
        return np.frombuffer(body, _S16)
    # Of 24 and 32 bits the upper 16 are what a telephone can use.
    width = form.bits // 8
    upper = np.frombuffer(body, np.uint8).reshape(-1, width)[:, width - 2 :]
    return np.frombuffer(np.ascontiguousarray(upper).tobytes(), _S16)
