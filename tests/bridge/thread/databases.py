"""Stores on both databases, for tests that must hold on either."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import sqlite_url
from tests.harness.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for all tests that want one."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: once of SQLite, once of PostgreSQL."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "patchbay.db")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.make(f"t{uuid.uuid4().hex}")


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[SqlThreadStore]:
    """A store with outbox on either database."""
    store = SqlThreadStore(either_url, outbox=True)
    await store.start()
    yield store
    await store.close()
