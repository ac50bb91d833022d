"""What a phone hears, taken apart into speech and hold audio. Sans-IO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bridge.call.hold import hold_frames
from bridge.media.frame import decode, level_dbfs
from bridge.media.g711 import ULAW_SILENCE
from bridge.ports import FRAME_MS, Codec
from bridge.speech.segmenter import Event, Segmenter, UtteranceEnded

_RATE = 8000
_SILENCE = bytes([ULAW_SILENCE]) * (_RATE * FRAME_MS // 1000)
_AUDIBLE_DBFS = -60.0
_BEGIN = 5
"""Hold frames in a row: one of them may turn up anywhere by chance."""

_END_MS = 600
"""The arpeggio fades between two chords; only then is it over."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Somebody spoke from `start_ms` on; `pcm` is s16le mono at 8 kHz."""

    start_ms: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class HoldBegan:
    """Hold audio plays since `at_ms`."""

    at_ms: int


Sound: TypeAlias = Spoken | HoldBegan


def _recognisable() -> frozenset[bytes]:
    frames = hold_frames(Codec.PCMU)
    return frozenset(f for f in frames if level_dbfs(decode(f, Codec.PCMU)) > _AUDIBLE_DBFS)


class Hearing:
    """Takes one 20 ms slot of µ-law after another.

    Hold audio is known by its own frames: the phone's path carries µ-law untouched, so that they are the
    very bytes that the server sent. Speech is found by the segmenter, which is given silence in their place.
    """

    def __init__(self) -> None:
        self._hold_frames = _recognisable()
        self._segmenter = Segmenter(_RATE, end_silence_ms=700)
        self._slots = 0
        self._run = 0
        self._last_hold = 0
        self.hold = False
        self.level_dbfs = -96.0
        """Of the slot heard last."""

    @property
    def now_ms(self) -> int:
        """How long has been listened."""
        return self._slots * FRAME_MS

    @property
    def speaking(self) -> bool:
        """True while an utterance is being heard."""
        return self._segmenter.current() is not None

    def slot(self, ulaw: bytes) -> list[Sound]:
        """What one slot brings."""
        self._slots += 1
        sounds: list[Sound] = []
        is_hold = ulaw in self._hold_frames
        self._run = self._run + 1 if is_hold else 0
        if is_hold:
            self._last_hold = self.now_ms
        if self._run == _BEGIN and not self.hold:
            self.hold = True
            sounds += _spoken(self._segmenter.flush())  # whoever spoke has finished
            sounds.append(HoldBegan(self.now_ms - _BEGIN * FRAME_MS))
        elif self.hold and self.now_ms - self._last_hold > _END_MS:
            self.hold = False
        pcm = decode(_SILENCE if is_hold else ulaw, Codec.PCMU)
        self.level_dbfs = level_dbfs(pcm)
        return sounds + _spoken(self._segmenter.push(pcm))

    def flush(self) -> list[Sound]:
        """The line is over: what was still being said."""
        return _spoken(self._segmenter.flush())


def _spoken(events: list[Event]) -> list[Sound]:
    return [Spoken(event.start_ms, event.pcm) for event in events if isinstance(event, UtteranceEnded)]
