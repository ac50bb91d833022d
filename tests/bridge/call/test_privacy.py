"""What a pause keeps back: what people say, their keys, and what the flow collects meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.call.ear import Ear
from bridge.call.key_entry import KeyEntry
from bridge.call.privacy import Privacy
from bridge.call.states import State
from bridge.call.tasks import CallTasks
from bridge.errors import BridgeError
from bridge.media.frame import Frame
from bridge.ports import Codec, Urgency
from bridge.speech.engines import DisabledSpeechToText
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from bridge.thread.writer import CallThread
from tests.bridge.thread.helpers import Inbox, at, sqlite_url
from tests.harness.voice import RATE, synthesise


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


async def test_what_was_said_in_a_pause_and_is_answered_after_it_is_not_shared(log: ThreadLog) -> None:
    desk = desk_of(log)
    desk.collected = {"size": "small"}
    desk.privacy.answered("A small one.")
    desk.privacy.switch(True, "sam")
    desk.privacy.heard("12345")
    desk.privacy.switch(False, "sam")
    desk.privacy.heard("On Monday.")
    desk.collected["number"] = "12345"
    desk.privacy.answered("12345")
    desk.collected["day"] = "Monday"
    desk.privacy.answered("On Monday.")
    assert desk.privacy.shareable() == {"size": "small", "day": "Monday"}
    desk.collected["number"] = "54321"
    desk.privacy.answered("12345")
    assert desk.privacy.shareable()["number"] == "54321", "asked again after the pause"


class Slow(DisabledSpeechToText):
    """An engine that makes words out when it is told to."""

    def __init__(self, text: str) -> None:
        self.text, self.go = text, asyncio.Event()

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """The text."""
        await self.go.wait()
        return self.text


async def test_what_is_still_being_made_out_when_a_pause_ends_is_not_shared(log: ThreadLog) -> None:
    desk, stt, tasks = desk_of(log), Slow("My name is Ada."), CallTasks("call", lambda: None)
    answered = asyncio.Event()

    def answer(text: str) -> None:
        desk.collected["name"] = "Ada"
        desk.privacy.heard(text)
        desk.privacy.answered(text)
        answered.set()

    spoken = (await synthesise([stt.text]))[stt.text]
    spawn = tasks.spawn
    async with tasks, asyncio.timeout(30):
        ear = Ear(speaker="caller", name=None, rate=RATE, stt=stt, thread=desk.thread, spawn=spawn)
        desk.privacy.ear(ear).listen(on_speech=lambda: None, on_text=answer, on_nothing=lambda: None)
        desk.privacy.switch(True, "sam")
        for at_byte in range(0, len(spoken) - 319, 320):
            ear.push(Frame.of_pcm(spoken[at_byte : at_byte + 320], Codec.L16_8K), at_once=True)
        desk.privacy.switch(False, "sam")
        stt.go.set()
        await answered.wait()
    assert desk.collected == {"name": "Ada"}
    assert desk.privacy.shareable() == {}


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
