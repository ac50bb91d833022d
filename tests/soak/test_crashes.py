"""The long form of tests/e2e/test_crashes.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alive5_server import Alive5Server
from tests.harness.crashes import Crashes
from tests.harness.voice import synthesise

ROUNDS = 50
SPOKEN_ROUNDS = 8
SAID = ("I would like twelve muffins, please.", "Can you deliver them tomorrow morning?")


@pytest.fixture
async def alive5() -> AsyncIterator[Alive5Server]:
    """alive5, up and willing."""
    server = Alive5Server()
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("seed", [1])
async def test_what_was_told_survives_fifty_crashes(tmp_path: Path, alive5: Alive5Server, seed: int) -> None:
    crashes = Crashes(tmp_path, alive5, seed=seed)
    for number in range(ROUNDS):
        await crashes.round(number)
    async with crashes.server:
        await crashes.check()
        flagged = await crashes.check_alive5()
    told = len(crashes.told)
    print(f"{ROUNDS} kills, {crashes.seen} after something was told; {told} told, {flagged} flagged")
    assert crashes.seen > ROUNDS // 2


async def test_what_was_understood_survives_crashes_while_it_is_being_spoken(
    tmp_path: Path, alive5: Alive5Server
) -> None:
    voice = [*(await synthesise(SAID)).values()]
    crashes = Crashes(tmp_path, alive5, seed=2, longest_life=12.0, voice=voice, stt="whisper", tts="piper")
    for number in range(SPOKEN_ROUNDS):
        await crashes.round(number)
    async with crashes.server:
        await crashes.check()
        flagged = await crashes.check_alive5()
    spoken = [m["text"] for m in crashes.told.values() if m["speaker"] == "caller" and len(m["text"]) > 1]
    print(f"{SPOKEN_ROUNDS} kills; {len(crashes.told)} told, {len(spoken)} understood, {flagged} flagged")
    assert spoken
