"""What alive5 is told of a call beside its messages: what the flow collected, and, once, that it is over."""

from __future__ import annotations

import asyncio

import structlog

from bridge.call.call import Call
from bridge.call.states import ended_by
from bridge.ports import Caller
from bridge.tasks import TaskOwner
from bridge.thread.delivery import Backoff
from bridge.thread.errors import StoreUnavailable
from bridge.thread.outbox import EndBy, OutboxPump
from bridge.thread.store import SqlThreadStore

log = structlog.get_logger()

_END_BY: dict[str, EndBy] = {"caller": "person", "operator": "human_agent"}
_ENDED = "The call has ended."
_MOST_WAITING = 200
"""Calls whose end waits for the database; beyond that, and after a crash, the next start finds them."""


class Farewells:
    """Puts answers and ends into the outbox; what the database does not take is tried again."""

    def __init__(self, store: SqlThreadStore, pump: OutboxPump) -> None:
        self._store, self._pump = store, pump
        self._tasks = TaskOwner("farewells")
        self._waiting = 0

    async def keep_answer(self, caller: Caller, label: str, answer: str) -> None:
        """Have an answer stored with the contact. Raises StoreUnavailable; safe to repeat."""
        await self._pump.save_crm_data(caller.thread_id, caller.call_id, label, answer)

    async def of_call(self, call: Call) -> None:
        """The call's transcript is complete: say that it is over. While the database fails, keep trying."""
        try:
            await self._say(call)
        except StoreUnavailable as error:
            waits = self._waiting < _MOST_WAITING
            log.error("alive5_end_not_stored", call=call.caller.call_id, error=error.message, waits=waits)
            if waits:
                self._tasks.start(self._say_later(call), call.caller.call_id)

    async def of_the_dead(self) -> None:
        """End the chats of all calls that ended without saying so. Before new calls; StoreUnavailable."""
        for call_id, thread_id in await self._store.unended_chats():
            await self._pump.end_voice_chat(thread_id, call_id, "voice_agent", _ENDED)

    async def close(self) -> None:
        """Leave what could not be stored to the next start. Idempotent."""
        await self._tasks.close()

    async def _say(self, call: Call) -> None:
        for label, answer in call.privacy.shareable().items():
            await self.keep_answer(call.caller, label, answer)
        end_by = _END_BY.get(ended_by(call.end), "voice_agent") if call.end else "voice_agent"
        await self._pump.end_voice_chat(call.caller.thread_id, call.caller.call_id, end_by, _ENDED)

    async def _is_gone(self, thread_id: str) -> bool:
        """True where there is nothing any more that could be said to be over: the thread was deleted."""
        try:
            return await self._store.messages(thread_id, limit=1) is None
        except StoreUnavailable:
            return False

    async def _say_later(self, call: Call) -> None:
        self._waiting += 1
        backoff, failures = Backoff(), 0
        try:
            while True:
                failures += 1
                await asyncio.sleep(backoff.delay(failures))
                try:
                    await self._say(call)
                    return
                except StoreUnavailable:
                    if await self._is_gone(call.caller.thread_id):
                        return
        finally:
            self._waiting -= 1
