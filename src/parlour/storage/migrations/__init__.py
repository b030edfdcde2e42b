"""The schema's history. It is run at start for SQLite, and by `parlour migrate` for PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from parlour.storage.dialects import open_writer, resolve_url


class NewerSchemaError(Exception):
    """A newer Parlour has migrated this database."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def newest_revision() -> str:
    """The revision that this code needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    return str(revision)


def is_known(revision: str | None) -> bool:
    """Whether this code knows how to go on from there; it does not know what a newer one made."""
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or revision in known


async def read_revision(url: str) -> str | None:
    """The revision that the database is at; None for an empty one."""
    engine = open_writer(resolve_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_read_revision)
    finally:
        await engine.dispose()


async def migrate(url: str) -> str:
    """Bring the schema up to date, in one transaction; the revision it is at then.

    Raises:
        NewerSchemaError: it is further than this code knows.
    """
    engine = open_writer(resolve_url(url), is_migrating=True)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return newest_revision()


def _read_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    revision, config = _read_revision(connection), _config()
    if revision == newest_revision():
        return
    if not is_known(revision):
        raise NewerSchemaError(connection.engine.url.render_as_string(hide_password=True))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
