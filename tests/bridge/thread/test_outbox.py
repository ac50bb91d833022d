"""From the thread to alive5: every message, in order, never twice, and the call does not wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bridge.ports import Message
from bridge.thread.alive5 import Alive5Client, Alive5Config
from bridge.thread.delivery import Backoff
from bridge.thread.errors import StoreUnavailable
from bridge.thread.log import ThreadLog
from bridge.thread.outbox import OutboxPump
from bridge.thread.store import SqlThreadStore
from tests.alive5_server import Alive5Server, Received
from tests.bridge.thread.helpers import Inbox, caller, draft, locked, sqlite_url

QUICK = Backoff(0.01, 0.05)


def pump_of(server: Alive5Server, store: SqlThreadStore, log: ThreadLog, **options: float) -> OutboxPump:
    """A pump from `store` to `server`, without long waits."""
    config = Alive5Config(server.url, server.key, org="Acme", settle_s=0.05)

    def client(thread_id: str, crm_id: str, channel_id: str) -> Alive5Client:
        return Alive5Client(config, thread_id, crm_id, channel_id)

    counts = {name: int(options.pop(name)) for name in ("max_threads", "refusals") if name in options}
    return OutboxPump(store, log, client, backoff=QUICK, **counts, **options)


@asynccontextmanager
async def running(pump: OutboxPump) -> AsyncIterator[None]:
    """`pump` while its owner runs it."""
    async with asyncio.TaskGroup() as group:
        group.create_task(pump.run())
        yield
        await pump.close()


def told(inbox: Inbox, delivery: str, *texts: str) -> Callable[[], bool]:
    """Whether `inbox` has heard that all `texts` have `delivery`."""
    return lambda: {(text, delivery) for text in texts} <= {(m.text, m.delivery) for m in inbox.messages}


def deliveries(messages: list[Message] | None) -> list[tuple[str, str]]:
    """Texts with their deliveries, in order of seq."""
    return [(m.text, m.delivery) for m in messages or []]


async def test_messages_arrive_in_order_and_are_shown_as_delivered(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    alive5.acknowledges = True
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    await pushing.open_thread(caller())
    async with running(pump_of(alive5, pushing, log)):
        for n in range(8):
            await log.append(draft(f"{n}", speaker="caller" if n % 2 else "bot"))
        await inbox.until(told(inbox, "delivered", *(f"{n}" for n in range(8))))
    assert alive5.texts() == [f"{n}" for n in range(8)]
    assert ["voiceAgentId" in payload for payload in alive5.sent("post_message")] == [True, False] * 4
    assert len(alive5.sent("init_voice_agent")) == 1
    assert (alive5.queries[0]["crm_id"], alive5.queries[0]["channel_id"]) == ("crm", "channel")
    assert deliveries(await pushing.messages("t")) == [(f"{n}", "delivered") for n in range(8)]


async def test_while_alive5_is_away_messages_wait_and_then_come_in_order(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log)):
        await log.append(draft("before"))
        await inbox.until(told(inbox, "delivered", "before"))
        await alive5.stop()
        for text in ("during 1", "during 2"):
            assert (await log.append(draft(text))).delivery == "pending"
        await alive5.start()
        await log.append(draft("after"))
        await inbox.until(told(inbox, "delivered", "during 1", "during 2", "after"))
    assert alive5.texts() == ["before", "during 1", "during 2", "after"]


async def test_a_server_that_refuses_us_gets_everything_once_it_takes_us(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    alive5.refuses = True
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log)):
        await log.append(draft("hello"))
        await alive5.until(lambda: len(alive5.queries) >= 3)
        assert alive5.texts() == []
        alive5.refuses = False
        await inbox.until(told(inbox, "delivered", "hello"))
    assert alive5.texts() == ["hello"]


async def test_a_message_whose_socket_died_is_shown_as_failed_and_not_sent_again(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    alive5.die_on = lambda item: item.payload.get("message_content") == "two"
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    for text in ("one", "two", "three"):
        await log.append(draft(text))
    async with running(pump_of(alive5, pushing, log)):
        await inbox.until(told(inbox, "delivered", "one", "three"))
    assert alive5.texts() == ["one", "two", "three"]
    expected = [("one", "delivered"), ("two", "failed"), ("three", "delivered")]
    assert deliveries(await pushing.messages("t")) == expected
    assert len({item.sid for item in alive5.received}) == 2


async def test_what_a_former_process_left_is_delivered_but_not_what_it_may_have_sent(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    for text in ("attempted", "due"):
        await pushing.append(draft(text))
    await pushing.begin_attempt((await pushing.pending_outbox(1))[0].id)
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log)):
        await inbox.until(told(inbox, "delivered", "due"))
    assert alive5.texts() == ["due"]
    assert told(inbox, "failed", "attempted")()


async def test_each_thread_has_its_own_connection_and_order(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log)):
        for n in range(9):
            await log.append(draft(f"{n}", thread_id=f"thread{n % 3}"))
        await inbox.until(told(inbox, "delivered", *(f"{n}" for n in range(9))))
    for k in range(3):
        posts = [item for item in alive5.received if item.payload.get("thread_id") == f"thread{k}"]
        assert [p.payload["message_content"] for p in posts[1:]] == [f"{k}", f"{k + 3}", f"{k + 6}"]
        assert len({item.sid for item in posts}) == 1


async def test_more_threads_than_places_take_turns(alive5: Alive5Server, pushing: SqlThreadStore) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    for n in range(6):
        await log.append(draft(f"{n}", thread_id=f"thread{n}"))
    async with running(pump_of(alive5, pushing, log, max_threads=2)):
        await inbox.until(told(inbox, "delivered", *(f"{n}" for n in range(6))))
    assert sorted(alive5.texts()) == [f"{n}" for n in range(6)]


async def test_the_end_of_a_call_is_sent_once_and_after_its_messages(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    pump = pump_of(alive5, pushing, log)
    async with running(pump):
        await log.append(draft("one"))
        asked = [await pump.end_voice_chat("t", "call", "person", "Bye.") for _ in range(3)]
        assert await pump.save_crm_data("t", "call", "email", "a@b.c") is True
        await alive5.until(lambda: bool(alive5.sent("save_crm_data")))
    assert asked == [True, False, False]
    said = [item.event for item in alive5.received if item.event != "init_voice_agent"]
    assert said == ["post_message", "end_voice_chat", "save_crm_data"]
    assert alive5.sent("end_voice_chat")[0]["end_by"] == "person"


async def test_a_row_that_nobody_told_the_pump_of_is_found(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log, poll_s=0.02)):
        await pushing.append(draft("quiet"))
        await inbox.until(told(inbox, "delivered", "quiet"))
    assert alive5.texts() == ["quiet"]


async def test_an_idle_connection_is_closed_and_opened_again_when_needed(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log, idle_s=0.0)):
        for text in ("one", "two"):
            await log.append(draft(text))
            await inbox.until(told(inbox, "delivered", text))
    assert alive5.texts() == ["one", "two"]
    assert len({item.sid for item in alive5.received}) == 2


async def test_a_database_locked_while_a_message_is_sent_delays_the_next_and_doubles_nothing(
    alive5: Alive5Server, store: SqlThreadStore, path: Path
) -> None:
    alive5.acknowledges = True
    pushing = SqlThreadStore(sqlite_url(path), outbox=True, busy_timeout_s=0.02)
    await pushing.start()
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    for text in ("one", "two"):
        await log.append(draft(text))
    with ExitStack() as lock:

        def lock_then_live(item: Received) -> bool:
            if item.payload.get("message_content") == "one":
                lock.enter_context(locked(path))
            return False

        alive5.die_on = lock_then_live
        async with running(pump_of(alive5, pushing, log)):
            await alive5.until(lambda: alive5.texts() == ["one"])
            with pytest.raises(StoreUnavailable):
                await pushing.check()
            assert inbox.messages[2:] == []
            lock.close()
            await inbox.until(told(inbox, "delivered", "one", "two"))
    assert alive5.texts() == ["one", "two"]
    await pushing.close()


async def test_closing_leaves_the_rest_pending_for_the_next_start(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    await alive5.stop()
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    first = pump_of(alive5, pushing, log)
    async with running(first):
        await log.append(draft("later"))
    await first.close()
    await first.run()
    assert deliveries(await pushing.messages("t")) == [("later", "pending")]
    await alive5.start()
    async with running(pump_of(alive5, pushing, log)):
        await inbox.until(told(inbox, "delivered", "later"))
    assert alive5.texts() == ["later"]


async def test_cancelling_its_owner_ends_the_pump(alive5: Alive5Server, pushing: SqlThreadStore) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    pump = pump_of(alive5, pushing, log)
    task = asyncio.ensure_future(pump.run())
    await log.append(draft("one"))
    await inbox.until(told(inbox, "delivered", "one"))
    task.cancel()
    await asyncio.wait([task])
    await pump.close()
    assert task.cancelled()
