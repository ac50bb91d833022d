"""Full text search over what was said, and who deleted what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_INDEX = (
    # Without a text of its own: that would be a third copy. Triggers keep it to its table's rows.
    """CREATE VIRTUAL TABLE search_index USING fts5(
        text, content='search_texts', content_rowid='id', tokenize='unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN
        INSERT INTO search_index(rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN
        INSERT INTO search_index(search_index, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
)
# Bounded: a tsvector takes 1 MiB, and one endless message must not be one that cannot be stored.
POSTGRES_INDEX = """CREATE INDEX ix_search_texts_words ON search_texts
    USING gin (to_tsvector('simple', left(text, 50000)))"""


def upgrade() -> None:
    """Create both, and index the messages that there are."""
    op.create_table(
        "search_texts",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("thread_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_search_texts_thread", "search_texts", ["thread_id", "seq"])
    op.create_index("ix_messages_name", "messages", ["name", "thread_id"])
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", UTC_TIME, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("deleted", sa.Integer, nullable=False),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in SQLITE_INDEX if sqlite else (POSTGRES_INDEX,):
        op.execute(statement)
    op.execute(
        "INSERT INTO search_texts (thread_id, seq, text)"
        " SELECT thread_id, seq, text FROM messages ORDER BY started_at, thread_id, seq"
    )


def downgrade() -> None:
    """Drop both."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("audit")
    op.drop_index("ix_messages_name", "messages")
    op.drop_table("search_texts")
