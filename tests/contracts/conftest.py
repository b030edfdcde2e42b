"""Both stores, with a new database of the newest schema for every test that asks for one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from parlour.storage.migrations import migrate
from tests.contracts.scribe import Node, running_node


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What this process logged during the test."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the newest schema to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def sqlite_store(migrated_sqlite: Path, tmp_path: Path) -> str:
    """A new SQLite database."""
    copy = shutil.copy(migrated_sqlite, tmp_path / "parlour.sqlite3")
    return f"sqlite:///{copy}"


@pytest.fixture
async def postgres_store(postgres_url: str) -> str:
    """A new PostgreSQL database."""
    await migrate(postgres_url)
    return postgres_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> str:
    """The URL of a new database: the test runs on both stores."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url


@pytest.fixture
async def node(store: str) -> AsyncIterator[Node]:
    """One node on a new database."""
    async with running_node(store) as running:
        yield running
