"""A real adb server, alone with the phones that a test plugs in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.adb_server import AdbServer


@pytest.fixture
async def adb(tmp_path: Path) -> AsyncIterator[AdbServer]:
    """An adb server that runs."""
    async with AdbServer(tmp_path) as server:
        yield server
