"""What is committed is told, in order; what is only being said is told too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.ports import Message
from bridge.thread.errors import StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import Inbox, draft, locked


async def test_subscribers_hear_a_message_once_it_is_committed(log: ThreadLog, store: SqlThreadStore) -> None:
    inbox = Inbox(log, "t")
    message = await log.append(draft())
    assert inbox.messages == [message] == await store.messages("t")


async def test_concurrent_appends_are_told_in_the_order_of_seq(log: ThreadLog) -> None:
    inbox = Inbox(log)
    await asyncio.gather(*(log.append(draft(thread_id=f"t{n % 2}")) for n in range(40)))
    for thread_id in ("t0", "t1"):
        assert [m.seq for m in inbox.messages if m.thread_id == thread_id] == list(range(1, 21))


async def test_a_subscriber_hears_its_own_thread_and_a_global_one_all(log: ThreadLog) -> None:
    one, every = Inbox(log, "a"), Inbox(log)
    for thread_id in ("a", "b"):
        await log.append(draft(thread_id=thread_id))
    assert [m.thread_id for m in one.messages] == ["a"]
    assert [m.thread_id for m in every.messages] == ["a", "b"]


async def test_a_partial_is_told_with_the_finals_id_and_not_stored(
    log: ThreadLog, store: SqlThreadStore
) -> None:
    inbox = Inbox(log)
    item = draft("hel")
    log.partial(item)
    assert await store.messages("t") is None
    final = await log.append(draft("hello", id=item.id))
    partial = inbox.messages[0]
    assert (partial.id, partial.seq, partial.final, partial.text) == (final.id, 0, False, "hel")
    assert inbox.messages[1] == final


async def test_nothing_is_told_of_what_could_not_be_committed(log: ThreadLog, path: Path) -> None:
    inbox = Inbox(log)
    with locked(path), pytest.raises(StoreUnavailable):
        await log.append(draft())
    assert inbox.messages == []


async def test_a_listener_that_raises_does_not_keep_the_others_from_hearing(log: ThreadLog) -> None:
    def broken(message: Message) -> None:
        raise RuntimeError(message.id)

    log.subscribe("t", broken)
    inbox = Inbox(log, "t")
    assert (await log.append(draft())).seq == 1
    assert len(inbox.messages) == 1


async def test_unsubscribing_twice_ends_one_subscription_even_while_being_told(log: ThreadLog) -> None:
    first = Inbox(log, "t")
    heard: list[str] = []

    def once(message: Message) -> None:
        heard.append(message.id)
        stop()

    stop = log.subscribe("t", once)
    second = Inbox(log, "t")
    first.unsubscribe()
    first.unsubscribe()
    for _ in range(2):
        await log.append(draft())
    assert (len(first.messages), len(heard), len(second.messages)) == (0, 1, 2)
