"""What the tests of the web app share: one Chromium whose operators all have the same voice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.harness.browser import Browser, write_wav
from tests.harness.console import Console
from tests.harness.server import ServerProcess
from tests.harness.tones import pulsing
from tests.harness.web_console import OPERATOR_HZ, WebConsole


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operators(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A Chromium whose microphone sounds at OPERATOR_HZ, in pulses: what is even is taken for noise."""
    sound = pulsing(OPERATOR_HZ, 2.0, rate=48000)
    file = write_wav(tmp_path_factory.mktemp("microphone") / "operator.wav", sound, rate=48000)
    async with Browser(file) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def watcher(shared_server: ServerProcess) -> AsyncIterator[Console]:
    """Another operator's socket, which sees all that happens and takes nothing."""
    async with Console(shared_server, "kim") as console:
        yield console


@pytest_asyncio.fixture(loop_scope="session")
async def console(shared_server: ServerProcess, operators: Browser) -> AsyncIterator[WebConsole]:
    """A console on shift, as sam."""
    tab = await WebConsole.on_shift(shared_server, operators)
    yield tab
    await tab.close()
