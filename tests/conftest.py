"""Servers and people for every chapter. Every server must have ended its tests without a traceback in its log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.cast import Guest, Server
from tests.realservers import Postgres
from tests.server import ServerProcess

Serve = Callable[..., Awaitable[Server]]


@pytest.fixture(scope="session")
def shared_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    yield from run_shared(tmp_path_factory.mktemp("shared"), rate_limits="off")


@pytest.fixture
async def server(shared_process: ServerProcess) -> AsyncIterator[Server]:
    """The server that all tests share which do not stop it: without rate limits, everything else by default."""
    async with visited(shared_process) as server:
        yield server


@pytest.fixture(scope="session")
def guarded_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    yield from run_shared(
        tmp_path_factory.mktemp("guarded"), trusted_proxies="127.0.0.1", allowed_origins="https://friend.example"
    )


@pytest.fixture
async def guarded(guarded_process: ServerProcess) -> AsyncIterator[Server]:
    """Another shared server: with rate limits, a friend's origin, and a trusted proxy at 127.0.0.1.

    Whoever comes from another address of 127.0.0.0/8 comes past the proxy.
    """
    async with visited(guarded_process) as server:
        yield server


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts servers of this test's own with the settings that it names, as in `session_ttl_s=1`."""
    async with AsyncExitStack() as servers:
        numbers = count(1)

        async def start(**settings: object) -> Server:
            folder = tmp_path / f"server-{next(numbers)}"
            folder.mkdir()
            process = ServerProcess(folder, **settings)
            servers.callback(process.close)
            if "database_url" in settings:
                await asyncio.to_thread(process.run, "migrate")
            server = await servers.enter_async_context(visited(process))
            await server.starts()
            return server

        yield start


@pytest.fixture
async def alice(server: Server) -> Guest:
    return await server.guest("Alice")


@pytest.fixture
async def bob(server: Server) -> Guest:
    return await server.guest("Bob")


@pytest.fixture
async def mallory(server: Server) -> Guest:
    """Who means no good."""
    return await server.guest("Mallory")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


_databases = count(1)


@pytest.fixture
async def postgres_url(postgres: Postgres) -> str:
    """A new, empty database."""
    name = f"test_{next(_databases)}"
    engine = create_async_engine(postgres.url(scheme="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return postgres.url(name)


def run_shared(folder: Path, **settings: object) -> Iterator[ServerProcess]:
    """A server for many tests, one after the other."""
    process = ServerProcess(folder, **settings)
    process.start()
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.close()


@asynccontextmanager
async def visited(process: ServerProcess) -> AsyncIterator[Server]:
    """The server during one test: then its visitors leave, and its log must hold no traceback."""
    before = len(process.log)
    server = Server(process)
    try:
        yield server
    finally:
        await server.departures.aclose()
    logged = process.log[before:]
    assert "Traceback" not in logged, logged
    assert '"exception"' not in logged, logged
