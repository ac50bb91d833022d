"""What the outbox does with what alive5 refuses, with what comes late, and with rows changed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.ports import CallRow, Message
from bridge.thread.log import ThreadLog
from bridge.thread.outbox_desk import OutboxDesk, Unfit
from bridge.thread.store import SqlThreadStore
from tests.alive5_server import Alive5Server
from tests.bridge.thread.helpers import Inbox, at, caller, draft, sqlite_url
from tests.bridge.thread.test_outbox import pump_of, running, told


def notes(messages: list[Message] | None) -> list[tuple[str, str, str | None]]:
    """Texts with their deliveries and what is said of those, in order of seq."""
    return [(m.text, m.delivery, m.delivery_note) for m in messages or []]


async def test_a_message_that_may_have_arrived_is_told_from_one_that_was_refused(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    alive5.acknowledges = True
    alive5.answer = lambda item: {"ok": item.payload.get("message_content") != "refused"}
    alive5.die_on = lambda item: item.payload.get("message_content") == "cut off"
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    for text in ("fine", "cut off", "refused", "last"):
        await log.append(draft(text))
    async with running(pump_of(alive5, pushing, log)):
        await inbox.until(told(inbox, "delivered", "fine", "last"))
    assert notes(await pushing.messages("t")) == [
        ("fine", "delivered", None),
        ("cut off", "failed", "uncertain"),
        ("refused", "failed", "refused"),
        ("last", "delivered", None),
    ]
    assert alive5.texts() == ["fine", "cut off", "refused", "refused", "refused", "last"]


async def test_a_row_that_cannot_be_put_into_words_does_not_block_its_thread(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    await pushing.open_thread(caller())
    await pushing.add_outbox("save_crm_data", "t", {"key": "email"})
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    pump = pump_of(alive5, pushing, log)
    async with running(pump):
        await log.append(draft("after"))
        await inbox.until(told(inbox, "delivered", "after"))
    assert pump.outcomes == {"failed": 1, "delivered": 1}


async def test_a_thread_that_alive5_turns_away_for_good_is_given_up_while_others_are_served(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    alive5.turns_away = "bad"
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    await log.append(draft("never", thread_id="bad"))
    async with running(pump_of(alive5, pushing, log, refusals=4)):
        # alive5 takes nothing of anybody yet, so that the thread goes on being tried.
        await alive5.until(lambda: len(alive5.sent("init_voice_agent")) >= 8)
        assert notes(await pushing.messages("bad")) == [("never", "pending", None)]
        await log.append(draft("other", thread_id="good"))
        await inbox.until(told(inbox, "failed", "never"))
        await inbox.until(told(inbox, "delivered", "other"))
        assert notes(await pushing.messages("bad")) == [("never", "failed", "refused")]
        alive5.turns_away = None
        await log.append(draft("later", thread_id="bad"))
        await inbox.until(told(inbox, "delivered", "later"))
    assert alive5.texts() == ["other", "later"]


async def test_what_is_transcribed_after_the_end_follows_on_a_connection_of_its_own(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    pump = pump_of(alive5, pushing, log)
    async with running(pump):
        await log.append(draft("in time"))
        await pump.end_voice_chat("t", "call", "person", "Bye.")
        await alive5.until(lambda: bool(alive5.sent("end_voice_chat")))
        await log.append(draft("late"))
        await inbox.until(told(inbox, "delivered", "late"))
        assert await pump.end_voice_chat("t", "call", "person", "Bye.") is False
    said = [item.event for item in alive5.received]
    assert said == [
        "init_voice_agent", "post_message", "end_voice_chat", "init_voice_agent", "post_message",
    ]  # fmt: skip


async def test_a_thread_whose_ids_come_late_is_introduced_again(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    async with running(pump_of(alive5, pushing, log)):
        await log.append(draft("early"))
        await inbox.until(told(inbox, "delivered", "early"))
        await pushing.open_thread(caller())
        await log.append(draft("with ids"))
        await inbox.until(told(inbox, "delivered", "with ids"))
    assert [sent["crm_id"] for sent in alive5.sent("init_voice_agent")] == ["", "crm"]


async def test_the_last_value_of_a_field_is_what_alive5_ends_up_with(
    alive5: Alive5Server, pushing: SqlThreadStore
) -> None:
    def values() -> list[str]:
        return [sent["value"] for sent in alive5.sent("save_crm_data")]

    await pushing.open_thread(caller())
    for value in ("1", "2", "2"):
        await pushing.save_field("t", "call", "how many", value)
    assert [row.payload["value"] for row in await pushing.pending_outbox(9)] == ["2"]
    pump = pump_of(alive5, pushing, ThreadLog(pushing))
    async with running(pump):
        await alive5.until(lambda: values() == ["2"])
        asked = [await pump.save_crm_data("t", "call", "how many", value) for value in ("2", "3", "2")]
        assert asked == [False, True, True]
        # What had not left yet was replaced.
        await alive5.until(lambda: values() in (["2", "2"], ["2", "3", "2"]))


async def test_a_call_whose_end_was_never_told_is_found_and_others_are_not(pushing: SqlThreadStore) -> None:
    for call_id, ended in (("told", True), ("live", False), ("ended", True), ("silent", True)):
        await pushing.save_call(CallRow(call_id, call_id, at(0), at(9) if ended else None))
        if call_id != "silent":
            await pushing.append(draft(thread_id=call_id, call_id=call_id))
    await pushing.append(draft(thread_id="live", call_id="without a row"))
    await pushing.add_outbox("end_voice_chat", "told", {}, key="told")
    assert await pushing.unended_chats() == [("ended", "ended"), ("without a row", "live")]


@pytest.fixture
async def desk(pushing: SqlThreadStore, path: Path) -> OutboxDesk:
    """A desk beside the store `pushing`, with rows in every state: ids 1 to 5, and 6 which is due."""
    desk = OutboxDesk(sqlite_url(path))
    await desk.start()
    for state in ("delivered", "failed", "uncertain", "sending", "dropped", "pending"):
        message = await pushing.append(draft(state))
        row = (await pushing.pending_outbox(9))[-1]
        if state == "sending":
            await pushing.begin_attempt(row.id)
        elif state == "dropped":
            await desk.drop([row.id])
        elif state != "pending":
            await pushing.mark_outbox(row.id, state)
        assert message.delivery == "pending"
    return desk


async def test_rows_are_listed_by_state_and_thread(desk: OutboxDesk) -> None:
    everything = await desk.rows()
    assert [row.state for row in everything] == [
        "delivered", "failed", "uncertain", "sending", "dropped", "pending",
    ]  # fmt: skip
    assert [row.text for row in await desk.rows(states=["failed", "uncertain"])] == ["failed", "uncertain"]
    assert await desk.rows(thread_id="other") == []
    await desk.close()


async def test_only_what_failed_can_be_retried_and_only_what_waits_or_failed_dropped(
    desk: OutboxDesk, pushing: SqlThreadStore
) -> None:
    for row_id in (1, 4, 6, 99):
        with pytest.raises(Unfit, match=str(row_id)):
            await desk.retry([2, row_id])
    for row_id in (1, 4, 5, 99):
        with pytest.raises(Unfit, match=str(row_id)):
            await desk.drop([6, row_id])
    assert len(await desk.rows(ids=range(40_000))) == 6
    assert [row.id for row in await pushing.pending_outbox(9)] == [6], "all of them or none"
    await desk.retry([2, 3, 5])
    await desk.drop([6])
    assert [row.id for row in await pushing.pending_outbox(9)] == [2, 3, 5]
    shown = [m.delivery_note or m.delivery for m in await pushing.messages("t") or []]
    assert shown == ["delivered", "pending", "pending", "pending", "pending", "dropped"]
    await desk.close()


async def test_what_is_put_back_or_dropped_by_hand_is_noticed_by_a_pump_that_runs(
    alive5: Alive5Server, pushing: SqlThreadStore, path: Path
) -> None:
    alive5.die_on = lambda item: item.payload.get("message_content") == "again"
    log = ThreadLog(pushing)
    inbox = Inbox(log)
    desk = OutboxDesk(sqlite_url(path))
    await desk.start()
    async with running(pump_of(alive5, pushing, log, poll_s=0.05)):
        for text in ("again", "other"):
            await log.append(draft(text))
        await inbox.until(told(inbox, "delivered", "other"))
        alive5.die_on = None
        (row,) = await desk.rows(states=["uncertain"])
        await desk.retry([row.id])
        await inbox.until(told(inbox, "delivered", "again"))
    assert alive5.texts() == ["again", "other", "again"]
    await desk.close()


async def test_a_row_dropped_after_it_was_read_is_not_sent(pushing: SqlThreadStore, path: Path) -> None:
    await pushing.append(draft())
    (row,) = await pushing.pending_outbox(1)
    desk = OutboxDesk(sqlite_url(path))
    await desk.start()
    await desk.drop([row.id])
    assert await pushing.begin_attempt(row.id) is None
    await desk.close()


async def test_the_backlog_is_counted_by_state_with_the_age_of_its_oldest(
    desk: OutboxDesk, pushing: SqlThreadStore
) -> None:
    figures = await pushing.outbox_figures()
    assert figures.rows == {"pending": 1, "sending": 1, "failed": 1, "uncertain": 1, "dropped": 1}
    assert 0 <= figures.oldest_s < 60
    await desk.close()
