"""Calls on which both sides say what they are told, and when each utterance began and ended to be said."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.media.call import Call
from benchmarks.media.material import ulaw_frames
from benchmarks.sound import FRAME_S, RATE, Piece, Samples, voiced
from benchmarks.thread.utterances import Utterance, speech_rms

GAP_S = 1.4
"""Between two utterances of one side: long enough that the first is over for everybody."""
_LEAD_S = 0.4
_FRAME = round(RATE * FRAME_S)
_FLOOR_RMS = 18.0
"""A live but silent microphone, about -65 dBFS."""
_LOOP_S = 2.0
_SLACK_S = 1.0
_SETTLE_S = 1.0
"""Silence after which whatever was heard before is an utterance of its own."""


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance with the monotonic seconds of its first and last voiced sample."""

    text: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in a track an utterance is voiced, in seconds."""

    text: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Track:
    """What one side sends: samples at 8 kHz, and where in them what is said."""

    samples: Samples
    marks: tuple[Mark, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE

    def said(self, sent: Sequence[float]) -> list[Said]:
        """The utterances with their times, given when each of the frames was sent."""
        return [Said(mark.text, _when(sent, mark.begins), _when(sent, mark.ends)) for mark in self.marks]


def track(
    utterances: Sequence[Utterance],
    *,
    lead_s: float = _LEAD_S,
    starts: Sequence[float] | None = None,
    snr_db: float | None = None,
) -> Track:
    """The utterances over the noise of a silent room, or over white noise all the time.

    One after another with `lead_s` of silence before the first, or each at its second of `starts`.
    `snr_db`: loudness of the speech, its pauses not counted, over that of the noise.
    """
    sounds = [np.frombuffer(utterance.pcm, np.int16) for utterance in utterances]
    if starts is None:
        lengths = [len(sound) / RATE + GAP_S for sound in sounds]
        starts = [lead_s + sum(lengths[:count]) for count in range(len(sounds))]
    end = max((start + len(sound) / RATE for start, sound in zip(starts, sounds, strict=True)), default=0.0)
    clean = np.zeros(round((end + GAP_S) * RATE))
    marks = []
    for utterance, start, sound in zip(utterances, starts, sounds, strict=True):
        first = round(start * RATE)
        clean[first : first + len(sound)] += sound
        marks.append(Mark(utterance.text, *voiced([Piece(first / RATE, sound)])))
    rms = _FLOOR_RMS if snr_db is None else speech_rms(clean) / 10 ** (snr_db / 20)
    return Track(_over_noise(clean, rms), tuple(marks))


def silence(seconds: float = _LOOP_S) -> Track:
    """Nobody speaks, but the microphone lives."""
    return Track(_over_noise(np.zeros(round(seconds * RATE)), _FLOOR_RMS))


@dataclass(frozen=True, slots=True)
class Scene:
    """What is said on one call, by either side."""

    caller: Track
    human: Track


async def perform(calls: Sequence[Call], scenes: Sequence[Scene]) -> list[tuple[list[Said], list[Said]]]:
    """Let every call say its scene, all at once; returns what each caller and each operator said, and when.

    The operators' codec must be PCMU. Afterwards both sides are silent, as live microphones are.
    """
    longest = max(max(scene.caller.seconds, scene.human.seconds) for scene in scenes)
    quiet = _frames(silence())
    for call, scene in zip(calls, scenes, strict=True):
        # What is said is said over and over: the shorter side is silent until the longer one has finished.
        rest = round((longest + _SLACK_S + _LOOP_S) / FRAME_S)
        human, caller = (_frames(one) for one in (scene.human, scene.caller))
        call.say(_lasting(human, quiet, rest), [base64.b64encode(f) for f in _lasting(caller, quiet, rest)])
    frames = round((longest + _SLACK_S) / FRAME_S)
    async with asyncio.timeout(2 * longest + 30):
        await asyncio.sleep(frames * FRAME_S)
        while True:
            await asyncio.sleep(FRAME_S)
            if _sent(calls) >= frames:
                break
    found = [
        (scene.caller.said(call.phone.sent), scene.human.said(call.endpoint.sent))
        for call, scene in zip(calls, scenes, strict=True)
    ]
    _hush(calls)
    return found


async def settle(calls: Sequence[Call]) -> None:
    """Let both sides of every call be silent from now on; returns when nothing from before goes on."""
    _hush(calls)
    frames = round(_SETTLE_S / FRAME_S)
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(FRAME_S)
            if _sent(calls) >= frames:
                break


def _sent(calls: Sequence[Call]) -> int:
    """Frames that every side of every call has sent of what it says now."""
    return min(min(len(call.endpoint.sent), len(call.phone.sent)) for call in calls)


def _hush(calls: Sequence[Call]) -> None:
    quiet = _frames(silence())
    for call in calls:
        call.say(quiet, [base64.b64encode(frame) for frame in quiet])


def to_wall(monotonic: float) -> float:
    """A monotonic second as seconds since 1970."""
    return time.time() - (time.monotonic() - monotonic)


def _lasting(frames: list[bytes], quiet: list[bytes], count: int) -> list[bytes]:
    loops = 1 + max(0, count - len(frames)) // len(quiet)
    return frames + quiet * loops


def _frames(one: Track) -> list[bytes]:
    return ulaw_frames(one.samples)


def _over_noise(clean: np.ndarray[tuple[int], np.dtype[np.float64]], rms: float) -> Samples:
    whole = np.pad(clean, (0, -len(clean) % _FRAME))
    noise = np.random.default_rng(7).normal(scale=rms, size=len(whole))
    return np.clip(whole + noise, -32768, 32767).astype(np.int16)


def _when(sent: Sequence[float], seconds: float) -> float:
    """When a moment of a track was said: a frame that is sent was spoken in the 20 ms before."""
    index = min(len(sent) - 1, int(seconds / FRAME_S))
    return sent[index] - FRAME_S + (seconds - index * FRAME_S)
