"""The operator's keys as the caller hears them: two tones, in place of the operator's voice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bridge.media.clock import MediaClock
from bridge.media.dtmf import KeyPress, tone_frame
from bridge.media.frame import encode
from bridge.ports import FRAME_MS, Codec

_SHORTEST_MS = 100
_PAUSE_MS = 60
_SILENT_ROAD_MS = 200
"""A press of which nothing more is heard for so long is over: its end was lost."""
_MOST = 32


@dataclass(slots=True)
class _Tone:
    key: str
    held_ms: int
    ended: bool
    played_ms: int = 0
    news_ms: int = 0


class KeyTones:
    """Plays keys one after the other, each for as long as it was held, 100 ms at least and 60 ms apart.

    `send` gets a payload in `codec` each 20 ms, except while `waits`. At most 32 keys wait.
    """

    def __init__(
        self, clock: MediaClock, codec: Codec, send: Callable[[bytes], None], waits: Callable[[], bool]
    ) -> None:
        self._clock, self._codec = clock, codec
        self._send, self._waits = send, waits
        self._tones: deque[_Tone] = deque()
        self._pause_ms = 0

    @property
    def sounding(self) -> bool:
        """True while the caller hears a key, or the pause before the next."""
        return bool(self._tones)

    @property
    def room(self) -> int:
        """How many more keys may wait."""
        return _MOST - len(self._tones)

    def press(self, press: KeyPress) -> bool:
        """Take what is known of a press; False where it is a new one and too many wait."""
        if press.new:
            if len(self._tones) >= _MOST:
                return False
            self._tones.append(_Tone(press.key, press.ms, press.ended))
            self._clock.subscribe(self._tick)
        elif self._tones and self._tones[-1].key == press.key:
            tone = self._tones[-1]
            tone.held_ms, tone.ended, tone.news_ms = press.ms, press.ended, tone.played_ms
        return True

    def stop(self) -> None:
        """Play no more."""
        self._tones.clear()
        self._pause_ms = 0
        self._clock.unsubscribe(self._tick)

    def _tick(self, now: float) -> None:
        if self._waits():
            return
        if self._pause_ms > 0:
            self._pause_ms -= FRAME_MS
            self._send(encode(bytes(self._codec.rate * FRAME_MS // 1000 * 2), self._codec))
            return
        tone = self._tones[0]
        begun, tone.played_ms = tone.played_ms, tone.played_ms + FRAME_MS
        last = self._is_over(tone)
        self._send(encode(tone_frame(tone.key, begun, self._codec.rate, last=last), self._codec))
        if last:
            self._tones.popleft()
            if self._tones:
                self._pause_ms = _PAUSE_MS
            else:
                self._clock.unsubscribe(self._tick)

    def _is_over(self, tone: _Tone) -> bool:
        """True once this much of a tone is enough."""
        if tone.played_ms < _SHORTEST_MS:
            return False
        if tone.ended or len(self._tones) > 1:
            return tone.played_ms >= tone.held_ms
        return tone.played_ms - tone.news_ms >= _SILENT_ROAD_MS
