"""A server that is killed again and again in the middle of calls, and what must be true all the same."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
from socketio.exceptions import SocketIOError

from telephony.errors import TelephonyError
from tests.alive5_server import Alive5Server, Received
from tests.e2e.test_thread_viewers import Viewer
from tests.harness.console import Console
from tests.harness.figures import scrape
from tests.harness.handoff import call_of, phone_for
from tests.harness.outbox import listed
from tests.harness.server import ServerProcess

GONE = (aiohttp.ClientError, SocketIOError, TelephonyError, OSError, TimeoutError, RuntimeError)
"""What whoever talks to a server may meet when it is killed."""


class Crashes:
    """One conversation in one thread through many crashes. Use within a running `alive5`.

    `told`: the finals that a viewer was given, by id, as they were given first; `seen`: how many servers got
    far enough to tell one. `longest_life`: seconds that a server lives at most once it is up. `voice`: what a
    caller says, as s16le mono at 8 kHz, where the server has engines to hear it.
    """

    def __init__(
        self,
        folder: Path,
        alive5: Alive5Server,
        seed: int,
        *,
        longest_life: float = 2.5,
        voice: Sequence[bytes] = (),
        **settings: object,
    ) -> None:
        self.thread_id = f"thread-{seed}"
        self.server = ServerProcess(folder, alive5_url=alive5.url, alive5_key=alive5.key, **settings)
        self.folder, self.alive5 = folder, alive5
        self._longest_life, self._voice = longest_life, voice
        self.told: dict[str, dict[str, Any]] = {}
        self.seen = 0
        self._random = random.Random(seed)
        alive5.acknowledges = True
        alive5.die_on = self._cuts

    def _cuts(self, item: Received) -> bool:
        """alive5 loses a connection now and then, right after it got something."""
        return item.event != "init_voice_agent" and self._random.random() < 0.03

    async def round(self, number: int) -> None:
        """Start the server, talk, kill it at some moment, and look at what is left."""
        if self._random.random() < 0.15:
            await self._kill_at_birth()
        await self.server.start()
        if number:
            await self.check()
        if self._voice:
            await self.server.ready()
        viewer = Viewer(self.server, self.thread_id)
        talking = asyncio.ensure_future(self._talk(viewer, number))
        done, _ = await asyncio.wait({talking}, timeout=self._random.uniform(0.1, self._longest_life))
        assert not done, talking.exception()
        await self.server.kill()
        talking.cancel()
        with suppress(asyncio.CancelledError, *GONE):
            await talking
        self._remember(viewer)

    async def check(self) -> None:
        """What was told is in the thread, once and unchanged; no call is left open."""
        stored = await self.server.messages(self.thread_id) if self.told else []
        assert [message["seq"] for message in stored] == [*range(1, len(stored) + 1)]
        assert len({message["id"] for message in stored}) == len(stored)
        kept = {message["id"]: _said(message) for message in stored}
        for message in self.told.values():
            assert kept.get(message["id"]) == _said(message)
        for call_id in {message["callId"] for message in stored}:
            async with self.server.session.get(f"{self.server.url}/api/calls/{call_id}") as answer:
                # A call may die after its first word and before its own row is written.
                if answer.status != 404:
                    view = await answer.json()
                    assert (view["state"], view["endReason"]) == ("ended", "interrupted")

    async def check_alive5(self) -> int:
        """alive5 has each message once and in order, or it is flagged; and each call's end likewise.

        Returns how many messages are flagged.
        """
        async with asyncio.timeout(60):
            while await self._on_its_way():
                pass
        stored = await self.server.messages(self.thread_id)
        assert {message["delivery"] for message in stored} <= {"delivered", "failed"}
        flags = {message["deliveryNote"] for message in stored if message["delivery"] == "failed"}
        assert flags <= {"uncertain"}
        assert came_in_order(stored, self.alive5.texts())
        ends = [row for row in await listed(self.folder, "--all") if row["kind"] == "end_voice_chat"]
        assert len(ends) == len({message["callId"] for message in stored})
        certain = sum(row["state"] == "delivered" for row in ends)
        assert certain <= len(self.alive5.sent("end_voice_chat")) <= len(ends)
        return sum(message["deliveryNote"] is not None for message in stored)

    async def _on_its_way(self) -> float:
        """Rows that the server still has to deliver, or is delivering."""
        figures = await scrape(self.server)
        return figures["patchbay_outbox_rows", "pending"] + figures["patchbay_outbox_rows", "sending"]

    async def _kill_at_birth(self) -> None:
        starting = asyncio.ensure_future(self.server.start())
        await asyncio.wait({starting}, timeout=self._random.uniform(0.0, 2.0))
        await self.server.kill()
        with suppress(*GONE):
            await starting

    async def _talk(self, viewer: Viewer, number: int) -> None:
        """Two calls in one thread, one of them taken by an operator who types; keys are pressed in both."""
        parameters = {"threadId": self.thread_id}
        async with Console(self.server) as console, viewer:
            await viewer.subscribe(afterSeq=max((m["seq"] for m in self.told.values()), default=0))
            phone, other = (phone_for(self.server, **parameters) for _ in range(2))
            async with phone, other:
                call_id = await call_of(console, phone)
                await self.server.post(f"/api/calls/{call_id}/handoff", {}, status=202)
                assert (await console.command("accept_call", callId=call_id))["ok"]
                for line in itertools.count(1):
                    if self._voice and line % 80 == 1:  # with a pause, so that utterances end
                        other.speak_pcm(self._random.choice(self._voice))
                    await phone.press(self._random.choice("123456789"))
                    await other.press(self._random.choice("*#0"))
                    await console.command("say", callId=call_id, text=f"Round {number}, line {line}.")
                    # People do not type faster.
                    await asyncio.sleep(self._random.uniform(0.01, 0.1))

    def _remember(self, viewer: Viewer) -> None:
        finals = [message for message in viewer.messages if message["final"]]
        self.seen += bool(finals)
        for message in finals:
            assert self.told.setdefault(message["id"], message) is message, "a viewer sees nothing twice"


def came_in_order(stored: Sequence[dict[str, Any]], texts: Sequence[str]) -> bool:
    """True where `texts` are those of `stored`, in order, each once; a failed one may be missing."""
    reached: Collection[int] = {0}
    for message in stored:
        taken = {at + 1 for at in reached if at < len(texts) and texts[at] == message["text"]}
        reached = taken | (set(reached) if message["delivery"] == "failed" else set())
    return len(texts) in reached


def _said(message: dict[str, Any]) -> dict[str, Any]:
    """What never changes of a message."""
    return {key: value for key, value in message.items() if key not in ("delivery", "deliveryNote")}
