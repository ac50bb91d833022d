"""A call's thread: order of speaking, and a database that fails without the call noticing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import MAX_OPEN, CallThread
from tests.bridge.thread.helpers import Inbox, at, locked


@asynccontextmanager
async def running(thread: CallThread) -> AsyncIterator[None]:
    """`thread` while its task group runs it; drained at the end."""
    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run())
        yield
        await thread.drain(5.0)


async def test_messages_are_committed_in_the_order_in_which_people_began(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        caller = thread.open("caller", None, at(0))
        human = thread.open("human", "Ada", at(1))
        thread.say("bot", "Hold on.", at(2), at(3))
        thread.close(human, "Of course.", at(4))
        assert thread.recent(10) == []
        thread.close(caller, "Can you help me?", at(5))
        await inbox.until(lambda: len(inbox.texts()) == 3)
    assert inbox.texts() == ["Can you help me?", "Of course.", "Hold on."]
    assert (thread.recent(2)[0].id, thread.recent(2)[0].name) == (human, "Ada")
    assert [(m.seq, m.call_id) for m in thread.recent(10)] == [(1, "call"), (2, "call"), (3, "call")]


async def test_a_recogniser_that_hangs_is_overtaken_and_its_text_comes_late(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call", patience_s=0.05), Inbox(log)
    async with running(thread):
        slow = thread.open("caller", None, at(0))
        thread.say("bot", "Hello.", at(1), at(2))
        await inbox.until(lambda: inbox.texts() == ["Hello."])
        thread.close(slow, "Hi there.", at(3))
        await inbox.until(lambda: len(inbox.texts()) == 2)
    late = thread.recent(1)[0]
    assert (late.text, late.seq, late.started_at) == ("Hi there.", 2, at(0))


async def test_partials_are_told_under_the_finals_id_and_stop_with_it(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        utterance = thread.open("caller", None, at(0))
        for text in ("I", "I want", "I want"):
            thread.partial(utterance, text)
        thread.close(utterance, "I want pizza.", at(2))
        thread.partial(utterance, "I want piz")
        thread.close(utterance, "again", at(3))
    told = [(m.id, m.text, m.final) for m in inbox.messages]
    assert told == [(utterance, "I", False), (utterance, "I want", False), (utterance, "I want pizza.", True)]


async def test_an_utterance_of_nothing_leaves_no_message_and_takes_its_partial_back(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        cough = thread.open("caller", None, at(0))
        silent = thread.open("caller", None, at(0))
        thread.partial(cough, "uh")
        thread.close(cough, "", at(1))
        thread.close(silent, "", at(1))
        thread.system("Ada took the call.")
    assert [(m.text, m.final) for m in inbox.messages] == [
        ("uh", False),
        ("", False),
        ("Ada took the call.", True),
    ]
    assert [m.speaker for m in thread.recent(5)] == ["system"]


async def test_draining_into_a_locked_database_gives_up_in_time_and_says_how_much(
    log: ThreadLog, path: Path
) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    with locked(path):
        async with running(thread):
            for n in range(5):
                thread.say("bot", f"{n}", at(n), at(n + 1))
            assert await thread.drain(0.1) == 5
        assert inbox.texts() == []


async def test_while_the_database_is_locked_messages_wait_and_then_come_in_order(
    log: ThreadLog, store: SqlThreadStore, path: Path
) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        with locked(path):
            for n in range(5):
                thread.say("bot", f"{n}", at(n), at(n + 1))
            assert thread.unsaved == 5
        await inbox.until(lambda: len(inbox.texts()) == 5)
        assert thread.unsaved == 0
    assert [(m.seq, m.text) for m in await store.messages("t") or []] == [(n + 1, f"{n}") for n in range(5)]


async def test_beyond_its_capacity_the_oldest_is_dropped_and_counted(
    log: ThreadLog, store: SqlThreadStore, path: Path
) -> None:
    thread = CallThread(log, "t", "call", capacity=3)
    with locked(path):
        for n in range(10):
            thread.say("bot", f"{n}", at(n), at(n + 1))
        assert thread.dropped == 7
        assert thread.unsaved == 3
    async with running(thread):
        pass
    assert [m.text for m in await store.messages("t") or []] == ["7", "8", "9"]


async def test_draining_waits_for_an_open_utterance_and_then_keeps_its_last_partial(log: ThreadLog) -> None:
    thread = CallThread(log, "t", "call")
    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run())
        closed = thread.open("caller", None, at(0))
        known = thread.open("human", None, at(1))
        thread.open("caller", None, at(2))
        thread.partial(known, "So I was")
        thread.ended(known, at(3))
        thread.say("bot", "Bye.", at(3), at(4))
        draining = group.create_task(thread.drain(0.5))
        thread.close(closed, "Thanks.", at(2))
    assert draining.result() == 0
    assert [m.text for m in thread.recent(5)] == ["Thanks.", "So I was", "Bye."]


async def test_draining_an_idle_thread_ends_its_task_and_may_be_repeated(log: ThreadLog) -> None:
    thread = CallThread(log, "t", "call")
    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run())
        assert await thread.drain(5.0) == 0
        assert await thread.drain(5.0) == 0


async def test_draining_after_the_task_was_cancelled_returns_what_is_unsaved(
    log: ThreadLog, path: Path
) -> None:
    thread = CallThread(log, "t", "call")
    with locked(path):
        task = asyncio.ensure_future(thread.run())
        thread.say("bot", "lost", at(0), at(1))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert await thread.drain(60.0) == 1


async def test_recent_shows_a_messages_newest_delivery(log: ThreadLog, store: SqlThreadStore) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        message_id = thread.say("bot", "Hi", at(0), at(1))
        await inbox.until(lambda: bool(thread.recent(1)))
        changed = await store.set_delivery(message_id, "delivered")
        assert changed is not None
        log.tell(changed)
        assert thread.recent(1) == [changed]


async def test_memory_is_bounded_in_a_long_call_with_a_forgetful_recogniser(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call", patience_s=0.0), Inbox(log)
    async with running(thread):
        for n in range(210):
            thread.open("caller", None, at(n))
            thread.say("bot", f"{n}", at(n), at(n + 1))
        await inbox.until(lambda: len(inbox.texts()) == 210)
        assert await thread.drain(0.1) == 0
    assert len(thread.recent(1000)) == 200
    assert thread.recent(1)[0].seq == 210


async def test_of_what_a_forgetful_recogniser_never_closes_the_thread_says_what_is_missing(
    log: ThreadLog,
) -> None:
    thread, inbox = CallThread(log, "t", "call", patience_s=0.0, grace_s=0.0), Inbox(log)
    async with running(thread):
        begun, _ = thread.open("caller", None, at(0)), thread.open("human", None, at(1))
        thread.partial(begun, "I wa")
        for n in range(MAX_OPEN):
            thread.open("caller", None, at(2 + n))
        await inbox.until(lambda: len(inbox.texts()) == 2)
        assert inbox.texts() == ["I wa …", "Something that the operator said could not be transcribed."]
        assert await thread.drain(0.1) == 0


async def test_two_calls_share_a_thread_without_gaps(log: ThreadLog, store: SqlThreadStore) -> None:
    calls = [CallThread(log, "t", f"call{n}") for n in range(3)]
    async with running(calls[0]), running(calls[1]), running(calls[2]):
        for n in range(20):
            for call in calls:
                call.say("bot", f"{n}", at(n), at(n + 1))
    messages = await store.messages("t") or []
    assert [m.seq for m in messages] == list(range(1, 61))
    for n in range(3):
        assert [m.text for m in messages if m.call_id == f"call{n}"] == [f"{k}" for k in range(20)]


async def test_a_text_does_not_wait_for_what_is_still_being_said_which_is_marked_late_then(
    log: ThreadLog,
) -> None:
    thread, inbox = CallThread(log, "t", "call", patience_s=60.0, grace_s=0.01), Inbox(log)
    async with running(thread):
        story = thread.open("caller", None, at(0))
        okay = thread.open("human", "Ada", at(4))
        thread.ended(okay, at(5))
        thread.close(okay, "Okay.", at(5))
        await inbox.until(lambda: inbox.texts() == ["Okay."])
        thread.ended(story, at(15))
        assert thread.behind_s > 0
        answer = thread.say("human", "I see.", at(16), at(17))
        thread.close(story, "And then it broke.", at(99))
        await inbox.until(lambda: len(inbox.texts()) == 3)
        assert thread.behind_s == 0
    told = [(m.text, m.late, m.ended_at) for m in thread.recent(5)]
    assert told == [("Okay.", False, at(5)), ("And then it broke.", True, at(15)), ("I see.", False, at(17))]
    assert thread.recent(1)[0].id == answer


async def test_speech_that_nobody_keeps_is_a_note_with_its_length(log: ThreadLog) -> None:
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with running(thread):
        lost = thread.open("caller", None, at(0))
        thread.partial(lost, "I wa")
        thread.ended(lost, at(3))
        thread.defer(lost, bytes(8000 * 2 * 3), 8000, "The engine is down.")
        thread.defer(lost, bytes(8000 * 2 * 3), 8000, "The engine is down.")
        await inbox.until(lambda: bool(inbox.texts()))
    assert [m.text for m in inbox.messages] == ["I wa", "", "3 s of speech could not be transcribed."]
