"""What the caller is played by us: speech with an end, or hold audio without one."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.media.clock import MediaClock
from bridge.media.frame import Frame, encode, mix
from bridge.ports import FRAME_MS, Line

SPEECH_LEAD = 0.080
"""Seconds that speech may run ahead of real time, so that a cut is quick even before the clear arrives."""
HOLD_LEAD = 0.040
_BUFFERED_MOST = 2000 // FRAME_MS
_LIVE_MOST = 3
_STARVED = 1.0
"""Seconds without the rest of a sentence after which hold audio, where it is on, fills the silence."""
_PERIOD = FRAME_MS / 1000


@dataclass(frozen=True, slots=True)
class Played:
    """How a stretch of speech ended.

    `heard_ms`: what the caller heard of it; `total_ms`: what there was, or where `complete` is False what
    had been synthesised by the time of the cut.
    """

    heard_ms: int
    total_ms: int
    cut: bool
    complete: bool


class Playout:
    """Paces speech and hold audio to one line. All methods belong to the event loop."""

    def __init__(self, line: Line, clock: MediaClock) -> None:
        self._line = line
        self._clock = clock
        self._codec = line.codec
        self._speech: deque[bytes] = deque()
        self._room = asyncio.Event()
        self._over: asyncio.Future[None] | None = None
        self._complete = False
        self._hold: Sequence[bytes] = ()
        self._hold_at = 0
        self._until = 0.0
        self._live: deque[Frame] = deque(maxlen=_LIVE_MOST)
        self._first: Callable[[], None] | None = None
        self._begun = False
        self._spoke_at = self._speech_until = 0.0
        self._total = 0
        self.last = Played(0, 0, cut=False, complete=True)
        """How the stretch of speech before this one, or the one just cut, ended."""
        self.sent = 0
        self.last_sent: float | None = None
        """Monotonic time at which the last frame of ours went out."""

    @property
    def speaking(self) -> bool:
        """True from the beginning of a stretch, its first sound yet to be made, until its end was heard."""
        return self._over is not None

    @property
    def sounding(self) -> bool:
        """True while frames of speech are to come; a live voice has to be mixed into them.

        Once the last one is out, live frames follow it by themselves.
        """
        return self._over is not None and self._begun and not (self._complete and not self._speech)

    @property
    def active(self) -> bool:
        """True while anything of ours is on the line."""
        return self.speaking or bool(self._hold)

    def adopt(self, line: Line) -> None:
        """Play to another stream in the same encoding from the next frame on."""
        self._line = line

    async def play(self, chunks: AsyncIterator[bytes], on_first: Callable[[], None] | None = None) -> Played:
        """Play s16le mono chunks at the line's rate to the end; returns early where `cut` is called.

        `on_first` is called in the slot of the first frame. One stretch at a time; raises RuntimeError.
        """
        if self._over is not None:
            raise RuntimeError("one stretch of speech at a time")
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over, self._complete, self._first = over, False, on_first
        self._begun, self._total = False, 0
        try:
            stretch = _frames(chunks, self._codec.frame_bytes * self._pcm_ratio())
            while (frames := await _before(over, stretch)) is not None:
                self._total += len(frames)
                self._speech.extend(encode(pcm, self._codec) for pcm in frames)
                self._clock.subscribe(self._tick)
                while len(self._speech) > _BUFFERED_MOST and not over.done():
                    self._room.clear()
                    await self._room.wait()
            self._complete = True
            if not self._total:
                self._end_speech(cut=False)
            await over
            return self.last
        finally:
            if self._over is over:
                self._end_speech(cut=True)
                self._flush()

    def hold(self, frames: Sequence[bytes]) -> None:
        """Play `frames` over and over whenever there is no speech, until `cut` or `stop_hold`.

        Where they are playing already they go on without a jump.
        """
        if frames is not self._hold:
            self._hold, self._hold_at = frames, 0
        self._clock.subscribe(self._tick)

    def stop_hold(self) -> None:
        """Play no more hold audio; what the provider has of it is dropped, speech is not touched."""
        if self._hold:
            self._hold = ()
            if not self.speaking:
                self._flush()

    def cut(self) -> bool:
        """End everything at once and drop what the provider has of it; False where nothing was playing."""
        if not self.active:
            return False
        self._hold = ()
        self._end_speech(cut=True)
        self._flush()
        return True

    def cut_speech(self) -> bool:
        """End the speech at once, and nothing else; False where there was none."""
        if not self.speaking:
            return False
        self._end_speech(cut=True)
        self._flush()
        return True

    def mix_in(self, frame: Frame) -> None:
        """A live frame that is to be heard together with the speech being played."""
        self._live.append(frame)

    def _flush(self) -> None:
        self._line.clear()
        self._until = 0.0

    def _end_speech(self, *, cut: bool) -> None:
        over = self._over
        if over is None:
            return
        unheard = len(self._speech) * FRAME_MS
        if cut and self._begun:
            unheard += max(0, round((self._until - time.monotonic()) * 1000))
        total = self._total * FRAME_MS
        self.last = Played(max(0, total - unheard), total, cut, self._complete)
        self._over = None
        self._speech.clear()
        self._live.clear()
        if not over.done():
            over.set_result(None)
        self._room.set()

    def _tick(self, now: float) -> None:
        self._until = max(self._until, now)
        while True:
            speech = bool(self._speech)
            # Half a frame of tolerance: the lead is a whole number of ticks, and by exact comparison the
            # clock's own jitter would send none in one slot and two in the next.
            ahead = self._until - now > (SPEECH_LEAD if speech else HOLD_LEAD) - _PERIOD / 2
            if ahead and self._line.paced:
                break
            payload = self._next(now)
            if payload is None:
                break
            if speech and not self._begun:
                self._begun = True
                if self._first is not None:
                    self._first()
            self._line.send_audio(payload)
            self._until += _PERIOD if self._line.paced else 0.0
            if speech:
                self._speech_until = self._until
            self.last_sent = now
            self.sent += 1
        told = self._complete and not self._speech and self._speech_until - now < _PERIOD
        if self._over is not None and told:
            self._end_speech(cut=False)
        if not self.active:
            self._clock.unsubscribe(self._tick)

    def _next(self, now: float) -> bytes | None:
        if self._speech:
            if len(self._speech) <= _BUFFERED_MOST:
                self._room.set()
            payload = self._speech.popleft()
            self._spoke_at = now
            if self._live:
                live = self._live.popleft()
                return Frame.of_pcm(mix(Frame(self._codec, payload).pcm, live.pcm), self._codec).payload
            return payload
        if self._live and self.sounding:
            # The rest of the sentence is not there yet: the live voice goes on by itself.
            return self._live.popleft().to(self._codec)
        if self._hold and self._line.paced and not (self.sounding and now - self._spoke_at < _STARVED):
            payload = self._hold[self._hold_at]
            self._hold_at = (self._hold_at + 1) % len(self._hold)
            return payload
        return None

    def _pcm_ratio(self) -> int:
        return 1 if self._codec.encoding == "l16" else 2


async def _before(
    over: asyncio.Future[None], stretch: AsyncGenerator[list[bytes], None]
) -> list[bytes] | None:
    """The next frames, or None where there are no more or `over` comes first."""
    if over.done():
        return None
    coming: asyncio.Future[list[bytes] | None] = asyncio.ensure_future(anext(stretch, None))
    either: set[asyncio.Future[Any]] = {coming, over}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return None if over.done() else await coming
    finally:
        if not coming.done():
            coming.cancel()
            await asyncio.wait({coming})


async def _frames(chunks: AsyncIterator[bytes], size: int) -> AsyncGenerator[list[bytes], None]:
    """Re-cut chunks of any length to frames of `size` bytes, the last padded with silence."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        cut = len(rest) - len(rest) % size
        if cut:
            yield [rest[at : at + size] for at in range(0, cut, size)]
            rest = rest[cut:]
    if rest:
        yield [rest.ljust(size, b"\0")]
