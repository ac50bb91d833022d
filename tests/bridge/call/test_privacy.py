"""What a pause keeps back: what people say, their keys, and what the flow collects meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.call.key_entry import KeyEntry
from bridge.call.privacy import Privacy
from bridge.call.states import State
from bridge.errors import BridgeError
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import CallThread
from tests.bridge.thread.helpers import Inbox, at, sqlite_url


class Desk:
    """A call's thread with its switch, and what the switch asks of the call."""

    def __init__(self, thread: CallThread) -> None:
        self.thread, self.state = thread, State.BOT
        self.collected: dict[str, str] = {}
        self.changes = 0
        self.privacy = Privacy(
            thread, state=lambda: self.state, collected=lambda: self.collected, on_change=self.changed
        )

    def changed(self) -> None:
        self.changes += 1


def desk_of(log: ThreadLog) -> Desk:
    """A desk on a thread of its own."""
    return Desk(CallThread(log, "t", "call"))


@pytest.fixture
def log(tmp_path: Path) -> ThreadLog:
    """A log whose database is not open: nothing is committed here."""
    return ThreadLog(SqlThreadStore(sqlite_url(tmp_path / "patchbay.db"), outbox=False))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlThreadStore]:
    """A database of its own."""
    store = SqlThreadStore(sqlite_url(tmp_path / "patchbay.db"), outbox=False)
    await store.start()
    yield store
    await store.close()


async def test_what_the_flow_collects_in_a_pause_is_not_shared(log: ThreadLog) -> None:
    desk = desk_of(log)
    desk.collected = {"name": "Ada", "size": "small"}
    desk.privacy.switch(True, "sam")
    desk.collected |= {"number": "12345", "size": "large"}
    assert desk.privacy.shareable() == {"name": "Ada"}
    desk.privacy.switch(False, "sam")
    desk.collected["day"] = "Monday"
    assert desk.privacy.shareable() == {"name": "Ada", "day": "Monday"}
    desk.collected["size"] = "small"
    assert desk.privacy.shareable()["size"] == "small", "asked again after the pause"


async def test_what_is_shared_has_no_card_number(log: ThreadLog) -> None:
    desk = desk_of(log)
    desk.collected = {"reference": "4111 1111 1111 1111", "phone": "415 555 1234"}
    assert desk.privacy.shareable() == {"reference": "•••• •••• •••• 1111", "phone": "415 555 1234"}


async def test_only_what_people_say_after_the_switch_is_left_out(store: SqlThreadStore) -> None:
    desk = desk_of(ThreadLog(store))
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.thread.run())
        before = desk.thread.open("caller", None, at(0))
        keys = desk.privacy.keys(KeyEntry(desk.thread, "caller", lambda: None))
        keys.press("12")
        desk.privacy.switch(True, "sam")
        keys.press("34")
        during = desk.thread.open("human", "sam", at(1))
        desk.thread.partial(during, "secret")
        desk.thread.say("bot", "All right.", at(2), at(3))
        desk.privacy.switch(False, "sam")
        desk.thread.close(during, "secret", at(4))
        desk.thread.close(before, "Hello.", at(1))
        keys.press("56#")
        assert await desk.thread.drain(20.0) == 0
    said = {message.text for message in await store.messages("t") or []}
    assert {"Hello.", "All right.", "12", "56#"} <= said
    assert not {"secret", "34"} & said


async def test_turning_the_switch_twice_changes_nothing_and_a_call_that_is_over_has_none(
    log: ThreadLog,
) -> None:
    desk = desk_of(log)
    for on in (False, True, True, False, False):
        desk.privacy.switch(on, "sam")
    assert desk.changes == 2
    desk.state = State.ENDED
    with pytest.raises(BridgeError, match="over"):
        desk.privacy.switch(True, "sam")


async def test_a_number_in_groups_is_masked_on_its_way_into_the_database(store: SqlThreadStore) -> None:
    log = ThreadLog(store)
    thread, inbox = CallThread(log, "t", "call"), Inbox(log)
    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run())
        for number, (speaker, text) in enumerate(
            (("caller", "4111"), ("human", "Yes."), ("caller", "1111 1111"), ("caller", "1111"))
        ):
            thread.say("caller" if speaker == "caller" else "human", text, at(number), at(number + 0.5))
        async with asyncio.timeout(30):
            await inbox.until(lambda: len(inbox.texts()) == 4)
        assert inbox.texts() == ["••••", "Yes.", "•••• ••••", "1111"]
        thread.say("human", "4222", at(60), at(61))
        assert thread.unsaved == 1, "it is held for what may follow"
        assert await thread.drain(20.0) == 0, "but not beyond the call's end"
    messages = await store.messages("t") or []
    assert [(m.seq, m.text) for m in messages][-1] == (5, "4222")
