"""The ways into the database: connections of a pool on PostgreSQL, connections that are kept on SQLite.

On SQLite, to take a connection from a pool, begin and commit through SQLAlchemy costs more than a batch of ten posts.
So a transaction begins there with the first statement, in the same trip, and may end with the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from parlour.storage.dialects import POOL_WAIT_S, explain, sqlite_driver_of, start_afresh

_log = structlog.get_logger("parlour.storage")


class PooledDoor:
    """A connection of the pool for each transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block; raises what the driver raises."""
        async with self._engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


class KeptDoor:
    """A few connections to an SQLite database, each for one transaction after the other."""

    def __init__(self, engine: AsyncEngine, connections: int) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(connections)
        self._idle: list[AsyncConnection] = []
        self._endings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """As that of `PooledDoor`; it begins with the first statement and may have been ended with the last."""
        try:
            async with asyncio.timeout(POOL_WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise PoolTimeoutError("every connection was busy for too long") from None
        try:
            connection = self._idle.pop() if self._idle else await self._engine.connect()
        except BaseException:
            self._turns.release()
            raise
        try:
            start_afresh(connection)
            yield connection
            await _commit(connection)
        except BaseException:
            # By itself: who is cancelled a second time leaves no connection half cleaned up.
            ending = asyncio.create_task(self._give_up(connection), name="give up")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            await asyncio.shield(ending)
            raise
        self._idle.append(connection)
        self._turns.release()

    async def _give_up(self, connection: AsyncConnection) -> None:
        """Roll back, and leave the driver's connection to the pool, or nothing if that fails.

        SQLAlchemy's connection around it is not used again: one whose BEGIN has failed would never begin any more. It
        has given up the driver's by itself when it was cancelled in the middle of a statement.
        """
        try:
            if not connection.invalidated:
                try:
                    await _roll_back(connection)
                except Exception as error:  # noqa: BLE001 -- why the transaction failed is what counts, and is raised
                    _log.warning("rollback_failed", error=explain(error))
                    await connection.invalidate()
            await connection.close()
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*self._endings, return_exceptions=True)
        for connection in self._idle:
            await connection.close()
        await self._engine.dispose()


async def _commit(connection: AsyncConnection) -> None:
    """Commit what is still open, whoever has begun it: SQLAlchemy with a statement of its own, or one sent past it."""
    if connection.in_transaction():
        await connection.commit()
    driver = sqlite_driver_of(connection)
    if driver is not None and driver.in_transaction:
        await driver.commit()


async def _roll_back(connection: AsyncConnection) -> None:
    """The same, backwards. Whoever was cancelled may have left a trip under way, which begins only now."""
    if connection.in_transaction():
        await connection.rollback()
    driver = sqlite_driver_of(connection)
    if driver is not None:
        await driver.rollback()
