"""What the thread's tests share: drafts, an inbox for what a log tells, a lock that another program holds."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.ports import Caller, Draft, Message, Speaker
from bridge.thread.log import ThreadLog

T0 = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment in the conversation."""
    return T0 + timedelta(seconds=seconds)


def draft(
    text: str = "hello",
    *,
    thread_id: str = "t",
    call_id: str = "call",
    speaker: Speaker = "bot",
    start: float = 0.0,
    id: str = "",
) -> Draft:
    """Something said at `start`, for one second."""
    return Draft(
        id=id or str(uuid.uuid4()),
        thread_id=thread_id,
        call_id=call_id,
        speaker=speaker,
        text=text,
        started_at=at(start),
        ended_at=at(start + 1),
    )


def caller(thread_id: str = "t", *, number: str = "+15550100", crm_id: str = "crm") -> Caller:
    """Who calls."""
    return Caller("call", thread_id, crm_id, "channel", "twilio", number)


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite+aiosqlite:///{path}"


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """The database at `path` while another program is writing to it, until that rolls back."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


class Inbox:
    """Keeps what a log tells, and waits for it."""

    def __init__(self, log: ThreadLog, thread_id: str | None = None) -> None:
        self.messages: list[Message] = []
        self._news = asyncio.Event()
        self.unsubscribe = log.subscribe(thread_id, self._on_message)

    def _on_message(self, message: Message) -> None:
        self.messages.append(message)
        self._news.set()

    def texts(self) -> list[str]:
        """Texts of the finals, in the order told."""
        return [message.text for message in self.messages if message.final]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Return as soon as `happened` is true, asked again with every message."""
        while not happened():
            self._news.clear()
            await self._news.wait()
