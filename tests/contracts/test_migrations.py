"""The schema's history: from nothing to what the code means, on both stores, and no start on another schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

import parlour.app  # noqa: F401 -- with it, every noun's tables are known
from parlour.storage.dialects import resolve_url
from parlour.storage.migrations import migrate, newest_revision, read_revision
from parlour.storage.schema import Base
from tests.conftest import Serve
from tests.server import ServerProcess

Found = TypeVar("Found")


async def look(url: str, read: Callable[[Connection], Found]) -> Found:
    """What `read` finds on a connection of its own."""
    engine = create_async_engine(resolve_url(url))
    async with engine.connect() as connection:
        found = await connection.run_sync(read)
    await engine.dispose()
    return found


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, Base.metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


async def test_an_empty_database_becomes_what_the_code_means(empty_store: str) -> None:
    assert await look(empty_store, tables) == set()

    await migrate(empty_store)

    assert await look(empty_store, tables) == {*Base.metadata.tables, "alembic_version"}
    assert await look(empty_store, differences) == []
    assert await read_revision(empty_store) == newest_revision()


async def test_a_table_that_lacks_an_index_would_be_noticed(empty_store: str) -> None:
    await migrate(empty_store)

    def drop_index(connection: Connection) -> None:
        connection.execute(text("DROP INDEX ix_members_person_id"))
        connection.commit()

    await look(empty_store, drop_index)

    assert len(await look(empty_store, differences)) == 1


async def test_migrating_again_changes_nothing(empty_store: str) -> None:
    await migrate(empty_store)

    assert await migrate(empty_store) == newest_revision()
    assert await look(empty_store, differences) == []


async def test_two_migrations_at_once_take_turns(empty_store: str) -> None:
    assert await asyncio.gather(*[migrate(empty_store) for _ in range(4)]) == [newest_revision()] * 4
    assert await look(empty_store, differences) == []


@pytest.mark.postgres
async def test_a_server_does_not_start_on_a_schema_that_it_does_not_know(postgres_url: str, tmp_path: Path) -> None:
    process = ServerProcess(tmp_path, database_url=postgres_url)

    status = await asyncio.to_thread(process.run, "serve")

    assert status == 1
    assert "Its schema is of an older version. Run `parlour migrate` first." in process.log
    assert "Traceback" not in process.log
    assert await look(postgres_url, tables) <= {"alembic_version"}


@pytest.mark.postgres
async def test_parlour_migrate_makes_it_start(postgres_url: str, tmp_path: Path) -> None:
    process = ServerProcess(tmp_path, database_url=postgres_url)

    status = await asyncio.to_thread(process.run, "migrate")

    assert status == 0
    assert await look(postgres_url, differences) == []
    process.start()
    await asyncio.to_thread(process.wait_until_ready)
    await asyncio.to_thread(process.stop)


async def test_a_server_on_sqlite_migrates_by_itself(serve: Serve) -> None:
    server = await serve()

    assert await read_revision(f"sqlite:///{server.process.database}") == newest_revision()
    assert not (server.process.data_dir.stat().st_mode & 0o077), "what people say is not for other users of the machine"
