"""One call's way into its thread: keeps the order of speaking, and never makes the call wait.

Order. Messages are committed in the order in which their utterances *began*. A text that is known waits, at
most `patience_s`, for utterances that began earlier, have ended and are still being recognised; and only
`grace_s` for one that is still being spoken, which lets somebody finish who is just finishing. To wait for
all that is being said would hold an "okay" back for as long as the other side goes on. What was overtaken
keeps its true `startedAt`, takes the next seq when it comes, and is marked late by the store; nothing is
renumbered, since `seq` is already known outside. So open an utterance when it begins, not when its text is
there.

Times are read from `now`, one clock for the call that only rises.

Storage. Everything but `run` and `drain` returns at once. While the database fails, messages are kept in
memory, at most `capacity` of them, and retried in order; beyond that the oldest is dropped, counted and
logged.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from bridge.ports import DeferredAudio, Draft, Message, Speaker
from bridge.thread.card_guard import CardGuard
from bridge.thread.clock import CallClock
from bridge.thread.delivery import happens
from bridge.thread.errors import StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.sequencer import Sequencer

log = structlog.get_logger()

RECENT: Final = 200
MAX_OPEN: Final = 512
"""Utterances open at once, more than recognisers let wait; beyond it the oldest is given up."""

_PEOPLE: Final = ("caller", "human", "agent")

OPEN_SHARE: Final = 0.6
"""Share of `drain`'s time that open utterances get to be closed; the rest is for the database."""


class CallThread:
    """What is said in one call, on its way into the thread."""

    def __init__(
        self,
        log: ThreadLog,
        thread_id: str,
        call_id: str,
        *,
        deferred: DeferredAudio | None = None,
        patience_s: float = 4.0,
        grace_s: float = 0.3,
        capacity: int = 500,
    ) -> None:
        self.now = CallClock().now
        self._deferred = deferred
        self._log = log
        self._thread_id = thread_id
        self._call_id = call_id
        self._capacity = capacity
        self._sequencer: Sequencer[Draft] = Sequencer(patience_s=patience_s, grace_s=grace_s)
        self._open: dict[str, Draft] = {}
        self._ended: dict[str, float] = {}
        """When those that are being recognised ended, on the monotonic clock."""
        self._guard = CardGuard(log.mask_cards)
        self._withholds = False
        self._withheld: set[str] = set()
        self._queue: deque[Draft] = deque()
        self._current: Draft | None = None
        self._recent: dict[str, Message] = {}
        self._dropped = 0
        self._hurry = self._stopped = False
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    def dropped(self) -> int:
        """Messages given up because the database failed for too long."""
        return self._dropped

    @property
    def unsaved(self) -> int:
        """Messages whose text is known and which are not committed yet."""
        waiting = len(self._sequencer.waiting()) + len(self._guard) + len(self._queue)
        return waiting + (self._current is not None)

    def clean(self, text: str) -> str:
        """`text` of a person's without the card numbers in it, where they are to be masked."""
        return self._log.clean(text, heard=True)

    def withhold(self, on: bool) -> None:
        """Whether what people say from now on is left out; utterances that are open already are not."""
        self._withholds = on

    def withheld(self, utterance_id: str) -> bool:
        """True for an utterance that is left out, until it is closed."""
        return utterance_id in self._withheld

    @property
    def behind_s(self) -> float:
        """Age of the oldest speech of this call that has ended and has no text yet, in seconds."""
        age = time.monotonic() - min(self._ended.values()) if self._ended else 0.0
        return max(age, self._deferred.behind_s(self._call_id) if self._deferred else 0.0)

    def open(self, speaker: Speaker, name: str | None, started_at: datetime) -> str:
        """Somebody began to speak; returns the utterance's id, which its message will have."""
        if self._withholds and speaker in _PEOPLE:
            self._withheld.add(utterance_id := str(uuid.uuid4()))
            return utterance_id
        if len(self._open) >= MAX_OPEN:
            self._give_up(self._sequencer.opened()[0])
        draft = Draft(
            id=str(uuid.uuid4()),
            thread_id=self._thread_id,
            call_id=self._call_id,
            speaker=speaker,
            text="",
            started_at=started_at,
            ended_at=started_at,
            name=name,
        )
        self._open[draft.id] = draft
        self._sequencer.open(draft.id, started_at)
        return draft.id

    def partial(self, utterance_id: str, text: str) -> None:
        """Show what is understood so far; ignored once the utterance is closed, or if nothing changed."""
        draft = self._open.get(utterance_id)
        if draft is None or draft.text == text:
            return
        draft = replace(draft, text=text, ended_at=max(self.now(), draft.started_at))
        self._open[utterance_id] = draft
        self._log.partial(replace(draft, text=self._guard.partial(draft, time.monotonic())))

    def ended(self, utterance_id: str, ended_at: datetime) -> None:
        """Nothing more is said in this utterance; its text is being made out."""
        if (draft := self._open.get(utterance_id)) is not None and utterance_id not in self._ended:
            self._open[utterance_id] = replace(draft, ended_at=max(ended_at, draft.started_at))
            self._ended[utterance_id] = time.monotonic()
            self._sequencer.ended(utterance_id)
            self._wake.set()

    def close(self, utterance_id: str, text: str, ended_at: datetime) -> None:
        """The utterance's final text; "" discards it. Closing again, or an unknown id, does nothing.

        `ended_at` is for utterances that were not said to have `ended`.
        """
        self._withheld.discard(utterance_id)
        if utterance_id in self._open:
            self._end(utterance_id, text, ended_at)

    def defer(self, utterance_id: str, pcm: bytes, rate: int, why: str) -> None:
        """The utterance, which has ended, cannot be recognised now: its text comes late, from its audio.

        `pcm`: s16le mono; `why`: a sentence for the thread's readers. Once it is closed this does nothing.
        """
        self._withheld.discard(utterance_id)
        if (opened := self._open.get(utterance_id)) is None:
            return
        self._end(utterance_id, "", opened.ended_at)
        if self._deferred is None:
            self.system(f"{len(pcm) / 2 / rate:.0f} s of speech could not be transcribed.")
        else:
            self._deferred.keep(replace(opened, text=""), pcm, rate, why)

    def say(
        self, speaker: Speaker, text: str, started_at: datetime, ended_at: datetime, name: str | None = None
    ) -> str:
        """An utterance whose text is known already; returns its id."""
        utterance_id = self.open(speaker, name, started_at)
        self.close(utterance_id, text, ended_at)
        return utterance_id

    def system(self, text: str) -> str:
        """A note that nobody spoke, placed now; returns its id."""
        now = self.now()
        return self.say("system", text, now, now)

    def recall(self, messages: Iterable[Message]) -> None:
        """Let `recent` begin with these, the thread's from before this call, in order of seq."""
        own, self._recent = self._recent, {}
        for message in (*messages, *own.values()):
            self._remember(message)

    def recent(self, n: int) -> list[Message]:
        """The last `n` (at most 200) messages of this call that are committed, in order of seq."""
        return list(self._recent.values())[-n:] if n > 0 else []

    async def settle(self, timeout_s: float) -> None:
        """Wait, at most `timeout_s` seconds, until every text that is known so far is committed."""
        await self._wait_until_empty(None, time.monotonic() + timeout_s)

    async def run(self) -> None:
        """Commit what is said until `drain` is done or the call's task group cancels this. Runs once."""
        unsubscribe = self._log.subscribe(self._thread_id, self._refresh)
        try:
            while not self._stopped:
                self._wake.clear()
                self._collect()
                if self._current is None and self._queue:
                    self._current = self._queue.popleft()
                if self._current is None:
                    await happens(self._wake, self._until_due())
                else:
                    await self._commit(self._current)
        finally:
            unsubscribe()
            self._stopped = True
            self._changed.set()
            if self.unsaved:
                self._log.dropped += self.unsaved
                log.error("thread.unsaved", call_id=self._call_id, count=self.unsaved)

    async def drain(self, timeout_s: float) -> int:
        """End: wait until everything said is committed, at most `timeout_s` seconds; returns what is not.

        Open utterances may still be closed meanwhile; one that is not keeps its last partial as its text.
        `run` returns afterwards.
        """
        now = time.monotonic()
        self._hurry = True
        self._wake.set()
        await self._wait_until_empty(self._open, now + timeout_s * OPEN_SHARE)
        for utterance_id in self._sequencer.opened():
            self._end(utterance_id, self._open[utterance_id].text, self.now())
        await self._wait_until_empty(None, now + timeout_s)
        self._stopped = True
        self._wake.set()
        return self.unsaved

    def _give_up(self, utterance_id: str) -> None:
        """Close an utterance that nobody closes with what is known of it, and say where that is nothing."""
        log.error("thread.utterance_never_closed", call_id=self._call_id, message_id=utterance_id)
        draft = self._open[utterance_id]
        self._end(utterance_id, f"{draft.text} …" if draft.text else "", self.now())
        if not draft.text and draft.speaker in _PEOPLE:
            who = "operator" if draft.speaker == "human" else draft.speaker
            self.system(f"Something that the {who} said could not be transcribed.")

    def _end(self, utterance_id: str, text: str, ended_at: datetime) -> None:
        opened = self._open.pop(utterance_id)
        if self._ended.pop(utterance_id, None) is not None:
            ended_at = opened.ended_at
        final = replace(opened, text=text, ended_at=max(ended_at, opened.started_at)) if text else None
        if final is None and opened.text:
            self._log.partial(replace(opened, text=""))
        self._sequencer.close(utterance_id, final, time.monotonic())
        self._collect()
        self._wake.set()
        self._changed.set()

    def _collect(self) -> None:
        """Queue what the sequencer releases; where the database has failed for too long, drop the oldest."""
        now = time.monotonic()
        for draft in self._sequencer.release(now):
            self._guard.push(draft, now)
        if self._hurry and not self._open:
            now = math.inf
        self._queue.extend(self._guard.release(now, self._speaking))
        while len(self._queue) > self._capacity:
            lost = self._queue.popleft()
            self._dropped += 1
            self._log.dropped += 1
            log.error(
                "thread.message_dropped", call_id=self._call_id, message_id=lost.id, dropped=self._dropped
            )

    async def _commit(self, draft: Draft) -> None:
        """Commit `draft`, retrying while the database fails and the call still wants it."""
        failures = 0
        while not self._stopped:
            try:
                message = await self._log.append(draft)
            except StoreUnavailable as error:
                if not failures:
                    log.warning("thread.store_unavailable", call_id=self._call_id, error=error.message)
                failures += 1
                await self._back_off(failures)
                continue
            if failures:
                log.info("thread.store_back", call_id=self._call_id, failures=failures)
            self._current = None
            self._remember(message)
            self._changed.set()
            return

    async def _back_off(self, failures: int) -> None:
        """Wait 0.1 s, doubling to 5 s, less some jitter; a drain cuts it short and then hurries."""
        delay = min(0.1 * 2 ** min(failures - 1, 8), 0.25 if self._hurry else 5.0)
        hurried = self._hurry
        end = time.monotonic() + delay * random.uniform(0.5, 1.0)
        while not self._stopped and hurried == self._hurry and (left := end - time.monotonic()) > 0:
            self._wake.clear()
            await happens(self._wake, left)

    def _until_due(self) -> float | None:
        now = time.monotonic()
        deadlines = (self._sequencer.deadline(), self._guard.deadline(now, self._speaking))
        return min((max(0.0, due - now) for due in deadlines if due is not None), default=None)

    @property
    def _speaking(self) -> set[Speaker]:
        """Who is in the middle of an utterance."""
        return {draft.speaker for draft in self._open.values()}

    async def _wait_until_empty(self, opened: dict[str, Draft] | None, deadline: float) -> None:
        """Wait until `opened` is (None: until nothing is unsaved), `run` has ended, or `deadline` is past."""
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                while not self._stopped and (self.unsaved if opened is None else opened):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass

    def _remember(self, message: Message) -> None:
        self._recent[message.id] = message
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def _refresh(self, message: Message) -> None:
        """Take over a message's new delivery, and a text of this call that others have committed."""
        if message.id in self._recent:
            self._recent[message.id] = message
        elif message.final and message.call_id == self._call_id:
            self._remember(message)
