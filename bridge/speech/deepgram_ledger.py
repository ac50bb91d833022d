"""What of a leg's audio was sent to Deepgram, what it has answered, and for which utterance. Sans-IO.

Places are bytes and times seconds in the audio of the leg's utterances, one behind the other. Deepgram
counts from the beginning of each connection; a new one begins with the audio that has no final result yet.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from bridge.speech.deepgram_results import Result

_CHUNK_MS = 100
_BURST_S = 1
MOST_S = 60
"""Seconds of audio that are kept while Deepgram does not take them."""

_UTTERANCES = 8
"""As many may still get words; no more are ever open at once."""

_JOINT_S = 4
"""An utterance that was cut goes on with less than this of what was heard before."""

FINALIZE = b"finalize"
"""What `take_next` says where the final result of everything sent is to be asked for."""


class Utterance(Protocol):
    """One utterance that gets words."""

    start: int
    until: float
    goes_on: bool
    over: bool
    flushed_at: int | None

    def take(self, result: Result) -> None:
        """A result may hold words of this utterance."""

    def forget_interim(self) -> None:
        """The connection is lost: what was not final will be heard again."""

    def lose(self) -> None:
        """Its audio could not be kept."""

    def wake(self) -> None:
        """Something has changed."""


class Ledger:
    """The audio of one leg at `rate` Hz, s16le mono."""

    def __init__(self, rate: int) -> None:
        self._rate, self._second = rate, rate * 2
        self._kept = bytearray()
        self._kept_from = 0
        """Place of the first byte that is kept, to be sent again."""
        self._joint = bytearray()
        self._utterances: deque[Utterance] = deque(maxlen=_UTTERANCES)
        self._live = False
        self._offset = self._sent = 0
        self._flushes: deque[int] = deque()
        self._asked: deque[int] = deque(maxlen=_UTTERANCES)
        self._final_to = self._flushed_to = 0.0

    @property
    def settled(self) -> float:
        """Up to here nothing will change any more."""
        return max(self._final_to, self._flushed_to)

    @property
    def offset_s(self) -> float:
        """Where the present connection began."""
        return self._offset / self._second

    @property
    def open(self) -> list[Utterance]:
        """The utterances that still wait for words."""
        return [utterance for utterance in self._utterances if not utterance.over]

    @property
    def end(self) -> int:
        """Place behind the last audio."""
        return self._kept_from + len(self._kept)

    def place(self, pcm: bytes) -> tuple[int, bool]:
        """Where an utterance that begins with `pcm` starts, and whether all of that is recorded already.

        It is where the last utterance was cut: then its rest belongs to the new one.
        """
        joint = bool(pcm) and self._joint.endswith(pcm)
        return (self.end - len(pcm) if joint else self.end), joint

    def begin(self, utterance: Utterance) -> None:
        """A new utterance: words from its start on belong to it."""
        if self._utterances:
            before = self._utterances[-1]
            before.until, before.goes_on = utterance.start / self._second, utterance.start < self.end
        self._joint.clear()
        if not self._live:
            self._forget(min(self._unanswered(), default=self.end))
        self._utterances.append(utterance)

    def record(self, pcm: bytes) -> bool:
        """More audio of the newest utterance. False where too much waits: then the others are lost."""
        self._kept += pcm
        self._joint += pcm
        del self._joint[: -_JOINT_S * self._second]
        if len(self._kept) <= MOST_S * self._second:
            return True
        for utterance in self.open[:-1]:
            utterance.lose()
        self._forget(self._utterances[-1].start)
        self._sent = max(self._sent, self._kept_from)
        return False

    def flush(self) -> int:
        """Ask for the final result of everything recorded so far; returns its place."""
        if self._live:
            self._flushes.append(self.end)
        return self.end

    def connected(self) -> None:
        """Start where the oldest utterance that is open has no final result yet."""
        self._forget(min(self._unanswered(), default=self.end))
        self._live = True
        self._sent = self._offset = self._kept_from
        self._asked.clear()
        places = {each.flushed_at for each in self.open if each.flushed_at is not None}
        self._flushes = deque(sorted(place for place in places if place >= self._sent))

    def disconnected(self) -> None:
        """What was not final is not known any more."""
        self._live = False
        for utterance in self.open:
            utterance.forget_interim()

    def take_next(self) -> bytes | None:
        """What is to be sent now: audio, FINALIZE, or nothing yet."""
        self._forget(min(self._sent, *self._unanswered(), self.end))
        stop = self._flushes[0] if self._flushes else self.end
        last = min(stop, self._sent + _BURST_S * self._second)
        audio = bytes(self._kept[self._sent - self._kept_from : max(0, last - self._kept_from)])
        if audio and (self._flushes or len(audio) >= _CHUNK_MS * self._second // 1000):
            self._sent += len(audio)
            return audio
        if self._flushes and not audio:
            self._asked.append(self._flushes.popleft())
            return FINALIZE
        return None

    def take(self, result: Result) -> None:
        """Deepgram has answered."""
        for utterance in self._utterances:
            utterance.take(result)
        if result.final:
            self._final_to = max(self._final_to, result.end)
        if result.flushed and self._asked:
            # One answer may stand for several questions, and says by its end for which.
            reached = self._asked.popleft()
            while self._asked and self._asked[0] / self._second <= result.end:
                reached = self._asked.popleft()
            self._flushed_to = max(self._flushed_to, reached / self._second)
        self.tell()

    def tell(self) -> None:
        """Wake whoever waits for words."""
        for utterance in self._utterances:
            utterance.wake()

    def _unanswered(self) -> list[int]:
        """Where the audio begins that each open utterance has no final result for."""
        final = int(self._final_to * self._rate) * 2
        return [max(utterance.start, final) for utterance in self.open]

    def _forget(self, before: int) -> None:
        count = min(max(0, before - self._kept_from), len(self._kept))
        del self._kept[:count]
        self._kept_from += count
