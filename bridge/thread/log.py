"""The thread as the process sees it: what is committed is told to whoever listens, in that order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog

from bridge.ports import Draft, Message, ThreadStore
from bridge.thread.errors import StoreUnavailable
from bridge.thread.masking import mask

log = structlog.get_logger()

Listener = Callable[[Message], None]
"""Called on the event loop; must not block. The same id may come again: a partial's final, a new delivery."""


class ThreadLog:
    """Commits messages and tells subscribers: finals after their commit and in the order of seq.

    `mask_cards`: no card's number gets past here, be it to the store or to a subscriber.
    """

    def __init__(self, store: ThreadStore, *, mask_cards: bool = True) -> None:
        self.store = store
        self.mask_cards = mask_cards
        self.commit_failures = 0
        """Commits that the database refused; whoever asked tries them again."""
        self.dropped = 0
        """Messages that calls gave up because it refused them for too long."""
        self._listeners: dict[str | None, list[Listener]] = {}
        # Commit and telling are one step per thread: else a thread that two calls share could be told 6, 5,
        # and a viewer that came back with afterSeq=6 would miss 5. A lock lives while somebody needs it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def clean(self, text: str, *, heard: bool = False) -> str:
        """`text` as it may be stored and sent; `heard` where a recogniser wrote it."""
        return mask(text, heard=heard).text if self.mask_cards else text

    def _cleaned(self, draft: Draft) -> Draft:
        heard = draft.speaker not in ("bot", "system")
        return replace(draft, text=self.clean(draft.text, heard=heard))

    async def append(self, draft: Draft) -> Message:
        """Commit `draft`, tell subscribers, return the message. Raises StoreUnavailable.

        Safe to repeat after an error: the same draft id is stored once (though it may be told twice).
        """
        draft = self._cleaned(draft)
        message = await self.commit(draft.thread_id, lambda: self.store.append(draft))
        assert message is not None
        return message

    async def commit(self, thread_id: str, change: Callable[[], Awaitable[Message | None]]) -> Message | None:
        """Let `change` commit a message of this thread, if there is one, and tell subscribers of it."""
        lock = self._locks.get(thread_id)
        if lock is None:
            lock = self._locks[thread_id] = asyncio.Lock()
        async with lock:
            try:
                message = await change()
            except StoreUnavailable:
                self.commit_failures += 1
                raise
            if message is not None:
                self.tell(message)
        return message

    def partial(self, draft: Draft) -> None:
        """Tell subscribers what is being said; nothing is stored. `draft.id` is the id of the final to come.

        An empty text takes the partial back: nothing was said after all, no final follows.
        """
        draft = self._cleaned(draft)
        self.tell(
            Message(
                id=draft.id,
                thread_id=draft.thread_id,
                call_id=draft.call_id,
                seq=0,
                speaker=draft.speaker,
                name=draft.name,
                text=draft.text,
                final=False,
                started_at=draft.started_at,
                ended_at=draft.ended_at,
            )
        )

    def tell(self, message: Message) -> None:
        """Tell subscribers of `message` as it is now; a listener that raises is logged and passed over."""
        for key in (message.thread_id, None):
            for listener in tuple(self._listeners.get(key, ())):
                try:
                    listener(message)
                except Exception:
                    log.exception(
                        "thread.listener_failed", thread_id=message.thread_id, message_id=message.id
                    )

    def subscribe(self, thread_id: str | None, callback: Listener) -> Callable[[], None]:
        """Call `callback` for everything in `thread_id` (None: in every thread); returns how to stop it.

        To miss nothing, subscribe first and read the stored messages then.
        """
        self._listeners.setdefault(thread_id, []).append(callback)
        active = True

        def unsubscribe() -> None:
            nonlocal active
            if not active:
                return
            active = False
            listeners = self._listeners[thread_id]
            listeners.remove(callback)
            if not listeners:
                del self._listeners[thread_id]

        return unsubscribe
