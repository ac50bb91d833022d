"""Finds utterances in a stream of 20 ms frames. Sans-IO; time is the position in the stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from bridge.ports import FRAME_MS
from bridge.speech.activity import SpeechActivity

_TAIL_MS = 200
"""Silence left after the last speech: recognisers cut off words that end with the audio."""

_RESUME_FRAMES = 2
"""A single frame of noise in a pause is not the speaker going on."""

_CUT_SEARCH_MS = 3000
_CUT_QUIET_FRAMES = 3


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody began to speak `at_ms` into the stream (known `min_speech_ms` later)."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """A pause; `pcm` is the utterance if it ends here, the same bytes UtteranceEnded would bring."""

    pcm: bytes
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on at `at_ms`: what SpeechPaused brought was not the end."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """An utterance from `start_ms` to `end_ms`; `pcm` has some silence on both sides.

    `cut`: it was longer than allowed and goes on in a SpeechStarted that follows at once.
    """

    pcm: bytes
    start_ms: int
    end_ms: int
    cut: bool


Event: TypeAlias = SpeechStarted | SpeechPaused | SpeechResumed | UtteranceEnded


@dataclass(slots=True)
class _Open:
    """The utterance being spoken: its frames from `first` on (frame numbers) with their levels."""

    first: int
    start: int
    frames: list[bytes]
    levels: list[float]
    voice_end: int
    paused: bool = False


class Segmenter:
    """Turns frames of one speaker into events; every UtteranceEnded has one SpeechStarted before it."""

    def __init__(
        self,
        rate: int,
        *,
        end_silence_ms: int = 500,
        pause_ms: int = 220,
        preroll_ms: int = 240,
        min_speech_ms: int = 100,
        max_ms: int = 15000,
    ) -> None:
        if not 0 < pause_ms <= end_silence_ms or min_speech_ms <= 0 or max_ms < 4 * FRAME_MS + min_speech_ms:
            raise ValueError("need 0 < pause_ms <= end_silence_ms, min_speech_ms > 0 and room in max_ms")
        self._activity = SpeechActivity(rate)
        self._end_frames = -(-end_silence_ms // FRAME_MS)
        self._pause_frames = -(-pause_ms // FRAME_MS)
        self._onset_frames = -(-min_speech_ms // FRAME_MS)
        self._max_frames = max_ms // FRAME_MS
        # One frame of the onset may be unvoiced: the gap in a plosive.
        self._recent: deque[bool] = deque(maxlen=self._onset_frames + 1)
        kept = preroll_ms // FRAME_MS + self._onset_frames + 1
        self._before: deque[tuple[bytes, float]] = deque(maxlen=kept)
        self._preroll_frames = preroll_ms // FRAME_MS
        self._count = 0
        self._run = 0
        self._open: _Open | None = None

    def push(self, pcm: bytes, energy: float | None = None) -> list[Event]:
        """Events that one frame brings; `energy`: its mean square, where that is known already.

        Raises ValueError if `pcm` is not 20 ms of s16le mono.
        """
        voiced, level = self._activity.judge(pcm, speaking=self._open is not None, energy=energy)
        self._count += 1
        self._run = self._run + 1 if voiced else 0
        if self._open is None:
            self._before.append((pcm, level))
            self._recent.append(voiced)
            return self._maybe_start()
        self._open.frames.append(pcm)
        self._open.levels.append(level)
        return self._advance(self._open)

    def flush(self) -> list[Event]:
        """End an utterance that is still open; the stream may go on afterwards."""
        return [self._end(self._open)] if self._open is not None else []

    def forget(self) -> None:
        """Keep nothing of what was heard so far for the utterance to come; call it between two."""
        self._before.clear()
        self._recent.clear()
        self._run = 0

    def current(self) -> bytes | None:
        """Audio of the utterance so far, for a partial result; None while nobody speaks."""
        return b"".join(self._open.frames) if self._open is not None else None

    def _maybe_start(self) -> list[Event]:
        if sum(self._recent) < self._onset_frames or not self._recent[-1]:
            return []
        start = self._count - len(self._recent) + list(self._recent).index(True)
        wanted = self._count - start + self._preroll_frames
        kept = list(self._before)[-wanted:]
        self._open = _Open(
            first=self._count - len(kept),
            start=start,
            frames=[pcm for pcm, _ in kept],
            levels=[level for _, level in kept],
            voice_end=self._count,
        )
        return [SpeechStarted(start * FRAME_MS)]

    def _advance(self, utterance: _Open) -> list[Event]:
        events: list[Event] = []
        if self._run >= _RESUME_FRAMES or (self._run and not utterance.paused):
            if utterance.paused:
                events.append(SpeechResumed((self._count - self._run) * FRAME_MS))
                utterance.paused = False
            utterance.voice_end = self._count
        quiet = self._count - utterance.voice_end
        if quiet >= self._pause_frames and not utterance.paused:
            utterance.paused = True
            start, end = utterance.start * FRAME_MS, utterance.voice_end * FRAME_MS
            events.append(SpeechPaused(self._spoken(utterance), start, end))
        if quiet >= self._end_frames:
            events.append(self._end(utterance))
        elif self._count - utterance.start >= self._max_frames:
            events += self._cut(utterance)
        return events

    def _end(self, utterance: _Open) -> UtteranceEnded:
        for frame, level in zip(utterance.frames, utterance.levels, strict=True):
            self._before.append((frame, level))
        self._open = None
        self._recent.clear()
        start, end = utterance.start * FRAME_MS, utterance.voice_end * FRAME_MS
        return UtteranceEnded(self._spoken(utterance), start, end, cut=False)

    def _cut(self, utterance: _Open) -> list[Event]:
        """Split where it was quietest of late, so that no word is cut if that can be helped."""
        levels = utterance.levels
        length = len(levels)
        first = max(length - _CUT_SEARCH_MS // FRAME_MS, length // 2, utterance.start - utterance.first + 1)
        candidates = range(first, length - _CUT_QUIET_FRAMES + 1)
        quietest = min(candidates, key=lambda i: sum(levels[i : i + _CUT_QUIET_FRAMES]), default=length - 1)
        at = min(quietest + _CUT_QUIET_FRAMES // 2, length - 1)
        cut_frame = utterance.first + at
        pcm = b"".join(utterance.frames[:at])
        ended = UtteranceEnded(pcm, utterance.start * FRAME_MS, cut_frame * FRAME_MS, cut=True)
        utterance.frames, utterance.levels = utterance.frames[at:], levels[at:]
        utterance.first = utterance.start = cut_frame
        # What the pause brought goes beyond the cut: its text would have words that the rest has again.
        resumed = [SpeechResumed(cut_frame * FRAME_MS)] if utterance.paused else []
        # The rest may already be in a pause: then its pause is announced again, with its own audio.
        utterance.paused = False
        utterance.voice_end = max(utterance.voice_end, cut_frame)
        return [*resumed, ended, SpeechStarted(cut_frame * FRAME_MS)]

    def _spoken(self, utterance: _Open) -> bytes:
        end = utterance.voice_end - utterance.first + _TAIL_MS // FRAME_MS
        return b"".join(utterance.frames[:end])
