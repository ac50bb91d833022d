"""Runs the migrations on the connection that the store passes in; never opens one of its own."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bridge.thread.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
