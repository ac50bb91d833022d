"""The engine: how a database is opened, migrated, read and written, and how it fails.

SQLite runs in WAL mode with `synchronous=FULL`: a commit is on the disk before it is reported, so neither
kill -9 nor a power cut takes back a message that somebody has seen. It costs one fsync per utterance, on
the driver's own thread. Transactions that write begin IMMEDIATE, so that reading the last seq and writing
the next one cannot be interleaved, and queue on a lock of ours first: SQLite's own queue is a poll.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bridge.thread.errors import StoreUnavailable

log = structlog.get_logger()

MIGRATION_LOCK: Final = 0x7061_7463_6862
"""PostgreSQL advisory lock that processes starting together queue on."""

WRITE_OPTION: Final = "patchbay_write"


class Database:
    """One database, opened by `start` and shared by everything that stores."""

    def __init__(self, url: str, *, busy_timeout_s: float) -> None:
        self._url = url
        self._busy_timeout_s = busy_timeout_s
        self._engine: AsyncEngine | None = None
        self._gate: AbstractAsyncContextManager[Any] = nullcontext()

    async def start(self) -> None:
        """Open the database and migrate it to this version. Raises StoreUnavailable, saying why."""
        if self._engine is not None:
            return
        with unavailable("The thread database cannot be opened"):
            url = make_url(self._url)
            if _is_sqlite(url):
                await asyncio.to_thread(_prepare_file, url, self._busy_timeout_s)
            engine = create_async_engine(url, hide_parameters=True, pool_pre_ping=not _is_sqlite(url))
            if _is_sqlite(url):
                self._gate = asyncio.Lock()
                _tune_sqlite(engine, self._busy_timeout_s)
            try:
                async with engine.execution_options(**{WRITE_OPTION: True}).begin() as connection:
                    await connection.run_sync(_migrate)
            except BaseException:
                await engine.dispose()
                raise
            self._engine = engine
            log.info("store.opened", url=url.render_as_string(hide_password=True))

    async def close(self) -> None:
        """Close every connection. Idempotent; afterwards everything raises StoreUnavailable."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads."""
        with unavailable("The thread database cannot be read"):
            async with self._opened().connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed where the block ends normally, and undone otherwise."""
        with unavailable("The thread database cannot be written"):
            writer = self._opened().execution_options(**{WRITE_OPTION: True})
            async with self._gate, writer.begin() as connection:
                yield connection

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL; raises StoreUnavailable while closed."""
        return self._opened().dialect.name == "sqlite"

    async def checkpoint(self) -> bool:
        """Move SQLite's log into its file and empty it; False where a reader or writer is in the way.

        On PostgreSQL nothing is to be done. Raises StoreUnavailable.
        """
        if not self.is_sqlite:
            return True
        with unavailable("The thread database cannot be tidied up"):
            async with self._gate:
                return await asyncio.to_thread(_checkpoint, make_url(self._url), self._busy_timeout_s)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows `on_conflict_do_…` in the database's own dialect."""
        if self.is_sqlite:
            return sqlite.insert(table)
        return postgresql.insert(table)

    def _opened(self) -> AsyncEngine:
        if self._engine is None:
            raise StoreUnavailable("The thread database is not open.")
        return self._engine


@contextmanager
def unavailable(sentence: str) -> Iterator[None]:
    """Turn whatever the database layers raise into StoreUnavailable with `sentence` and the cause."""
    try:
        yield
    except (SQLAlchemyError, CommandError, sqlite3.Error, OSError, TimeoutError, ImportError) as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        reason = str(cause).strip().splitlines() or [type(cause).__name__]
        raise StoreUnavailable(f"{sentence}: {reason[0]}.") from error


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _prepare_file(url: URL, busy_timeout_s: float) -> None:
    """Make a SQLite file, with the folder it lies in, and put it into WAL mode, which it keeps; blocks.

    Done on a connection of its own: aiosqlite leaves a thread behind where opening fails, and a change of
    mode does not wait for processes that start at the same time, so it is repeated here.
    """
    path = url.database
    if path and path != ":memory:" and not path.startswith("file:"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + busy_timeout_s
    with closing(_connect(url)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _checkpoint(url: URL, busy_timeout_s: float) -> bool:
    """Empty a SQLite file's log into the file; blocks.

    Not on a connection of the pool: those are always in a transaction, in which it is refused.
    """
    with closing(_connect(url)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
        (blocked, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not blocked


def _connect(url: URL) -> sqlite3.Connection:
    """A connection of the standard library's to the file that `url` names."""
    arguments, options = url.get_dialect()().create_connect_args(url)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    return connect(*arguments, **options)


def _tune_sqlite(engine: AsyncEngine, busy_timeout_s: float) -> None:
    """Set every new connection up, and begin transactions ourselves (the driver's own way is too lax)."""

    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            # What is deleted is overwritten, not just given up.
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.close()
        except BaseException:
            # The pool does not know it yet, and it has a thread of its own.
            connection.close()
            raise

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITE_OPTION, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", set_up)
    event.listen(engine.sync_engine, "begin", begin)


def _migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision, in the transaction that `connection` is in."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    config = Config()
    folder = Path(__file__).parent / "migrations"
    # The option goes through configparser, where % is special.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if newer := sorted(set(MigrationContext.configure(connection).get_current_heads()) - known):
        raise CommandError(f"it is of a newer version (schema {', '.join(newer)}) and was left as it is")
    command.upgrade(config, "head")
