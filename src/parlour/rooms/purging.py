"""Deleting what closed rooms held: a slice at a time, so that posts elsewhere never wait long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Table, delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.rooms.tables import Room
from parlour.storage.database import Database
from parlour.storage.schema import Base, Head

SLICE_ROWS: Final = 1_000
PAUSE_S: Final = 0.005
"""Between two slices, for those who wait at the writer's door."""


class Purge:
    """Empties closed rooms in its own time: closing never waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self) -> None:
        """Delete until no closed room is left.

        Raises:
            Refusal: storage_unavailable; the rest is deleted another time.
        """
        while (room_id := await self._find_closed()) is not None:
            async with self._database.writing() as connection:
                await _delete_slice(connection, room_id)
            await asyncio.sleep(PAUSE_S)

    async def _find_closed(self) -> str | None:
        statement = select(Room.id).where(Room.closed_at_ms.is_not(None)).order_by(Room.closed_at_ms).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(statement)).scalar_one_or_none()


async def _delete_slice(connection: AsyncConnection, room_id: str) -> None:
    """Delete some rows of a closed room, and the room when there are no others."""
    for table in tables_of_rooms():
        if await _delete_some(connection, table, room_id) >= SLICE_ROWS:
            return
    await connection.execute(delete(Room).where(Room.id == room_id))


async def _delete_some(connection: AsyncConnection, table: Table, room_id: str) -> int:
    """Delete at most a slice of a log, or all of another table; how many rows."""
    some = table.c.room_id == room_id
    if "seq" in table.c:
        behind = select(table.c.seq).where(some).order_by(table.c.seq).offset(SLICE_ROWS).limit(1)
        beyond = (await connection.execute(behind)).scalar_one_or_none()
        some = some if beyond is None else some & (table.c.seq < beyond)
    deleted: CursorResult[Any] = await connection.execute(delete(table).where(some))
    return deleted.rowcount


def tables_of_rooms() -> Sequence[Table]:
    """Every table whose rows belong to a room, whichever noun owns it: they have a `room_id` that is never null."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if "room_id" in table.c and not table.c.room_id.nullable and table.name != Head.__tablename__
    ]
