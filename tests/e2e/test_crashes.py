"""kill -9 in the middle of calls: nothing that anybody was told is lost or doubled, here or at alive5."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.alive5_server import Alive5Server
from tests.harness.crashes import Crashes, came_in_order


@pytest.fixture
async def alive5() -> AsyncIterator[Alive5Server]:
    """alive5, up and willing."""
    server = Alive5Server()
    await server.start()
    yield server
    await server.stop()


async def test_what_was_told_survives_three_crashes(tmp_path: Path, alive5: Alive5Server) -> None:
    crashes = Crashes(tmp_path, alive5, seed=5)
    for number in range(3):
        await crashes.round(number)
    async with crashes.server:
        await crashes.check()
        await crashes.check_alive5()
    assert crashes.seen >= 1
    assert len(crashes.told) > 3


def test_the_check_itself_notices_what_is_missing_doubled_or_out_of_order() -> None:
    stored = [
        {"text": text, "delivery": delivery}
        for text, delivery in (("a", "delivered"), ("b", "failed"), ("b", "delivered"), ("c", "delivered"))
    ]
    assert came_in_order(stored, ["a", "b", "b", "c"])
    assert came_in_order(stored, ["a", "b", "c"])
    for wrong in (["a", "c"], ["a", "b", "b"], ["a", "b", "b", "b", "c"], ["b", "a", "c"], []):
        assert not came_in_order(stored, wrong)
