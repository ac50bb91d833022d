"""What is said on the calls: sweeps that can be timed, and speech that can be judged, as packets."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.media.endpoint import PCMU, WIDE_RATE
from benchmarks.media.sweep import delays, sweeps
from bridge.media import rtp
from bridge.media.g711 import ulaw_decode, ulaw_encode
from bridge.media.opus import OpusDecoder, OpusEncoder, OpusError
from bridge.peer.sdp import AudioCodec
from bridge.speech.resample import resample

Sound = NDArray[np.int16]

LINE_RATE = 8000
_BITRATE, _LOSS_PCT = 32_000, 10
_FRAMES_A_SECOND = 50

SENTENCES = (
    "Good morning, this is the bakery, and my name is Sam.",
    "I have your order from last Tuesday on the screen now.",
    "Your cake left our kitchen half an hour ago in the blue van.",
    "The driver has two more stops before he reaches your street.",
    "He should be with you soon, unless the bridge is closed.",
    "Could you read me the four figures on the receipt, please?",
    "Thank you, that is the one with cherries and dark chocolate.",
    "We can bring a box of candles, and there is no charge.",
    "If nobody is at home, he will leave it with the people next door.",
    "I am writing a note for him, so that he rings twice.",
    "Shall I send a message as soon as he turns the corner?",
    "We wish your daughter a happy birthday and a sunny day.",
)
PIECE_S = 8.0
_LEAD_S, _PAUSE_S, _TAIL_S = 0.2, 0.2, 0.3


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of speech to judge: `wide` at 16 kHz as it is encoded, `said` at 8 kHz to compare with."""

    wide: Sound
    said: Sound


def pieces(spoken: Sequence[bytes]) -> list[Piece]:
    """Sentences (s16le at 16 kHz) in stretches of exactly PIECE_S, with silence before and after."""
    found, rest = [], [np.frombuffer(one, np.int16) for one in spoken]
    lead, pause = (np.zeros(round(length * WIDE_RATE), np.int16) for length in (_LEAD_S, _PAUSE_S))
    room = round((PIECE_S - _TAIL_S) * WIDE_RATE)
    while rest:
        sound = np.concatenate([lead, rest.pop(0)])
        if len(sound) > room:
            raise ValueError("a sentence is longer than a piece")
        while rest and len(sound) + len(pause) + len(rest[0]) <= room:
            sound = np.concatenate([sound, pause, rest.pop(0)])
        wide = np.pad(sound, (0, round(PIECE_S * WIDE_RATE) - len(sound)))
        narrow = np.frombuffer(resample(wide.tobytes(), WIDE_RATE, LINE_RATE), np.int16)
        found.append(Piece(wide, np.resize(narrow, round(PIECE_S * LINE_RATE))))
    return found


def packets(wide: Sound, codec: AudioCodec, rate: int) -> list[bytes]:
    """Payloads of 20 ms of sound at 16 kHz, as a browser sends it: µ-law, or Opus up to `rate` Hz."""
    narrow = np.frombuffer(resample(wide.tobytes(), WIDE_RATE, LINE_RATE), np.int16)
    if codec is PCMU:
        return ulaw_frames(narrow)
    sound = narrow if rate == LINE_RATE else wide
    encoder = OpusEncoder(rate, bitrate=_BITRATE, loss_pct=_LOSS_PCT)
    size = rate // _FRAMES_A_SECOND
    return [encoder.encode(sound[at : at + size].tobytes()) for at in range(0, len(sound) - size + 1, size)]


def operator_sweeps(seconds: float, codec: AudioCodec, rate: int) -> list[bytes]:
    """Sweeps as an operator's browser sends them."""
    return packets(sweeps(seconds, WIDE_RATE), codec, rate)


def ulaw_frames(sound: Sound) -> list[bytes]:
    """µ-law in frames of 20 ms; what is left over is left out."""
    ulaw, size = ulaw_encode(sound.tobytes()), LINE_RATE // _FRAMES_A_SECOND
    return [ulaw[at : at + size] for at in range(0, len(ulaw) - size + 1, size)]


def caller_sweeps(seconds: float) -> list[bytes]:
    """Sweeps as they stand in the stream's messages: µ-law in base64."""
    return [base64.b64encode(frame) for frame in ulaw_frames(sweeps(seconds, LINE_RATE))]


def lag(codec: AudioCodec, rate: int) -> float:
    """Seconds by which a sound is later in the decoded packets than it was when they were encoded."""
    sent = operator_sweeps(3.2, codec, rate)
    times = [number / _FRAMES_A_SECOND for number in range(len(sent))]
    return float(np.nanmedian(delays(times, list(zip(times, decoded(sent, codec), strict=True)))))


def decoded(payloads: Sequence[bytes], codec: AudioCodec) -> list[bytes]:
    """s16le at 8 kHz of each payload; nothing for one that is not in the codec."""
    if codec is PCMU:
        return [ulaw_decode(payload) for payload in payloads]
    decoder = OpusDecoder(LINE_RATE)

    def decode(payload: bytes) -> bytes:
        try:
            return decoder.decode(payload)
        except OpusError:
            return b""

    return [decode(payload) for payload in payloads]


def heard(got: Sequence[tuple[float, bytes]], codec: AudioCodec) -> list[tuple[float, bytes]]:
    """When each RTP packet came, with its sound (s16le at 8 kHz)."""
    parsed = [(at, packet) for at, data in got if (packet := rtp.parse_rtp(data)) is not None]
    sounds = decoded([packet.payload for _, packet in parsed], codec)
    return [(at, sound) for (at, _), sound in zip(parsed, sounds, strict=True)]


def in_order(voices: Mapping[str, bytes]) -> list[bytes]:
    """The sentences' sounds in the order of SENTENCES."""
    return [voices[text] for text in SENTENCES]
