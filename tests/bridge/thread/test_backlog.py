"""Speech without a text: kept through everything, told of, and written once; on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bridge.media.g711 import ulaw_decode
from bridge.ports import Draft, Message, Speaker
from bridge.thread.backlog import Backlog
from bridge.thread.backlog_notes import LONGEST_S, note_wait
from bridge.thread.backlog_store import KeptAudio
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import CallThread
from tests.bridge.thread.helpers import Inbox, at, draft, locked, sqlite_url

RATE = 8000
WHY = "The speech engine is down."


def speech(
    start: float = 0.0, *, speaker: Speaker = "caller", call_id: str = "call", name: str = ""
) -> Draft:
    """An utterance at `start`, before its text is known."""
    blank = draft("", start=start, speaker=speaker)
    return replace(blank, call_id=call_id, name=name or None)


def sound(seconds: float) -> bytes:
    """A tone, s16le mono at 8 kHz."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(time * 2 * np.pi * 440) * 8000).astype("<i2").tobytes()


@asynccontextmanager
async def working(
    store: SqlThreadStore, *, limit: int = 10_000_000, log: ThreadLog | None = None, memory: int = 10_000_000
) -> AsyncIterator[Backlog]:
    """A backlog on `store`, with its task."""
    backlog = Backlog(store.backlog, log or ThreadLog(store), limit_bytes=limit, memory=memory)
    async with asyncio.TaskGroup() as group:
        group.create_task(backlog.run())
        try:
            yield backlog
        finally:
            await backlog.close()


async def committed(backlog: Backlog, count: int) -> str:
    """Wait until `count` rows are in the table; returns the id of the oldest."""
    while sum(held.committed for held in backlog._index.held.values()) < count:
        await backlog.wait()
    row_id, _ = backlog.next_due()
    assert row_id is not None
    return row_id


async def stored(store: SqlThreadStore) -> list[Message]:
    """What is in the thread."""
    return await store.messages("t") or []


async def test_kept_audio_is_there_after_a_restart_and_its_text_comes_once(either: SqlThreadStore) -> None:
    said = speech(3, name="Ada")
    async with working(either) as backlog:
        backlog.keep(said, sound(2), RATE, WHY)
        await committed(backlog, 1)
    await either.append(draft("Hello?", start=8))
    async with working(either) as first, working(either) as second:
        row_id = await committed(first, 1)
        assert row_id == await committed(second, 1) == said.id
        assert (first.rows, first.seconds) == (1, 2.0)
        row = await first.load(row_id)
        assert row is not None
        assert (row.draft, row.rate, row.reason) == (said, RATE, WHY)
        kept = np.frombuffer(ulaw_decode(row.audio), "<i2").astype(float)
        given = np.frombuffer(sound(2), "<i2").astype(float)
        assert np.corrcoef(kept, given)[0, 1] > 0.999
        await asyncio.gather(*(backlog.write(row, "I was saying…") for backlog in (first, second, first)))
        assert (first.rows, await second.load(row_id)) == (0, None)
        assert second.rows == 0
    last = (await stored(either))[-1]
    assert (last.seq, last.id, last.text, last.late) == (2, said.id, "I was saying…", True)
    assert (last.started_at, last.name) == (at(3), "Ada")
    due = await either.pending_outbox(10)
    assert [row.message_id for row in due] == [message.id for message in await stored(either)]


async def test_a_thread_is_told_once_of_all_that_is_missing_and_by_whom(either: SqlThreadStore) -> None:
    log = ThreadLog(either)
    inbox = Inbox(log)
    async with working(either, log=log) as backlog:
        backlog.keep(speech(0), sound(7), RATE, WHY)
        backlog.keep(speech(7, speaker="human", name="Ada"), sound(3), RATE, WHY)
        backlog.keep(speech(11), sound(5), RATE, "It is still down.")
        await committed(backlog, 3)
        await inbox.until(lambda: bool(inbox.texts()))
        assert inbox.texts() == [
            "12 s of the caller and 3 s of Ada could not be transcribed yet. "
            "It is still down. The text follows."
        ]
        assert (inbox.messages[0].speaker, inbox.messages[0].started_at) == ("system", at(0))
        assert backlog.rows == 3
    async with working(either) as again:
        await committed(again, 3)
        assert all(held.row.announced for held in again._index.held.values())
    assert len(await stored(either)) == 1


async def test_what_is_written_soon_is_not_told_of(either: SqlThreadStore) -> None:
    async with working(either) as backlog:
        backlog.keep(speech(0), sound(1), RATE, WHY)
        row = await backlog.load(await committed(backlog, 1))
        assert row is not None
        await backlog.write(row, "There.")
        assert await either.backlog.announce([row], lambda rows: "never") is None
    assert [message.text for message in await stored(either)] == ["There."]


async def test_a_call_that_is_over_is_told_of_at_once_what_its_thread_lacks(store: SqlThreadStore) -> None:
    log = ThreadLog(store)
    inbox = Inbox(log)
    async with working(store, log=log) as backlog:
        backlog.keep(speech(0), sound(1), RATE, WHY)
        await inbox.until(lambda: len(inbox.texts()) == 1)
        backlog.keep(speech(2), sound(2), RATE, WHY)
        await committed(backlog, 2)
        await backlog.settle("call", 0.0)
        await inbox.until(lambda: len(inbox.texts()) == 2)
    assert inbox.texts()[1].startswith("2 s of the caller")


async def test_settling_waits_for_the_calls_own_texts_only(store: SqlThreadStore) -> None:
    async with working(store) as backlog:
        backlog.keep(speech(0, call_id="other"), sound(1), RATE, WHY)
        backlog.keep(speech(1), sound(1), RATE, WHY)
        await committed(backlog, 2)
        settling = asyncio.ensure_future(backlog.settle("call", 60.0))
        assert backlog.behind_s("call") > 0
        _, mine = backlog._index.held.values()
        row = await backlog.load(mine.row.draft.id)
        assert row is not None
        await backlog.write(row, "")
        await settling
        assert (backlog.behind_s("call"), backlog.rows) == (0.0, 1)
    assert await stored(store) == []


async def test_beyond_the_limit_the_oldest_is_given_up_and_the_thread_says_so(either: SqlThreadStore) -> None:
    async with working(either, limit=5 * RATE) as backlog:
        for second in range(8):
            backlog.keep(speech(second), sound(1), RATE, WHY)
        while not backlog.dropped:
            await backlog.wait()
        assert (backlog.dropped, backlog.rows, backlog.seconds, backlog.given_up_s) == (4, 4, 4.0, 4.0)
    notes = [m.text for m in await stored(either)]
    assert notes[0] == "4 s of the caller could not be transcribed: too much speech was waiting for its text."
    assert [row.draft.started_at for row in await either.backlog.rows()] == [at(n) for n in range(4, 8)]


async def test_audio_that_no_engine_survives_is_passed_over_and_then_given_up(either: SqlThreadStore) -> None:
    async with working(either) as backlog:
        backlog.keep(speech(0), sound(1), RATE, WHY)
        backlog.keep(speech(1), sound(1), RATE, WHY)
        bad = await backlog.load(await committed(backlog, 2))
        assert bad is not None
        await backlog.pass_over(bad, 60.0)
        row_id, _ = backlog.next_due()
        assert row_id != bad.draft.id
        again = await backlog.load(bad.draft.id)
        assert again is not None
        assert again.attempts == 1
        await backlog.give_up(again)
        assert (backlog.rows, backlog.given_up, backlog.given_up_s) == (1, 1, 1.0)
    assert [m.text for m in await stored(either)] == [
        "1 s of the caller could not be transcribed: the speech engine fails on it."
    ]


async def test_while_the_database_is_locked_audio_waits_in_memory(store: SqlThreadStore, path: Path) -> None:
    async with working(store) as backlog:
        with locked(path):
            backlog.keep(speech(0), sound(1), RATE, WHY)
            backlog.keep(speech(1), sound(1), RATE, WHY)
            assert backlog.next_due()[0] is None
            assert backlog.unsaved_threads == {"t"}, "it must not be deleted: the commit would revive it"
        await committed(backlog, 2)
        assert backlog.unsaved_threads == set()
    assert len(await store.backlog.rows()) == 2


async def test_what_makes_room_while_it_is_being_committed_is_not_lost(path: Path) -> None:
    store = SqlThreadStore(sqlite_url(path), outbox=False, busy_timeout_s=20.0)
    await store.start()
    async with working(store, memory=3 * RATE) as backlog:
        with locked(path):
            for second in range(3):
                backlog.keep(speech(second), sound(1), RATE, WHY)
            while True:
                await asyncio.sleep(0)  # the commit begins
                if backlog._intake.storing:
                    break
            for second in range(3, 6):
                backlog.keep(speech(second), sound(1), RATE, WHY)
        await committed(backlog, 6)
        assert (backlog.rows, backlog.dropped, backlog.given_up_s) == (6, 0, 0.0)
        assert [row.draft.id for row in await store.backlog.rows()] == list(backlog._index.held)
    assert await stored(store) == []
    await store.close()


async def test_what_is_lost_while_the_database_fails_is_told_of_when_it_is_back(
    store: SqlThreadStore, path: Path
) -> None:
    async with working(store, memory=3 * RATE) as backlog:
        with locked(path):
            for second in range(8):
                backlog.keep(speech(second), sound(1), RATE, WHY)
            while backlog.dropped < 5:
                await backlog.wait()
            assert (backlog.rows, backlog.given_up_s) == (3, 5.0)
            assert backlog.unsaved_threads == {"t"}
        await committed(backlog, 3)
    (note,) = await stored(store)
    assert (
        note.text == "5 s of the caller could not be transcribed: too much speech was waiting for its text."
    )
    assert (note.started_at, note.ended_at) == (at(0), at(5))


async def test_what_is_in_memory_at_the_end_is_committed(store: SqlThreadStore) -> None:
    async with working(store) as backlog:
        backlog.keep(speech(0), sound(1), RATE, WHY)
    assert len(await store.backlog.rows()) == 1


async def test_a_thread_that_is_deleted_takes_its_audio_with_it(either: SqlThreadStore) -> None:
    async with working(either) as backlog:
        backlog.keep(speech(0), sound(1), RATE, WHY)
        row_id = await committed(backlog, 1)
        row = await backlog.load(row_id)
        assert row is not None
        async with either._db.write() as connection:
            await connection.exec_driver_sql("DELETE FROM threads")
        await backlog.write(row, "Somebody's words.")
        assert backlog.rows == 0
        assert await backlog.load(row_id) is None
    assert await either.messages("t") is None


async def test_a_calls_thread_keeps_what_cannot_be_recognised_and_knows_its_late_text(
    log: ThreadLog, store: SqlThreadStore
) -> None:
    async with working(store, log=log) as backlog, asyncio.TaskGroup() as group:
        thread = CallThread(log, "t", "call", deferred=backlog)
        group.create_task(thread.run())
        utterance = thread.open("caller", "Ada", at(0))
        thread.partial(utterance, "I wa")
        thread.ended(utterance, at(2))
        thread.defer(utterance, sound(2), RATE, WHY)
        thread.say("bot", "Pardon?", at(3), at(4))
        assert thread.behind_s > 0
        row = await backlog.load(await committed(backlog, 1))
        assert row is not None
        assert (row.draft.id, row.draft.text, row.draft.ended_at) == (utterance, "", at(2))
        await thread.settle(5.0)
        await backlog.write(row, "I want pizza.")
        assert thread.behind_s == 0
        assert await thread.drain(5.0) == 0
    assert [(m.text, m.late) for m in thread.recent(5)] == [("Pardon?", False), ("I want pizza.", True)]


def test_notes_of_one_outage_come_ever_more_rarely() -> None:
    waits = [note_wait(notes) for notes in range(10)]
    assert waits == sorted(waits)
    assert (waits[0] < 5, waits[-1]) == (True, LONGEST_S)


@pytest.mark.parametrize("count", [1, 700])
async def test_a_former_process_may_have_left_many_rows(either: SqlThreadStore, count: int) -> None:
    rows = [
        KeptAudio(replace(speech(n), id=str(uuid.uuid4())), RATE, bytes(80), 80, WHY) for n in range(count)
    ]
    await either.backlog.keep(rows)
    async with working(either, limit=40) as backlog:
        while backlog.rows or not backlog.dropped:
            await backlog.wait()
        assert backlog.dropped == count
    assert await either.backlog.rows() == []
