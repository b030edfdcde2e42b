"""One database, two doors: `reading` sees one snapshot and changes nothing, `writing` is one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy import ColumnElement, Executable, delete, insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from parlour.storage.dialects import (
    SQLITE_READERS,
    SQLITE_WRITERS,
    insert_on_conflict,
    is_sqlite,
    is_unavailable,
    open_reader,
    open_writer,
    resolve_url,
)
from parlour.storage.doors import KeptDoor, PooledDoor
from parlour.storage.schema import Base, Probe
from parlour.storage.statements import Prepared, among_keys
from parlour.wire.errors import Refusal

_PROBE_CHARS = 32 * 1024


class Database:
    """The store of a node.

    On SQLite the writing door lets one transaction in at a time; on PostgreSQL several, each under row locks.
    """

    def __init__(self, url: str) -> None:
        self.url = resolve_url(url)
        self.is_embedded = is_sqlite(self.url)
        self._writer = _open_door(open_writer(self.url), SQLITE_WRITERS)
        self._reader = _open_door(open_reader(self.url), SQLITE_READERS)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block; raises what the driver raises."""
        async with self._writer.transaction() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that commits at the end of the block, or rolls back if the block raises.

        Raises:
            Refusal: storage_unavailable, when the store takes no writes or is gone.
        """
        with _refusing_when_unavailable():
            async with self.transaction() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A read-only transaction: everything read inside is of one moment.

        Raises:
            Refusal: storage_unavailable, when the store is gone.
        """
        with _refusing_when_unavailable():
            async with self._reader.transaction() as connection:
                yield connection

    def insert_on_conflict(self, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
        """An INSERT of this store's dialect with `on_conflict_do_update` and `on_conflict_do_nothing`."""
        return insert_on_conflict(self.url, table)

    def among_keys(self, *columns: ColumnElement[str]) -> ColumnElement[bool]:
        """The condition of a guard's statement: the row is one of those asked for."""
        return among_keys(self.url, *columns)

    def prepare(self, statement: Executable) -> Prepared:
        """A statement that takes its rows, or its keys, as one JSON array."""
        return Prepared(self.url, statement)

    async def prove_writable(self) -> None:
        """Write and commit a row of 32 KB; raises what the driver raises when the store takes no writes."""
        async with self.transaction() as connection:
            await connection.execute(delete(Probe))
            await connection.execute(insert(Probe).values(id=1, padding="." * _PROBE_CHARS))

    async def prove_readable(self) -> None:
        """Read something; raises what the driver raises when the store is gone."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection, the writer's last: the last one to close checkpoints."""
        await self._reader.close()
        await self._writer.close()


def _open_door(engine: AsyncEngine, sqlite_connections: int) -> KeptDoor | PooledDoor:
    return KeptDoor(engine, sqlite_connections) if is_sqlite(engine.url) else PooledDoor(engine)


@contextmanager
def _refusing_when_unavailable() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise Refusal("storage_unavailable", retry_after_s=1) from error
        raise
