"""Alembic's entry: runs the migrations on the connection that parlour.storage.migrations hands over."""

from __future__ import annotations

from alembic import context

from parlour.storage.schema import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
