"""The migrations make the schema that the queries are written against."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from bridge.thread.schema import metadata
from bridge.thread.store import SqlThreadStore


async def test_migrating_an_empty_database_makes_the_schema(store: SqlThreadStore, path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
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
