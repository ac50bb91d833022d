"""The database locked, full, damaged, gone: each is StoreUnavailable with its cause, and passes."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bridge.thread.errors import StoreUnavailable
from bridge.thread.store import SqlThreadStore
from tests.bridge.thread.helpers import caller, draft, locked, sqlite_url


async def refusal(url: str) -> str:
    """What opening `url` is refused with."""
    store = SqlThreadStore(url, outbox=False, busy_timeout_s=0.02)
    with pytest.raises(StoreUnavailable) as refused:
        await store.start()
    with pytest.raises(StoreUnavailable):
        await store.check()
    await store.close()
    assert refused.value.code == "store_unavailable"
    return refused.value.message


@contextmanager
def disk_full(limit: int) -> Iterator[None]:
    """No file of this process grows beyond `limit` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def size(path: Path) -> int:
    """How many bytes the file has."""
    return path.stat().st_size


def damage(path: Path) -> None:
    """Overwrite everything but the first page."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size(path) - 4096))


async def test_a_locked_database_refuses_writes_and_still_reads(store: SqlThreadStore, path: Path) -> None:
    written = await store.append(draft())
    with locked(path):
        for attempt in (store.append(draft()), store.check(), store.open_thread(caller())):
            with pytest.raises(StoreUnavailable, match="locked"):
                await attempt
        assert await store.messages("t") == [written]
    await store.check()
    assert (await store.append(draft())).seq == 2


async def test_a_full_disk_is_noticed_and_costs_nothing_committed(store: SqlThreadStore, path: Path) -> None:
    written = [await store.append(draft(f"{n}")) for n in range(3)]
    item = draft("y" * 50_000)
    with disk_full(size(path.with_name(path.name + "-wal"))):
        with pytest.raises(StoreUnavailable):
            await store.append(item)
        with pytest.raises(StoreUnavailable):
            await store.check()
        assert await store.messages("t") == written
    await store.check()
    assert (await store.append(item)).seq == 4


@pytest.fixture
def letter(path: Path) -> Iterator[Path]:
    """A file that is no database, and must still be what it was at the end."""
    content = b"these are not the bytes of a database" * 200
    path.write_bytes(content)
    yield path
    assert path.read_bytes() == content


async def test_a_file_that_is_no_database_is_refused_and_not_touched(letter: Path) -> None:
    assert "file is not a database" in await refusal(sqlite_url(letter))


async def test_a_damaged_database_is_refused(store: SqlThreadStore, path: Path) -> None:
    await store.append(draft())
    await store.close()
    damage(path)
    assert "malformed" in await refusal(sqlite_url(path))


async def test_a_read_only_database_is_refused(store: SqlThreadStore, path: Path) -> None:
    await store.close()
    assert "readonly" in await refusal(f"sqlite+aiosqlite:///file:{path}?mode=ro&uri=true")


async def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    assert "unable to open database file" in await refusal(sqlite_url(tmp_path))


async def test_a_database_of_a_newer_version_is_refused_by_its_revision(
    store: SqlThreadStore, path: Path
) -> None:
    await store.close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.close()
    assert "9999" in await refusal(sqlite_url(path))


@pytest.mark.parametrize(
    "url", ["nonsense", "oracle+aiosqlite:///x", "postgresql+asyncpg://u:hush@127.0.0.1:9/x"]
)
async def test_an_address_that_leads_nowhere_is_refused_without_its_password(url: str) -> None:
    assert "hush" not in await refusal(url)


async def test_a_closed_store_says_so(store: SqlThreadStore) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.append(draft())


async def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    store = SqlThreadStore(sqlite_url(tmp_path / "new" / "folder" / "x.db"), outbox=False)
    await store.start()
    await store.start()
    await store.check()
    await store.close()
