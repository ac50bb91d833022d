"""A call that waits for an operator: who is wanted and why, how long, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bridge.bot.bot import HandoffWish
from bridge.bot.llm import LanguageModel
from bridge.bot.summary import summarise
from bridge.directory import Holder
from bridge.ports import Message
from bridge.thread.writer import CallThread

DEFAULT_QUEUE = "default"
_SETTLE = 0.5
_MOST_ROUNDS = 4
_MOST_HISTORY = 60


@dataclass(slots=True)
class Offer:
    """One round of ringing. `sent` once the operators have been told; it expires from then on."""

    requested_at: datetime
    expires_at: datetime
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Decline:
    """An operator who leaves the call to the others; `reason` "" where none was given."""

    holder: Holder
    reason: str


class Handoff:
    """One wish for a person, through as many rounds of ringing as it takes."""

    def __init__(self, wish: HandoffWish, ring_timeout: float) -> None:
        self.wish = wish
        self.queue = wish.queue or DEFAULT_QUEUE
        self.requested_at = datetime.now(UTC)
        self.ring = ring_timeout
        if wish.timeout_s is not None:
            self.ring = min(ring_timeout, max(1.0, wish.timeout_s))
        self.summary: str | None = wish.summary
        self.offer: Offer | None = None
        self.rounds = 0
        self.declined: dict[str, Decline] = {}
        """Who is not to be rung again for this wish, by operator id."""

    @property
    def hopeless(self) -> bool:
        """True after so many claims that came to nothing that nobody will be heard."""
        return self.rounds >= _MOST_ROUNDS

    def ring_again(self) -> Offer:
        """A new round, with its own time to expire."""
        self.rounds += 1
        now = datetime.now(UTC)
        self.offer = Offer(now, now + timedelta(seconds=self.ring))
        return self.offer

    def sent(self, offer: Offer) -> None:
        """The operators are being told now."""
        offer.sent = True
        offer.expires_at = datetime.now(UTC) + timedelta(seconds=self.ring)

    async def prepare(
        self,
        thread: CallThread,
        collected: Callable[[], Mapping[str, str]],
        llm: LanguageModel | None,
    ) -> None:
        """Have a summary of all that was said up to the wish; takes at most 2.5 s, mostly none."""
        await thread.settle(_SETTLE)
        if self.summary is None:
            history: Sequence[Message] = thread.recent(_MOST_HISTORY)
            self.summary = await summarise(history, collected(), llm)
