"""The writing door: several transactions at a time on PostgreSQL; on SQLite one, over a connection that is kept.

On SQLite, to take the connection from a pool, begin and commit through SQLAlchemy costs more than a batch of ten posts.
So a transaction begins there with the first statement, in the same trip, and may commit with the last.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from parlour.storage.dialects import POOL_WAIT_S, sqlite_driver_of


class PooledWriter:
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


class KeptWriter:
    """The one connection that writes to an SQLite database, for one transaction after the other."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """As that of `PooledWriter`; it begins with the first statement and may have been committed with the last."""
        await self._take_turn()
        try:
            connection = self._connection = self._connection or await self._engine.connect()
            try:
                yield connection
                await _end(connection, commit=True)
            except BaseException:
                await _end(connection, commit=False)
                raise
        finally:
            self._turn.release()

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(POOL_WAIT_S):
                await self._turn.acquire()
        except TimeoutError:
            raise PoolTimeoutError("the writing connection was busy for too long") from None

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
        await self._engine.dispose()


async def _end(connection: AsyncConnection, *, commit: bool) -> None:
    """End the transaction, whoever has begun it: SQLAlchemy with a statement of its own, or one sent past it."""
    if connection.in_transaction():
        await (connection.commit() if commit else connection.rollback())
    driver = sqlite_driver_of(connection)
    if driver is not None and driver.in_transaction:
        await (driver.commit() if commit else driver.rollback())
