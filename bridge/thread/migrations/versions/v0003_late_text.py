"""Messages that came late, and the audio whose text is still to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UTC_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add both; what is stored already counts as in time."""
    op.add_column("messages", sa.Column("late", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_messages_call_started", "messages", ["call_id", "started_at"])
    op.create_table(
        "backlog",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "thread_id", sa.Text, sa.ForeignKey("threads.thread_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("speaker", sa.String(16), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("started_at", UTC_TIME, nullable=False),
        sa.Column("ended_at", UTC_TIME, nullable=False),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("announced", sa.Boolean, nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("audio", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_backlog_created_at", "backlog", ["created_at"])
    op.create_index("ix_backlog_thread", "backlog", ["thread_id"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("backlog")
    op.drop_index("ix_messages_call_started", "messages")
    op.drop_column("messages", "late")
