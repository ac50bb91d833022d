"""The caller's name in a thread's row, so that threads can be listed and found by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty for the threads that there are until their caller calls again."""
    op.add_column("threads", sa.Column("name", sa.Text))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("threads", "name")
