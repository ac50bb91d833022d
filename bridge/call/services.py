"""What every call of a process shares, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from bridge.bot.context import GlobalInstructions
from bridge.bot.llm import LanguageModel
from bridge.call.collected import KeepAnswer
from bridge.directory import Directory, Holder
from bridge.flow.nodes import Flow
from bridge.media.clock import MediaClock
from bridge.ports import DeferredAudio, SpeechToText, TextToSpeech, ThreadStore
from bridge.thread.log import ThreadLog

if TYPE_CHECKING:
    from bridge.call.call import Call

Withdrawal = Literal["caller_hung_up", "timed_out", "cancelled"]


class CallEvents(Protocol):
    """Who is told what happens to calls. Every method is called on the event loop and never blocks."""

    def call_changed(self, call: Call) -> None:
        """The call's view is another one now."""

    def call_offered(self, call: Call) -> None:
        """The call waits for an operator; `call.incoming_view()` says what they see."""

    def call_claimed(self, call: Call, holder: Holder) -> None:
        """Somebody has taken the call."""

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        """The call does not wait any more."""

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        """A turn with the bot or an agent: `turn.started`, `.transcript`, `.reply` and `.complete`."""

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        """Figures of the last second of a bridged call."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a call waits for people and machines."""

    ring: float = 45.0
    claim: float = 10.0
    """For an operator's audio after a claim, and for an operator who has dropped out."""
    silent_claim: float = 30.0
    """The same where the microphone sends, but only silence."""
    line_grace: float = 5.0
    """For a provider's stream that broke off without an end."""


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of a call."""

    clock: MediaClock
    directory: Directory
    stt: SpeechToText
    tts: TextToSpeech
    llm: LanguageModel | None
    flow: Flow
    log: ThreadLog
    store: ThreadStore
    events: CallEvents
    timing: Timing
    deferred: DeferredAudio | None = None
    farewell: Callable[[Call], Awaitable[None]] | None = None
    """Called once a call's transcript is complete."""
    instructions: GlobalInstructions = field(default_factory=GlobalInstructions)
    """How the language model behaves in every call."""
    keep_answer: KeepAnswer | None = None
    """Called with what the flow collects, as it is collected."""
