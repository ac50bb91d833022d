"""Deleting conversations: all that hangs on them goes, on both databases, and an audit line stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from structlog.testing import capture_logs

from bridge.ports import CallRow
from bridge.thread.backlog_store import KeptAudio
from bridge.thread.erasure import CallIsLive, Erasure, tables_of_threads
from bridge.thread.retention import Retention
from bridge.thread.schema import calls, messages, outbox, search_texts, threads
from bridge.thread.search import search
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import at, caller, draft, locked, sqlite_url

NUMBER = "+15551234567"


async def converse(
    store: SqlThreadStore, thread_id: str, *, number: str = NUMBER, said: str = "hello", ended: bool = True
) -> None:
    """A thread with a call, two messages, speech without a text yet and what is due to alive5."""
    await store.open_thread(caller(thread_id, number=number))
    view = {"caller": {"number": number, "provider": "twilio"}}
    await store.save_call(CallRow(f"c-{thread_id}", thread_id, at(0), at(9) if ended else None, view))
    await store.append(draft(said, thread_id=thread_id))
    await store.append(draft("bye", thread_id=thread_id, start=2))
    await store.add_outbox("end_voice_chat", thread_id, {}, key=f"c-{thread_id}")
    unwritten = draft("", thread_id=thread_id, start=4)
    await store.backlog.keep([KeptAudio(unwritten, 8000, b"\xff" * 160, 160, "The recogniser is away.")])


async def left(store: SqlThreadStore, thread_id: str) -> dict[str, int]:
    """How many rows each table still has of a thread; tables are found in the database itself."""
    async with store.database.read() as connection:
        counts = {}
        for table in await connection.run_sync(tables_with_a_thread):
            query = text(f"SELECT count(*) FROM {table} WHERE thread_id = :id")
            counts[table] = (await connection.execute(query, {"id": thread_id})).scalar_one()
    return counts


def tables_with_a_thread(connection: object) -> list[str]:
    """Names of all tables that have a column `thread_id`."""
    look = inspect(connection)
    return [
        name
        for name in look.get_table_names()
        if "thread_id" in {column["name"] for column in look.get_columns(name)}
    ]


async def test_deletion_covers_every_table_that_knows_of_threads(either: SqlThreadStore) -> None:
    async with either.database.read() as connection:
        there = set(await connection.run_sync(tables_with_a_thread))
    assert there == {table.name for table in tables_of_threads()}
    assert there >= {"threads", "messages", "calls", "outbox", "search_texts"}


async def test_a_deleted_thread_leaves_nothing_but_an_audit_line(either: SqlThreadStore) -> None:
    await converse(either, "a")
    await converse(either, "b")
    assert min((await left(either, "a")).values()) > 0, "the test has rows in every table"
    told: list[list[str]] = []
    erasure = Erasure(either.database, told=told.append)
    assert await erasure.delete_thread("a", "sam") is True
    assert set((await left(either, "a")).values()) == {0}
    assert min((await left(either, "b")).values()) > 0, "others stay"
    assert await either.messages("a") is None
    assert [hit.thread_id for hit in (await search(either.database, "hello", limit=9)).hits] == ["b"]
    assert await erasure.delete_thread("a", "sam") is False
    assert told == [["a"]]
    (line,) = await erasure.audit(10)
    assert (line.who, line.what, line.target, line.deleted) == ("sam", "delete_thread", "a", 1)


async def test_a_thread_with_a_live_call_is_not_deleted(either: SqlThreadStore) -> None:
    await converse(either, "a", ended=False)
    await converse(either, "b")
    before = await left(either, "a")
    for erasure in (Erasure(either.database), Erasure(either.database, busy=lambda: {"b"})):
        with pytest.raises(CallIsLive):
            await erasure.delete_caller(NUMBER, "sam")
    with pytest.raises(CallIsLive):
        await Erasure(either.database).delete_thread("a", "sam")
    with pytest.raises(CallIsLive):
        await Erasure(either.database, busy=lambda: {"b"}).delete_thread("b", "sam")
    assert await left(either, "a") == before
    assert min((await left(either, "b")).values()) > 0
    assert await Erasure(either.database).audit(10) == []


async def test_another_process_s_call_is_let_finish_before_its_thread_is_deleted(
    either: SqlThreadStore,
) -> None:
    await converse(either, "a")
    over = CallRow("c-b", "b", at(0), datetime.now(UTC), {"caller": {"number": NUMBER}})
    await either.open_thread(caller("b", number=NUMBER))
    await either.save_call(over)
    beside = Erasure(either.database, finishing_s=30)
    for deleting in (beside.delete_thread("b", "sam"), beside.delete_caller(NUMBER, "sam")):
        with pytest.raises(CallIsLive):
            await deleting
    assert await beside.delete_thread("a", "sam")
    await either.save_call(replace(over, ended_at=datetime.now(UTC) - timedelta(seconds=31)))
    assert await beside.delete_thread("b", "sam")


async def test_a_call_that_begins_while_its_thread_is_deleted_undoes_that(either: SqlThreadStore) -> None:
    await converse(either, "a")
    answers = iter([set(), {"a"}])
    with pytest.raises(CallIsLive):
        await Erasure(either.database, busy=lambda: next(answers)).delete_thread("a", "sam")
    assert len(await either.messages("a") or []) == 2


async def test_a_number_is_forgotten_and_the_audit_does_not_keep_it(either: SqlThreadStore) -> None:
    for n in range(45):
        await converse(either, f"t{n}")
    await converse(either, "other", number="+15550000000")
    await converse(either, "called-back")
    await either.open_thread(caller("called-back", number="+15550000000"))
    erasure = Erasure(either.database)
    assert await erasure.delete_caller(NUMBER, "sam") == 46, "one that was called from there long ago, too"
    assert [thread.thread_id for thread in await either.threads(limit=100)] == ["other"]
    assert await erasure.delete_caller(NUMBER, "sam") == 0
    lines = await erasure.audit(10)
    assert sum(line.deleted for line in lines) == 46
    assert {(line.what, line.target) for line in lines} == {("delete_caller", "…67")}


async def test_what_waits_for_alive5_is_dropped_and_that_is_logged(either: SqlThreadStore) -> None:
    await converse(either, "a")
    with capture_logs() as logs:
        await Erasure(either.database).delete_thread("a", "sam")
    (dropped,) = (entry for entry in logs if entry["event"] == "thread.deliveries_dropped")
    assert (dropped["thread_id"], dropped["count"]) == ("a", 3)
    assert await either.pending_threads() == []


async def test_old_threads_expire_and_those_with_a_call_do_not(either: SqlThreadStore) -> None:
    for n in range(30):
        await converse(either, f"old{n}")
    await converse(either, "live", ended=False)
    await converse(either, "draining")
    await converse(either, "new")
    await either.append(replace(draft(thread_id="new"), ended_at=at(86400 * 29)))
    erasure = Erasure(either.database, busy=lambda: {"draining"})
    retention = Retention(erasure, 30)
    assert await Retention(erasure, None).expire(at(10**9)) == 0
    assert await retention.expire(at(86400 * 30) + timedelta(seconds=4)) == 30
    assert {thread.thread_id for thread in await either.threads(limit=100)} == {"live", "draining", "new"}
    assert await retention.expire(at(86400 * 30) + timedelta(seconds=4)) == 0
    lines = await erasure.audit(100)
    assert len(lines) == 30
    assert {(line.who, line.what) for line in lines} == {("retention", "expire_thread")}
    assert {line.target for line in lines} == {f"old{n}" for n in range(30)}


async def test_a_text_that_comes_late_does_not_make_its_thread_old(either: SqlThreadStore) -> None:
    await either.append(draft("today", thread_id="a", start=86400 * 30))
    await either.append(replace(draft("a month ago", thread_id="a", start=1), late=True))
    assert [thread.last_at for thread in await either.threads(limit=1)] == [
        draft(thread_id="a", start=86400 * 30).ended_at
    ]
    assert await Retention(Erasure(either.database), 7).expire(at(86400 * 31)) == 0


async def test_what_another_process_deletes_is_noticed(either: SqlThreadStore) -> None:
    await converse(either, "a")
    await converse(either, "b")
    gone: list[list[str]] = []
    retention = Retention(Erasure(either.database), None, known=lambda: ["a", "b", "new"], told=gone.append)
    await retention.look()
    await retention.look()
    assert gone == []
    await Erasure(either.database).delete_thread("a", "command line")
    await retention.look()
    assert gone == [["a", "new"]]


async def test_the_deleted_text_is_gone_from_sqlite_s_files(path: Path) -> None:
    store = SqlThreadStore(sqlite_url(path), outbox=True)
    await store.start()
    for n in range(300):
        # Long and short, in several threads, so that pages are split and rows move between them.
        secret = f"{'padding ' * (n % 40)}xylophone{n} rhinoceros"
        await store.append(draft(secret if n % 3 else "harmless", thread_id=f"t{n % 3}"))
    await store.open_thread(replace(caller("t1"), name="Quetzalcoatl"))
    assert in_files(path, "xylophone"), "the test looks in the right place"
    erasure = Erasure(store.database)
    for thread_id in ("t1", "t2"):
        assert await erasure.delete_thread(thread_id, "sam")
    assert await erasure.scrub() is True
    for word in ("xylophone", "rhinoceros", "Quetzalcoatl"):
        assert not in_files(path, word), word
    assert await words_in_index(store) == {"harmless"}
    assert in_files(path, "harmless")
    await store.close()


async def test_scrubbing_waits_for_its_turn_where_somebody_reads(path: Path) -> None:
    store = SqlThreadStore(sqlite_url(path), outbox=False, busy_timeout_s=0.02)
    await store.start()
    await converse(store, "a", said="xylophone")
    erasure = Erasure(store.database)
    async with store.database.read() as reader:
        await reader.execute(select(messages))
        await erasure.delete_thread("a", "sam")
        assert await erasure.scrub() is False
    # Another process finds it undone, and does it.
    assert in_files(path, "xylophone")
    assert await Erasure(store.database).scrub() is True
    assert not in_files(path, "xylophone")
    await store.close()


async def test_a_database_that_takes_no_writes_keeps_everything(store: SqlThreadStore, path: Path) -> None:
    await converse(store, "a")
    erasure = Erasure(store.database)
    with locked(path), pytest.raises(Exception, match="locked"):
        await erasure.delete_thread("a", "sam")
    assert len(await store.messages("a") or []) == 2
    assert await erasure.audit(10) == []


def in_files(path: Path, word: str) -> bool:
    """True where `word` is anywhere in the database's files."""
    files = (Path(f"{path}{end}") for end in ("", "-wal", "-shm", "-journal"))
    return any(word.encode() in file.read_bytes() for file in files if file.exists())


async def words_in_index(store: SqlThreadStore) -> set[str]:
    """The words that SQLite's full text index has."""
    async with store.database.write() as connection:
        make = "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, search_index, row)"
        await connection.exec_driver_sql(make)
        return set((await connection.exec_driver_sql("SELECT term FROM temp.vocabulary")).scalars())


def test_the_tables_are_deleted_from_in_an_order_that_their_references_allow() -> None:
    order = tables_of_threads()
    assert order.index(outbox) < order.index(messages)
    assert calls in order
    assert search_texts in order
    for table in order:
        for key in table.foreign_keys:
            assert order.index(table) <= order.index(key.column.table)


async def test_a_number_with_more_threads_than_a_query_can_name_is_held_by_its_one_live_call(
    either: SqlThreadStore,
) -> None:
    many = [
        {
            "thread_id": f"t{n}",
            "crm_id": "",
            "channel_id": "",
            "number": NUMBER,
            "last_seq": 0,
            "last_at": at(0),
        }
        for n in range(33_000)
    ]
    async with either.database.write() as connection:
        await connection.execute(threads.insert(), many)
    await converse(either, "live", ended=False)
    with pytest.raises(CallIsLive):
        await Erasure(either.database).delete_caller(NUMBER, "me")


async def test_a_number_that_is_deleted_by_two_at_once_has_one_line_in_the_audit(
    either: SqlThreadStore,
) -> None:
    await converse(either, "one")
    erasure = Erasure(either.database)
    deleted = await asyncio.gather(*(erasure.delete_caller(NUMBER, "me") for _ in range(4)))
    assert sorted(deleted) == [0, 0, 0, 1]
    assert [line.deleted for line in await erasure.audit(9)] == [1]
