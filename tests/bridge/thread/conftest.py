"""Fixtures of the thread's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.thread.log import ThreadLog
from bridge.thread.store import SqlThreadStore
from tests.alive5_server import Alive5Server
from tests.bridge.thread.databases import either, either_url, postgres
from tests.bridge.thread.helpers import sqlite_url

__all__ = ["either", "either_url", "postgres"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's database lies."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlThreadStore]:
    """A store without outbox, which gives up quickly on a locked database."""
    store = SqlThreadStore(sqlite_url(path), outbox=False, busy_timeout_s=0.02)
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def pushing(path: Path) -> AsyncIterator[SqlThreadStore]:
    """A store with outbox."""
    store = SqlThreadStore(sqlite_url(path), outbox=True)
    await store.start()
    yield store
    await store.close()


@pytest.fixture
def log(store: SqlThreadStore) -> ThreadLog:
    """A log on `store`."""
    return ThreadLog(store)


@pytest.fixture
async def alive5() -> AsyncIterator[Alive5Server]:
    """alive5, up and willing."""
    server = Alive5Server()
    await server.start()
    yield server
    await server.stop()
