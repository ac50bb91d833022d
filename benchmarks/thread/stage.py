"""A server with bridged calls on it whose threads are read along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine
from benchmarks.media.bridges import OurBridge
from benchmarks.media.call import Call
from benchmarks.media.endpoint import PCMU
from benchmarks.media.pacer import Pacer
from benchmarks.thread.hearing import Heard, all_heard
from benchmarks.thread.talk import Scene, perform, settle
from benchmarks.viewer import ThreadViewer
from tests.harness.server import ServerProcess


@dataclass(slots=True)
class Stage:
    """Bridged calls (µ-law from the phone, PCMU from the operator), each with a viewer of its thread."""

    server: ServerProcess
    pacer: Pacer
    calls: list[Call]
    viewers: list[ThreadViewer]

    async def play(
        self, scenes: Sequence[Scene], *, patience_s: float = 15.0
    ) -> tuple[list[list[Heard]], list[list[Heard]]]:
        """Let the first calls say these scenes, one each; returns what the callers said and the operators.

        Each of both has a list of utterances for every call. `patience_s`: how long to wait for finals once
        nothing comes any more.
        """
        count = len(scenes)
        spoken = await perform(self.calls[:count], scenes)
        found = await asyncio.gather(
            *(
                all_heard(said, viewer.came, speaker, patience_s)
                for viewer, sides in zip(self.viewers[:count], spoken, strict=True)
                for said, speaker in zip(sides, ("caller", "human"), strict=True)
            )
        )
        return found[::2], found[1::2]


@asynccontextmanager
async def stage(folder: Path, calls: int, settings: Mapping[str, object]) -> AsyncIterator[Stage]:
    """A server with these settings, its engines loaded, and that many bridged calls, silent on both sides."""
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(OurBridge(folder, calls, settings=settings))
        await bridge.server.ready()
        if machine.supported():
            await machine.settle(bridge.pid)
        pacer = await stack.enter_async_context(Pacer())
        placed: list[Call] = []
        viewers: list[ThreadViewer] = []
        for number in range(calls):
            call = await bridge.place(pacer, PCMU, number)
            stack.push_async_callback(call.close)
            placed.append(call)
            thread_id = bridge.thread_id(number)
            viewers.append(await stack.enter_async_context(ThreadViewer(bridge.server, thread_id)))
        # The sweeps of a new call sound like speech: the first words would be the end of a long utterance.
        await settle(placed)
        yield Stage(bridge.server, pacer, placed, viewers)
