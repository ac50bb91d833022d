"""A whole call in this process, with its database and its model, on a line that only writes down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.bot.context import GlobalInstructions
from bridge.bot.llm import LanguageModel
from bridge.call.agent_side import Loss
from bridge.call.call import Call
from bridge.call.services import Services, Timing, Withdrawal
from bridge.call.switchboard import Switchboard
from bridge.directory import Holder, MemoryDirectory
from bridge.flow import parse_template
from bridge.media.clock import MediaClock
from bridge.ports import Caller
from bridge.speech.engines import build_stt, build_tts
from bridge.tasks import TaskOwner
from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from tests.bridge.call.recording_line import RecordingLine
from tests.harness.llm import ChatServer

FLOW = {
    "Flow_1": {
        "type": "greeting",
        "name": "hello",
        "text": "Hello.",
        "next_flow": {
            "type": "question",
            "name": "colour",
            "text": "Red or blue?",
            "answers": {
                "red": {"type": "question", "name": "size", "text": "Which size?", "answers": {"1-9": None}},
                "blue": None,
            },
        },
    }
}


class Follower:
    """Whoever follows the turns: keeps each complete one."""

    def __init__(self) -> None:
        self.turns: list[dict[str, object]] = []
        self.told = asyncio.Event()

    def call_turn(self, call: Call, event: str, data: dict[str, object]) -> None:
        if event == "turn.complete":
            self.turns.append(data)
            self.told.set()

    def call_changed(self, call: Call) -> None:
        return

    def call_offered(self, call: Call) -> None:
        return

    def call_claimed(self, call: Call, holder: Holder) -> None:
        return

    def call_withdrawn(self, call: Call, reason: Withdrawal) -> None:
        return

    def call_quality(self, call: Call, quality: dict[str, object]) -> None:
        return


class Agent:
    """A software agent that answers every turn with the same words."""

    def __init__(self, name: str, reply: str) -> None:
        self.holder = Holder(f"agent:{name}", name, "agent")
        self._reply = reply

    async def ask(self, call_id: str, transcript: str, within: float | None) -> str:
        """See AgentLink."""
        return self._reply

    def lost(self, call_id: str, reason: Loss, by: Holder | None) -> None:
        """See AgentLink."""


class Conversation:
    """One call, seen from the caller's side."""

    def __init__(self, call: Call, switchboard: Switchboard, follower: Follower, llm: ChatServer) -> None:
        self.call, self.switchboard, self._follower, self._llm = call, switchboard, follower, llm

    async def hear(self, text: str) -> dict[str, object]:
        """The caller says `text`; returns the turn once it has been answered."""
        count = len(self._follower.turns)
        self.write("caller", text)
        self.call.caller_side.said(text)
        async with asyncio.timeout(20):
            while len(self._follower.turns) == count:
                self._follower.told.clear()
                await self._follower.told.wait()
        return self._follower.turns[count]

    def write(self, speaker: Any, text: str, name: str | None = None) -> None:
        """Somebody has said `text`."""
        now = datetime.now(UTC)
        self.call.thread.say(speaker, text, now, now, name=name)

    def replies(self) -> list[list[dict[str, str]]]:
        """The messages of each request for a reply."""
        return [turns for turns in self._all() if "telephone assistant" in turns[0]["content"]]

    def digests(self) -> list[list[dict[str, str]]]:
        """The messages of each request to extend the summary."""
        return [turns for turns in self._all() if is_digest(turns)]

    def _all(self) -> Sequence[list[dict[str, str]]]:
        return [request["messages"] for request in self._llm.requests]


def is_digest(turns: list[dict[str, str]]) -> bool:
    """True for a request to extend a summary."""
    return "Keep the minutes" in turns[0]["content"]


@asynccontextmanager
async def conversation(folder: Path, server: ChatServer) -> AsyncIterator[Conversation]:
    """A call whose bot has said its greeting and asked its question."""
    store = SqlThreadStore(f"sqlite+aiosqlite:///{folder / 'patchbay.db'}", outbox=False)
    await store.start()
    llm = LanguageModel(server.url, None, "tiny", patience=10)
    clock, follower, tasks = MediaClock(), Follower(), TaskOwner("test")
    tasks.start(clock.run())
    services = Services(
        clock=clock,
        directory=MemoryDirectory(),
        stt=build_stt("none", model=None),
        tts=build_tts("none", voice=None),
        llm=llm,
        flow=parse_template(FLOW),
        log=ThreadLog(store),
        store=store,
        events=follower,
        timing=Timing(),
        instructions=GlobalInstructions(),
    )
    asked = asyncio.Event()
    services.log.subscribe("thread", lambda message: asked.set() if message.text == "Red or blue?" else None)
    switchboard = Switchboard(services, max_calls=2)
    switchboard.accept(RecordingLine(), Caller("call", "thread", "crm", "channel", "test"))
    call = switchboard.find("call")
    assert call is not None
    try:
        async with asyncio.timeout(20):
            await asked.wait()
        yield Conversation(call, switchboard, follower, server)
    finally:
        switchboard.end_all()
        await switchboard.close(deadline=5)
        await tasks.close()
        await llm.close()
        await store.close()
