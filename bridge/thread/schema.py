"""The tables, the same for SQLite and PostgreSQL.

The migrations in `migrations/` create them; what stands here is what the queries are written against, and
a test holds the two to each other.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes in and out; SQLite itself would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, without its zone where the database would only carry it as text."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text that every database takes: without NUL (PostgreSQL) and lone surrogates (both refuse them).

    Speech engines, language models and phone networks fill these columns; one odd character must not make
    a message that can never be stored.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it can be stored."""
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """`text` without NUL, lone surrogates replaced by "?"."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


metadata = MetaData()

threads = Table(
    "threads",
    metadata,
    Column("thread_id", CleanText, primary_key=True),
    Column("crm_id", CleanText, nullable=False),
    Column("channel_id", CleanText, nullable=False),
    Column("number", CleanText, nullable=False),
    Column("name", CleanText),
    # Also the count of messages, since seq is dense from 1.
    Column("last_seq", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Index("ix_threads_last_at", "last_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("thread_id", CleanText, ForeignKey("threads.thread_id"), nullable=False),
    Column("call_id", CleanText, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("speaker", String(16), nullable=False),
    Column("name", CleanText),
    Column("text", CleanText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("delivery", String(16), nullable=False),
    # Something that was said later stands before it.
    Column("late", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("thread_id", "seq", name="uq_messages_thread_seq"),
    # Whether a message is late is asked at every append.
    Index("ix_messages_call_started", "call_id", "started_at"),
    # Threads are found by the names of those who spoke in them.
    Index("ix_messages_name", "name", "thread_id"),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", CleanText, primary_key=True),
    Column("thread_id", CleanText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("view", JSON, nullable=False),
    Index("ix_calls_ended_at", "ended_at"),
)

outbox = Table(
    "outbox",
    metadata,
    # SQLite numbers rows by itself only in a column declared exactly INTEGER.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("thread_id", CleanText, ForeignKey("threads.thread_id"), nullable=False),
    Column("message_id", CleanText, ForeignKey("messages.id"), unique=True),
    # At most one row of a kind and key, e.g. one end_voice_chat per call; NULLs do not collide.
    Column("key", CleanText),
    Column("kind", String(32), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("error", CleanText),
    UniqueConstraint("kind", "key", name="uq_outbox_kind_key"),
    Index("ix_outbox_state_thread", "state", "thread_id", "id"),
)

backlog = Table(
    "backlog",
    metadata,
    # Speech that has no text yet. The id is the one that its message will have.
    Column("id", CleanText, primary_key=True),
    Column("thread_id", CleanText, ForeignKey("threads.thread_id", ondelete="CASCADE"), nullable=False),
    Column("call_id", CleanText, nullable=False),
    Column("speaker", String(16), nullable=False),
    Column("name", CleanText),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("rate", Integer, nullable=False),
    # Bytes of audio, so that summing them up reads none of it.
    Column("size", Integer, nullable=False),
    Column("reason", CleanText, nullable=False),
    # How often a recogniser died of it or refused it.
    Column("attempts", Integer, nullable=False),
    # Whether a system message in the thread has told of it.
    Column("announced", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Last: what stands behind a large value is slow to read. One byte of µ-law a sample.
    Column("audio", LargeBinary, nullable=False),
    Index("ix_backlog_created_at", "created_at"),
    Index("ix_backlog_thread", "thread_id"),
)

search_texts = Table(
    "search_texts",
    metadata,
    # What the full text index is over, one row a message. A number of its own, because SQLite's hidden
    # ones change with VACUUM; rising, so that the newest are found first.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("thread_id", CleanText, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("text", CleanText, nullable=False),
    Index("ix_search_texts_thread", "thread_id", "seq"),
)

audit = Table(
    "audit",
    metadata,
    # Who deleted what. Without a column `thread_id`, since its lines outlive what they tell of.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("what", String(32), nullable=False),
    Column("target", CleanText, nullable=False),
    Column("deleted", Integer, nullable=False),
)

health = Table(
    "health",
    metadata,
    Column("id", Integer, primary_key=True),
    # Written by the readiness check: only a real write notices a full or read-only disk.
    Column("checked_at", UtcDateTime, nullable=False),
)
