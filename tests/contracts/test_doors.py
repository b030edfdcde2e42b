"""The doors of the database: whatever becomes of one who went through, the next one finds the room in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
from sqlalchemy import select, text

from parlour.storage.database import Database
from parlour.storage.schema import Head
from parlour.storage.statements import run_together
from tests.contracts.inprocess import server_here

MANY = 12
"""More than there are readers."""


@pytest.fixture
async def database(store: str) -> AsyncIterator[Database]:
    async with server_here(store) as server:
        yield server.parlour.database


async def _put_head(database: Database, room_id: str) -> None:
    async with database.writing() as connection:
        await connection.execute(text("INSERT INTO heads VALUES (:room, 'epoch', 0)"), {"room": room_id})


async def _room_ids(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set((await connection.execute(select(Head.room_id))).scalars())


async def _read_past_sqlalchemy(database: Database) -> None:
    asked = database.prepare(select(Head.room_id).where(database.among_keys(Head.__table__.c.room_id)))
    async with database.reading() as connection:
        await run_together(connection, [asked.on(rows=[("old",)])])
        await asyncio.sleep(0)


@pytest.mark.parametrize("read", [_read_past_sqlalchemy, _room_ids])
@pytest.mark.parametrize("turns", [1, 2, 3, 4])
async def test_who_gives_up_in_the_middle_of_reading_leaves_no_old_view_behind(
    database: Database, read: Callable[[Database], Coroutine[None, None, object]], turns: int
) -> None:
    await _put_head(database, "old")
    readers = [asyncio.create_task(read(database)) for _ in range(MANY)]
    for _ in range(turns):
        await asyncio.sleep(0)
    for reader in readers:
        reader.cancel()
    await asyncio.wait(readers)
    assert all(reader.cancelled() for reader in readers)

    await _put_head(database, "new")
    for _ in range(MANY):
        assert await _room_ids(database) == {"old", "new"}


@pytest.mark.parametrize("is_past_sqlalchemy", [True, False])
async def test_who_gives_up_in_the_middle_of_writing_has_written_nothing(
    database: Database, *, is_past_sqlalchemy: bool
) -> None:
    statement = text("INSERT INTO heads VALUES (CAST(:rows AS VARCHAR), 'epoch', 0)")

    async def write() -> None:
        async with database.transaction() as connection:
            if is_past_sqlalchemy:
                await run_together(connection, [database.prepare(statement).on(rows="lost")])
            else:
                await connection.execute(statement, {"rows": "lost"})
            await asyncio.Event().wait()

    for turns in (1, 2, 3, 4):
        writer = asyncio.create_task(write())
        for _ in range(turns):
            await asyncio.sleep(0)
        writer.cancel()
        await asyncio.wait([writer])
        assert writer.cancelled()
        await _put_head(database, f"kept {turns}")
    assert await _room_ids(database) == {"kept 1", "kept 2", "kept 3", "kept 4"}
