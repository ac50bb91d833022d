"""The migrations make the schema that the queries are written against."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

from bridge.thread import migrations
from bridge.thread.errors import StoreUnavailable
from bridge.thread.schema import metadata
from bridge.thread.search import search
from bridge.thread.store import SqlThreadStore


def ours(name: str | None) -> bool:
    """True unless a table belongs to the full text index, which SQLite keeps in several."""
    return name is None or not name.startswith("search_index")


def difference(connection: Connection) -> object:
    """What the migrations have made otherwise than the schema says."""
    context = MigrationContext.configure(
        connection, opts={"include_name": lambda name, kind, _: kind != "table" or ours(name)}
    )
    return compare_metadata(context, metadata)


async def test_migrating_an_empty_database_makes_the_schema(store: SqlThreadStore, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        tables = {name for name in inspect(connection).get_table_names() if ours(name)}
        assert tables == {*metadata.tables, "alembic_version"}
        assert difference(connection) == []
    engine.dispose()


async def test_the_database_is_tuned_to_lose_no_commit(store: SqlThreadStore, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    async with store._db.read() as opened:
        pragmas = [
            (await opened.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "foreign_keys")
        ]
    assert pragmas == [2, 1]


async def test_a_database_of_the_first_version_is_brought_up_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    url = f"sqlite+aiosqlite:///{path}"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO threads VALUES ('t', 'crm', 'ch', '+1', 1, '2026-01-01 00:00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO messages VALUES ('m', 't', 'c', 1, 'bot', NULL, 'An old promise',"
            " '2026-01-01 00:00:00', '2026-01-01 00:00:01', 'local')"
        )
    store = SqlThreadStore(url, outbox=False)
    await store.start()
    (thread,) = await store.threads(limit=10)
    found = await search(store.database, "promise", limit=10)
    await store.close()
    with engine.connect() as connection:
        assert difference(connection) == []
    engine.dispose()
    assert (thread.thread_id, thread.number, thread.name) == ("t", "+1", None)
    assert [(hit.thread_id, hit.seq) for hit in found.hits] == [("t", 1)], "what was said before is found"


async def test_a_database_of_a_newer_version_is_refused_in_a_sentence(
    store: SqlThreadStore, path: Path
) -> None:
    await store.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match=r"newer version \(schema 9999\)"):
        await store.start()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
    engine.dispose()
