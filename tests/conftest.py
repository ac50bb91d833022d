"""What all tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.harness.server import ServerProcess


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A running server without speech engines."""
    async with ServerProcess(tmp_path) as process:
        yield process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """One server for all tests of a module, with the settings in the module's `SETTINGS`, if any.

    The module's tests must run in its loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    settings = getattr(request.module, "SETTINGS", {})
    async with ServerProcess(tmp_path_factory.mktemp("server"), **settings) as process:
        yield process
