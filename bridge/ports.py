"""What a call needs of the outside, as small protocols that the other packages implement.

Imports go one way (signaling → telephony → bridge), so everything a call talks to is named here
and handed in by the composition root.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

FRAME_MS = 20
"""Length of every audio frame in the product, in milliseconds."""

Speaker = Literal["caller", "bot", "human", "agent", "system"]
Delivery = Literal["local", "pending", "delivered", "failed"]
DeliveryNote = Literal["uncertain", "refused", "dropped"]
"""Why a delivery failed: it may have arrived, was refused for good, or was given up by hand."""


class Codec(enum.Enum):
    """Encoding of a leg's audio; `frame_bytes` is the size of one 20 ms frame."""

    PCMU = ("pcmu", 8000, 160)
    PCMA = ("pcma", 8000, 160)
    L16_8K = ("l16", 8000, 320)
    L16_16K = ("l16", 16000, 640)
    L16_24K = ("l16", 24000, 960)

    def __init__(self, encoding: str, rate: int, frame_bytes: int) -> None:
        self.encoding = encoding
        self.rate = rate
        self.frame_bytes = frame_bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and which conversation it belongs to; missing ids are generated (UUID v4)."""

    call_id: str
    thread_id: str
    crm_id: str
    channel_id: str
    provider: str
    number: str = ""
    name: str | None = None


class Line(Protocol):
    """A phone provider's stream as the caller's leg. No method blocks; all but `hang_up` are sync."""

    codec: Codec
    paced: bool
    """True where frames are played as they come, in real time; False for a phone that fetches whole replies:
    speech then comes as fast as it is made, and no hold audio."""

    def send_audio(self, payload: bytes) -> None:
        """Queue one 20 ms frame in `codec` (exactly `codec.frame_bytes` bytes) for the caller.

        The queue is bounded; when the provider reads too slowly the oldest frame is dropped and counted.
        """

    def clear(self) -> None:
        """Drop what the provider and our own queue still hold unplayed."""

    def mark(self, name: str) -> None:
        """Ask the provider to say when everything sent before has been played or cleared."""

    async def hang_up(self) -> None:
        """End the caller's leg. Idempotent; returns once nothing more will be sent."""


@runtime_checkable
class PolledLine(Line, Protocol):
    """A line that is not paced: what a program wants to have said waits for the phone's next poll."""

    def inject(self, text: str, name: str | None = None) -> None:
        """Queue `text`, in the `name` of whoever says it, as the answer to one of the next polls, in order.

        The caller's words of that poll are not listened to. Raises BridgeError where too many wait.
        """


class LineListener(Protocol):
    """The call, as a line sees it. Called on the event loop; never blocks, never raises."""

    def on_audio(self, payload: bytes) -> None:
        """One 20 ms frame from the caller, exactly `line.codec.frame_bytes` bytes."""

    def on_mark(self, name: str) -> None:
        """The provider echoed a mark of ours."""

    def on_dtmf(self, digit: str) -> None:
        """The caller pressed a key: one of 0-9 * # A-D."""

    def on_closed(self, reason: Literal["caller_hung_up", "line_lost"]) -> None:
        """The leg is gone for good; nothing follows. Called at most once."""


class CallAcceptor(Protocol):
    """Turns a line whose identity is known into a call."""

    def __call__(self, line: Line, caller: Caller) -> LineListener:
        """Start a call on `line`. Raises BridgeError (`over_capacity`, `shutting_down`) when refused."""


class Urgency(enum.IntEnum):
    """Order in which speech work is served; partials are dropped first, finals never.

    LATE is the text of what could not be recognised in its time: it comes after everything that is wanted
    live but before partials, which only tell sooner what a final will say anyway.
    """

    TURN = 0
    FINAL = 1
    LATE = 2
    PARTIAL = 3


class Hearing(Protocol):
    """One utterance on its way to its text. All but `finish` are synchronous and never block."""

    urgency: Urgency
    """TURN while somebody waits for the words, else FINAL; may change while the utterance is spoken."""

    def feed(self, pcm: bytes) -> None:
        """More of the utterance (s16le mono), as it is spoken."""

    def pause(self, pcm: bytes) -> None:
        """The speaker pauses; `pcm` is the whole utterance if it ends here."""

    def resume(self) -> None:
        """The speaker goes on: the last pause was not the end."""

    async def finish(self, pcm: bytes) -> str:
        """The text of `pcm`, the whole utterance, stripped; "" where nothing was said; ends the hearing.

        `pcm` may end before what was fed last. Raises SpeechUnavailable when the engine cannot answer.
        """

    def cancel(self) -> None:
        """Give the utterance up. Idempotent; does nothing after `finish`."""


class SpeechStream(Protocol):
    """Recognises one leg, utterance by utterance, while it is spoken."""

    def hear(self, pcm: bytes, *, urgency: Urgency, on_partial: Callable[[str], None]) -> Hearing:
        """An utterance began with `pcm` (s16le mono); `on_partial` gets what is understood so far."""

    def close(self) -> None:
        """No utterance begins any more; those that are open are still answered. Idempotent."""


class SpeechToText(Protocol):
    """Recognises speech off the event loop: in a process of its own, or in a vendor's cloud."""

    @property
    def ready(self) -> bool:
        """True while a recogniser is loaded and answering."""

    def stream(self, rate: int) -> SpeechStream:
        """A stream for the utterances of one leg at `rate` Hz; returns at once."""

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """Text of `pcm` (s16le mono at `rate` Hz), stripped; "" where nothing was said.

        Raises SpeechUnavailable when the engine cannot answer, or where more is waiting than it can do in
        a reasonable time; a PARTIAL may raise Shed under load.
        """


class TextToSpeech(Protocol):
    """Speaks text, in a process of its own."""

    @property
    def ready(self) -> bool:
        """True while a voice is loaded and answering."""

    def speak(self, text: str, *, rate: int) -> AsyncGenerator[bytes, None]:
        """Yield s16le mono chunks at `rate` Hz, the first as early as possible.

        Closing the iterator early cancels what is not yet synthesised. Raises SpeechUnavailable.
        """


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it has its place in the thread. Times are aware UTC datetimes.

    `late`: known to come after what was said later; the store finds that out by itself within one call.
    """

    id: str
    thread_id: str
    call_id: str
    speaker: Speaker
    text: str
    started_at: datetime
    ended_at: datetime
    name: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance in a thread. `seq` is dense from 1 in a thread; a partial has seq 0 and final False.

    `late`: something that was said later stands before it; `started_at` is the true one.
    """

    id: str
    thread_id: str
    call_id: str
    seq: int
    speaker: Speaker
    name: str | None
    text: str
    final: bool
    started_at: datetime
    ended_at: datetime
    delivery: Delivery = "local"
    late: bool = False
    delivery_note: DeliveryNote | None = None


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """One row of the newest-threads list."""

    thread_id: str
    crm_id: str
    channel_id: str
    number: str
    last_at: datetime
    message_count: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CallRow:
    """What is kept of a call. `view` is the last CallView as the outside saw it (JSON-ready)."""

    call_id: str
    thread_id: str
    started_at: datetime
    ended_at: datetime | None
    view: dict[str, object] = field(default_factory=dict)


class DeferredAudio(Protocol):
    """Keeps speech that cannot be recognised now, and has its text written later. Nothing here blocks."""

    def keep(self, utterance: Draft, pcm: bytes, rate: int, why: str) -> None:
        """Keep `pcm` (s16le mono at `rate` Hz) of `utterance`, whose message will have its id and times.

        `why`: a sentence for the thread's readers.
        """

    def behind_s(self, call_id: str) -> float:
        """Age of the oldest speech of this call that is kept, in seconds since it ended; 0 where none is."""

    async def settle(self, call_id: str, timeout_s: float) -> None:
        """The call is over: return once it has nothing kept any more, at most `timeout_s` seconds later."""


class ThreadStore(Protocol):
    """Keeps threads and calls. Every method commits before it returns and raises StoreUnavailable."""

    async def open_thread(self, caller: Caller) -> None:
        """Create or refresh the thread's row with the caller's ids and number."""

    async def append(self, draft: Draft) -> Message:
        """Give `draft` the thread's next seq and commit it, with an outbox row where alive5 is on.

        Appending the same draft id again returns the message already stored.
        """

    async def messages(
        self, thread_id: str, *, after_seq: int = 0, limit: int | None = None
    ) -> list[Message] | None:
        """Messages with seq > `after_seq` in order (the first `limit`), or None for an unknown thread."""

    async def threads(self, *, limit: int, matching: str = "") -> list[ThreadSummary]:
        """The newest threads first; only those with `matching` in their id, number or name, case aside."""

    async def save_call(self, row: CallRow) -> None:
        """Insert or replace a call's row."""

    async def load_call(self, call_id: str) -> CallRow | None:
        """The call's row, or None."""

    async def reconcile_calls(self, now: datetime) -> list[str]:
        """End every call that a dead process left open; returns their ids."""
