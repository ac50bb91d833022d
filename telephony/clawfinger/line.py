"""The caller's leg of a phone that fetches its sound reply by reply."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.ports import FRAME_MS, Codec, LineListener
from bridge.speech.segmenter import Segmenter, SpeechStarted, UtteranceEnded

_MOST_FRAMES = 90_000 // FRAME_MS
_MOST_INJECTS = 20
MAX_INJECT = 2000
"""Characters of one text that is put in."""
_GAP = 200 // FRAME_MS
"""Silence between what a person said live and what follows, in frames."""


class TurnLine:
    """A `bridge.ports.Line` that gathers what is sent until `fetch`.

    At most 90 s wait; beyond that the oldest frames are dropped and counted in `counters`. What was
    gathered stands in the thread as said, and is heard with the next reply: `clear` drops nothing of it.
    """

    codec = Codec.L16_8K
    paced = False

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self.live: Callable[[], bool] = lambda: False
        """True while frames are a person's voice as it comes: of that only speech is gathered."""
        self.on_gathered: Callable[[], None] = lambda: None
        self.listener: LineListener | None = None
        self.closed = False
        self._frames: deque[bytes] = deque()
        self._injects: deque[tuple[str, str | None]] = deque()
        self._segmenter = Segmenter(self.codec.rate)
        self.person_speaking = False
        self.person_spoke = False
        """True where a person's voice is among what was gathered."""

    # -- Line --

    def send_audio(self, payload: bytes) -> None:
        """See Line."""
        if self.live():
            self._hear_person(payload)
        else:
            self._gather(payload)

    def clear(self) -> None:
        """See Line; nothing here is unplayed that is not to be heard."""

    def mark(self, name: str) -> None:
        """See Line. What was sent is as good as played: it is heard with the next reply."""
        asyncio.get_running_loop().call_soon(self._marked, name)

    async def hang_up(self) -> None:
        """See Line. The app learns it from the answer to its next turn."""
        self.closed = True
        self.on_gathered()

    # -- the phone's session --

    def inject(self, text: str, name: str | None = None) -> None:
        """Say `text`, in an agent's `name`, in answer to the next turn, whatever is said in it; one a turn.

        Raises BridgeError: `bad_request` for a text that is empty or longer than 2000 characters, `busy`
        where 20 wait, `gone` where the call is over.
        """
        if self.closed:
            raise BridgeError("This call is over.", code="gone")
        text = " ".join(text.split())
        if not 0 < len(text) <= MAX_INJECT:
            raise BridgeError(f"The text must have 1 to {MAX_INJECT} characters.", code="bad_request")
        if len(self._injects) >= _MOST_INJECTS:
            raise BridgeError(f"{_MOST_INJECTS} texts wait for this phone already.", code="busy")
        self._injects.append((text, name))

    def next_inject(self) -> tuple[str, str | None] | None:
        """The text that has waited longest and in whose name; it is then not waiting any more."""
        return self._injects.popleft() if self._injects else None

    def forget_injects(self) -> None:
        """Nothing that waits is to be said any more."""
        self._injects.clear()

    def fetch(self) -> bytes:
        """What was gathered since the last fetch: s16le mono at 8 kHz."""
        pcm = b"".join(self._frames)
        self._frames.clear()
        self.person_spoke = False
        return pcm

    @property
    def gathered(self) -> bool:
        """True where there is something to fetch."""
        return bool(self._frames)

    def _marked(self, name: str) -> None:
        if self.listener is not None and not self.closed:
            self.listener.on_mark(name)

    def _hear_person(self, payload: bytes) -> None:
        for event in self._segmenter.push(payload):
            if isinstance(event, SpeechStarted):
                self.person_speaking = True
            elif isinstance(event, UtteranceEnded):
                self.person_speaking, self.person_spoke = False, True
                size = self.codec.frame_bytes
                for at in range(0, len(event.pcm), size):
                    self._gather(event.pcm[at : at + size])
                for _ in range(_GAP):
                    self._gather(bytes(size))
                self.on_gathered()

    def _gather(self, payload: bytes) -> None:
        if len(self._frames) >= _MOST_FRAMES:
            self._frames.popleft()
            self.counters["dropped"] += 1
        self._frames.append(payload)
