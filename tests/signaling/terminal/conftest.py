"""What the tests of the terminal's commands share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.signaling.terminal.program import Program, Start, start


@pytest.fixture
async def patchbay(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts commands, each of which ends with the test."""
    programs: list[Program] = []

    async def begin(*arguments: str, terminal: bool = False, **settings: object) -> Program:
        programs.append(await start(tmp_path, arguments, settings, terminal=terminal))
        return programs[-1]

    yield begin
    for program in programs:
        await program.close()
