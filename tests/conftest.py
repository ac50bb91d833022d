"""What all tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.harness.server import ServerProcess

_HEAVY = (
    "tests/e2e/agents/test_spoken_takeover.py",
    "tests/e2e/test_gaps.py",
    "tests/e2e/test_card_numbers.py",
    "tests/e2e/test_spoken_call.py",
    "tests/e2e/test_deepgram_call.py",
    "tests/browser/test_spoken.py",
    "tests/browser/web/test_spoken_handoff.py",
    "tests/loopback/test_words.py",
    "tests/e2e/test_softphone_speech.py",
    "tests/e2e/phone_app/test_spoken.py",
    "tests/e2e/phone_app/test_people.py",
    "tests/e2e/phone_app/test_stream.py",
    "tests/signaling/terminal/",
    "tests/bridge/call/test_late.py",
    "tests/bridge/speech/",
    "tests/benchmarks/test_hallucination.py",
    "tests/benchmarks/thread/test_sections.py",
)


class Scheduling(LoadScopeScheduling):
    """Keeps each file on one worker, and all with real speech on one: two at once are slow.

    By pytest-xdist's hook and not by its groups, of which pytest 9.2 lets it see none.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "heavy" if file.startswith(_HEAVY) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """See pytest-xdist."""
    return Scheduling(config, log)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A running server without speech engines."""
    async with ServerProcess(tmp_path) as process:
        yield process


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerProcess]:
    """One server without speech engines for all tests that need no settings of their own.

    They must run in its loop: `pytestmark = pytest.mark.asyncio(loop_scope="session")`.
    """
    async with ServerProcess(tmp_path_factory.mktemp("shared")) as process:
        yield process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ServerProcess]:
    """One server for all tests of a module, with the settings in the module's `SETTINGS`.

    They must run in its loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    async with ServerProcess(tmp_path_factory.mktemp("server"), **request.module.SETTINGS) as process:
        yield process
