"""What the store keeps and how it numbers it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bridge.ports import CallRow, ThreadStore
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import at, caller, draft, sqlite_url


async def test_concurrent_appends_are_numbered_densely_in_each_thread(store: SqlThreadStore) -> None:
    drafts = [draft(f"{n}", thread_id=f"t{n % 3}") for n in range(60)]
    await asyncio.gather(*(store.append(item) for item in drafts))
    for thread_id in ("t0", "t1", "t2"):
        messages = await store.messages(thread_id)
        assert messages is not None
        assert [message.seq for message in messages] == list(range(1, 21))
        assert {message.id for message in messages} == {d.id for d in drafts if d.thread_id == thread_id}


async def test_two_stores_on_one_file_number_one_thread_densely(path: Path) -> None:
    first, second = (SqlThreadStore(sqlite_url(path), outbox=True) for _ in range(2))
    await asyncio.gather(first.start(), second.start())
    done = await asyncio.gather(*(s.append(draft()) for _ in range(25) for s in (first, second)))
    assert sorted(message.seq for message in done) == list(range(1, 51))
    await first.close()
    await second.close()


async def test_the_same_draft_is_stored_once(store: SqlThreadStore) -> None:
    item = draft("once")
    first = await store.append(item)
    await store.append(draft("between"))
    again = await asyncio.gather(*(store.append(item) for _ in range(5)))
    assert again == [first] * 5
    assert [m.text for m in await store.messages("t") or []] == ["once", "between"]


async def test_what_comes_after_something_said_later_in_its_call_is_late(store: SqlThreadStore) -> None:
    await store.append(draft("second", start=5))
    note = replace(draft("a note", start=9), speaker="system")
    assert not (await store.append(note)).late
    assert not (await store.append(draft("at once", start=5))).late
    first = await store.append(draft("first", start=4))
    assert (first.late, first.seq, first.started_at) == (True, 4, at(4))
    assert not (await store.append(draft("third", start=8))).late
    assert not (await store.append(replace(draft("another call", start=0), call_id="other"))).late
    assert (await store.append(replace(draft("known late", start=10), late=True))).late
    assert [m.late for m in await store.messages("t") or []] == [
        False,
        False,
        False,
        True,
        False,
        False,
        True,
    ]


async def test_a_cancelled_append_leaves_no_gap(store: SqlThreadStore) -> None:
    for steps in range(25):
        task = asyncio.ensure_future(store.append(draft()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await store.append(draft("last"))
    messages = await store.messages("t") or []
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    assert messages[-1].text == "last"


async def test_everything_is_there_after_reopening(store: SqlThreadStore, path: Path) -> None:
    await store.open_thread(caller())
    written = [await store.append(draft(f"{n}", start=n)) for n in range(5)]
    await store.close()
    reopened: ThreadStore = SqlThreadStore(sqlite_url(path), outbox=False)
    assert isinstance(reopened, SqlThreadStore)
    await reopened.start()
    assert await reopened.messages("t") == written
    assert (await reopened.append(draft())).seq == 6
    await reopened.close()


async def test_messages_can_be_read_from_a_seq_on(store: SqlThreadStore) -> None:
    for n in range(1, 6):
        await store.append(draft(f"{n}"))
    assert [m.text for m in await store.messages("t", after_seq=3) or []] == ["4", "5"]
    assert await store.messages("t", after_seq=5) == []


async def test_an_unknown_thread_is_none_and_an_opened_one_is_empty(store: SqlThreadStore) -> None:
    assert await store.messages("t") is None
    await store.open_thread(caller())
    assert await store.messages("t") == []


async def test_threads_are_listed_newest_first_with_their_counts(store: SqlThreadStore) -> None:
    for n, thread_id in enumerate(("old", "new", "middle")):
        await store.open_thread(caller(thread_id, number=f"+{n}"))
    later = datetime.now(UTC) + timedelta(hours=1)
    for thread_id, start in (("old", 0.0), ("middle", 1.0), ("new", 2.0), ("new", 3.0)):
        moment = (later - at(0)).total_seconds() + start
        await store.append(draft(thread_id=thread_id, start=moment))
    listed = await store.threads(limit=2)
    assert [(t.thread_id, t.number, t.message_count) for t in listed] == [
        ("new", "+1", 2),
        ("middle", "+2", 1),
    ]


async def test_calling_again_refreshes_the_thread_and_keeps_a_known_number(store: SqlThreadStore) -> None:
    await store.open_thread(caller(number="+1555", crm_id="old"))
    await store.append(draft())
    await store.open_thread(caller(number="", crm_id="new"))
    (thread,) = await store.threads(limit=10)
    assert (thread.number, thread.crm_id, thread.message_count) == ("+1555", "new", 1)


async def test_times_keep_their_instant_and_come_back_in_utc(store: SqlThreadStore) -> None:
    local = datetime(2026, 7, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-7)))
    row = CallRow("c", "t", local, None, {"state": "bot"})
    await store.save_call(row)
    loaded = await store.load_call("c")
    assert loaded == row
    assert loaded.started_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", ["a\x00b", "lone \ud83d surrogate", "日本語 🙂", "x" * 100_000])
async def test_odd_text_is_stored_and_does_not_block_the_thread(store: SqlThreadStore, text: str) -> None:
    message = await store.append(draft(text))
    assert message.text == text.replace("\x00", "").replace("\ud83d", "?")
    assert (await store.messages("t") or [])[0] == message


async def test_a_call_is_replaced_by_its_newest_row(store: SqlThreadStore) -> None:
    assert await store.load_call("c") is None
    await store.save_call(CallRow("c", "t", at(0), None, {"state": "bot"}))
    ended = CallRow("c", "t", at(0), at(9), {"state": "ended", "endReason": "caller_hung_up"})
    await store.save_call(ended)
    assert await store.load_call("c") == ended


async def test_reconciling_ends_open_calls_once_and_leaves_ended_ones(store: SqlThreadStore) -> None:
    ended = CallRow("ended", "t", at(0), at(5), {"state": "ended", "endReason": "caller_hung_up"})
    await store.save_call(ended)
    await store.save_call(
        CallRow("b", "t", at(2), None, {"state": "bridged", "queue": "sales", "transcript": "paused"})
    )
    await store.save_call(CallRow("a", "t", at(1), None, {"state": "bot"}))
    assert await store.reconcile_calls(at(60)) == ["a", "b"]
    assert await store.reconcile_calls(at(70)) == []
    assert await store.load_call("ended") == ended
    left = await store.load_call("b")
    assert left is not None
    assert left.ended_at == at(60)
    assert left.view == {
        "state": "ended",
        "queue": "sales",
        "endedAt": "2026-11-21T12:01:00.000Z",
        "endReason": "interrupted",
        "endedBy": "us",
        "transcript": "on",
        "line": "up",
    }


async def test_without_outbox_a_message_is_local_and_nothing_is_due(store: SqlThreadStore) -> None:
    assert (await store.append(draft())).delivery == "local"
    assert await store.pending_outbox(10) == []


async def test_with_outbox_every_message_is_due_once_with_its_threads_ids(pushing: SqlThreadStore) -> None:
    await pushing.open_thread(caller())
    item = draft("hi", speaker="caller")
    assert (await pushing.append(item)).delivery == "pending"
    await pushing.append(item)
    (row,) = await pushing.pending_outbox(10)
    assert (row.kind, row.message_id, row.crm_id, row.channel_id) == (
        "post_message",
        item.id,
        "crm",
        "channel",
    )
    assert row.payload == {"speaker": "caller", "message_content": "hi"}


async def test_what_is_due_once_per_call_is_added_once(pushing: SqlThreadStore) -> None:
    await pushing.open_thread(caller())
    end = {"end_by": "person", "message_content": ""}
    adding = (pushing.add_outbox("end_voice_chat", "t", end, key="call") for _ in range(5))
    assert sorted(await asyncio.gather(*adding)) == [False] * 4 + [True]
    assert await pushing.add_outbox("end_voice_chat", "t", end, key="other call") is True
    assert len(await pushing.pending_outbox(10)) == 2


async def test_an_attempt_left_open_is_settled_as_failed_and_not_due_again(pushing: SqlThreadStore) -> None:
    for text in ("sent", "attempted", "due"):
        await pushing.append(draft(text))
    sent, attempted, _ = await pushing.pending_outbox(10)
    await pushing.begin_attempt(sent.id)
    done = await pushing.mark_outbox(sent.id, "delivered")
    assert done is not None
    assert done.delivery == "delivered"
    await pushing.begin_attempt(attempted.id)
    assert [m.text for m in await pushing.settle_interrupted()] == ["attempted"]
    assert await pushing.settle_interrupted() == []
    states = {m.text: m.delivery for m in await pushing.messages("t") or []}
    assert states == {"sent": "delivered", "attempted": "failed", "due": "pending"}
    assert [row.payload["message_content"] for row in await pushing.pending_outbox(10)] == ["due"]


async def test_set_delivery_returns_the_message_as_it_is_now(store: SqlThreadStore) -> None:
    message = await store.append(draft())
    changed = await store.set_delivery(message.id, "failed")
    assert changed is not None
    assert changed.delivery == "failed"
    assert await store.messages("t") == [changed]
    assert await store.set_delivery("unknown", "failed") is None


async def test_threads_are_found_by_what_is_in_their_id_number_or_name(store: SqlThreadStore) -> None:
    for thread_id, number, name in (
        ("t-1", "+100", "Ada Lovelace"),
        ("t-2", "+200", None),
        ("t_3", "", "50% Bob"),
    ):
        await store.open_thread(replace(caller(thread_id, number=number), name=name))

    async def found(text: str) -> set[str]:
        return {thread.thread_id for thread in await store.threads(limit=10, matching=text)}

    assert await found("lovel") == {"t-1"}
    assert await found("+2") == {"t-2"}
    assert await found("T-") == {"t-1", "t-2"}
    assert await found("_") == await found("%") == {"t_3"}
    assert await found("nobody") == set()
    assert len(await store.threads(limit=1, matching="t")) == 1


async def test_a_caller_who_keeps_their_name_back_is_still_known_by_it(store: SqlThreadStore) -> None:
    await store.open_thread(replace(caller(), name="Ada"))
    await store.open_thread(replace(caller(), name=None))
    assert [thread.name for thread in await store.threads(limit=10)] == ["Ada"]
