"""Deletes conversations that are older than they are to be kept, and notices what others have deleted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bridge.thread.delivery import happens
from bridge.thread.erasure import CallIsLive, Erasure
from bridge.thread.errors import StoreUnavailable

log = structlog.get_logger()

EVERY_S: Final = 3600.0
LOOK_EVERY_S: Final = 5.0


class Retention:
    """`run` deletes at its start and then hourly; `days` None: keeps everything.

    Every few seconds it looks whether a line of the audit is new, since the command line deletes in the
    database: `told` hears which of the threads that `known` names are gone by then.
    """

    def __init__(
        self,
        erasure: Erasure,
        days: int | None,
        *,
        known: Callable[[], Collection[str]] = tuple,
        told: Callable[[list[str]], None] = lambda thread_ids: None,
    ) -> None:
        self._erasure = erasure
        self._days = days
        self._known = known
        self._told = told
        self._seen: int | None = None
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    async def run(self) -> None:
        """Delete and look until `close`; a database that fails is tried again. Runs once."""
        self._ended.clear()
        try:
            await self._run()
        finally:
            self._ended.set()

    async def close(self) -> None:
        """Stop between two steps, so that no transaction is broken off. Idempotent."""
        self._closing.set()
        await self._ended.wait()

    async def _run(self) -> None:
        due = time.monotonic()
        while not self._closing.is_set():
            try:
                if time.monotonic() >= due:
                    await self.expire(datetime.now(UTC))
                    due = time.monotonic() + EVERY_S
                await self._erasure.scrub()
                await self.look()
            except (StoreUnavailable, CallIsLive) as error:
                # A call that begins in an old conversation while that is deleted: the call wins.
                log.warning("retention.postponed", code=error.code, error=error.message)
            await happens(self._closing, LOOK_EVERY_S)

    async def expire(self, now: datetime) -> int:
        """Delete what nobody has spoken in for `days` before `now`; returns how many threads."""
        if self._days is None:
            return 0
        before = now - timedelta(days=self._days)
        deleted = 0
        while not self._closing.is_set() and (count := await self._erasure.delete_expired(before)):
            deleted += count
        if deleted:
            log.info("retention.deleted", threads=deleted, days=self._days)
        return deleted

    async def look(self) -> None:
        """Tell of known threads that are gone, where something has been deleted since the last look."""
        line = await self._erasure.last_line()
        if self._seen is not None and line > self._seen:
            known = self._known()
            gone = await self._erasure.gone(known) if known else []
            if gone:
                self._told(gone)
        self._seen = line
