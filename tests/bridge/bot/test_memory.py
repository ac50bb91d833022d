"""A long history: its end word for word, the rest in a summary, and nothing lost in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.bot.llm import LanguageModel
from bridge.bot.memory import DUE, MOST, Memory
from bridge.errors import BridgeError
from bridge.ports import Message
from tests.harness.llm import ChatServer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(seq: int, text: str) -> Message:
    return Message(str(seq), "thread", "call", seq, "caller", None, text, True, NOW, NOW)


class Talk:
    """What was said, and the memory of it; `tasks` are those that the memory has begun."""

    def __init__(self, llm: LanguageModel) -> None:
        self.messages: list[Message] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.broken = False
        self.memory = Memory(llm, self._read, self._spawn)

    def say(self, count: int, words: str = "") -> None:
        for _ in range(count):
            seq = len(self.messages) + 1
            self.messages.append(message(seq, f"point {seq}. {words}"))

    async def caught_up(self) -> None:
        self.memory.catch_up(self.messages[-200:])
        await asyncio.gather(*self.tasks)

    def shown(self) -> list[int]:
        return [found.seq for found in self.memory.recall(self.messages[-200:]).messages]

    async def _read(self, seq: int) -> Sequence[Message]:
        if self.broken:
            raise BridgeError("The database does not answer.")
        return self.messages[seq:]

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    async with ChatServer("THE MINUTES") as server:
        yield server


@pytest.fixture
async def talk(server: ChatServer) -> AsyncIterator[Talk]:
    llm = LanguageModel(server.url, None, "tiny", patience=5)
    yield Talk(llm)
    await llm.close()


async def test_a_short_conversation_needs_no_summary(server: ChatServer, talk: Talk) -> None:
    talk.say(DUE.messages)
    await talk.caught_up()
    assert server.requests == []
    assert talk.memory.recall(talk.messages).summary == ""
    assert talk.shown() == list(range(1, DUE.messages + 1))


async def test_every_message_is_in_the_summary_or_shown(server: ChatServer, talk: Talk) -> None:
    for _ in range(5):
        talk.say(60, "so to speak " * 20)
        await talk.caught_up()
    assert talk.memory.recall(talk.messages).summary == "THE MINUTES"
    records = [request["messages"][1]["content"] for request in server.requests]
    assert "Minutes so far: none" in records[0]
    assert all("Minutes so far: THE MINUTES" in record for record in records[1:])
    assert all(len(record) < 10_000 for record in records)
    summarised = [seq for seq in range(1, 301) if any(f"point {seq}. " in record for record in records)]
    assert summarised + talk.shown() == list(range(1, 301))
    assert sum(record.count("point ") for record in records) == len(summarised)


async def test_more_than_is_remembered_at_hand_is_summarised_from_the_thread(
    server: ChatServer, talk: Talk
) -> None:
    talk.say(500)
    await talk.caught_up()
    records = " ".join(request["messages"][1]["content"] for request in server.requests)
    assert "Caller: point 1.\n" in records
    assert talk.shown()[-1] == 500


async def test_a_few_very_long_messages_are_shown_shortened(talk: Talk) -> None:
    talk.say(40, "blah " * 2_000)
    assert talk.shown() == [*range(33, 41)]
    await talk.caught_up()
    assert talk.shown() == [37, 38, 39, 40]


async def test_a_summary_that_is_interrupted_or_fails_is_made_later(server: ChatServer, talk: Talk) -> None:
    talk.say(100)
    server.reply = None
    talk.memory.catch_up(talk.messages)
    talk.memory.catch_up(talk.messages)
    assert len(talk.tasks) == 1
    await server.asked(1)
    talk.memory.rest()
    await asyncio.wait(talk.tasks)
    talk.tasks.clear()
    assert talk.shown() == list(range(101 - MOST.messages, 101))
    server.reply, server.status = "THE MINUTES", 500
    await talk.caught_up()
    server.status, talk.broken = 200, True
    await talk.caught_up()
    assert talk.memory.recall(talk.messages).summary == ""
    talk.broken = False
    await talk.caught_up()
    assert talk.memory.recall(talk.messages).summary == "THE MINUTES"
    assert talk.shown() == list(range(85, 101))
