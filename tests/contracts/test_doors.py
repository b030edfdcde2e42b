"""The doors of the database: whatever becomes of one who went through, the next one finds the room in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing, suppress

import pytest
from sqlalchemy import select, text

from parlour.storage.database import Database
from parlour.storage.schema import Head
from parlour.storage.statements import Step, run_together
from parlour.wire.errors import Refusal
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


def _asked(database: Database) -> Step:
    return database.prepare(select(Head.room_id).where(database.among_keys(Head.__table__.c.room_id))).on(
        rows=[("old",)]
    )


async def _read_past_sqlalchemy(database: Database) -> None:
    async with database.reading() as connection:
        await run_together(connection, [_asked(database)])
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

    async def write(has_written: asyncio.Event) -> None:
        async with database.transaction() as connection:
            if is_past_sqlalchemy:
                await run_together(connection, [_asked(database), database.prepare(statement).on(rows="lost")])
            else:
                await connection.execute(statement, {"rows": "lost"})
            has_written.set()
            await asyncio.Event().wait()

    for turns in (1, 2, 3, 4, None):
        has_written = asyncio.Event()
        writer = asyncio.create_task(write(has_written))
        for _ in range(turns or 0):
            await asyncio.sleep(0)
        if turns is None:
            await has_written.wait()
        writer.cancel()
        await asyncio.wait([writer])
        assert writer.cancelled()
        await _fail_half_way(database)
        await _put_head(database, f"kept {turns}")
    assert await _room_ids(database) == {"kept 1", "kept 2", "kept 3", "kept 4", "kept None"}


async def _fail_half_way(database: Database) -> None:
    """A transaction of two statements that raises; nothing of it may stay."""
    with suppress(ZeroDivisionError):
        async with database.writing() as connection:
            for half in ("one half", "other half"):
                await connection.execute(text("INSERT INTO heads VALUES (:room, 'epoch', 0)"), {"room": half})
            raise ZeroDivisionError


async def test_whose_transaction_could_not_begin_takes_nothing_from_the_next(sqlite_store: str) -> None:
    """A backup holds the lock for longer than anybody waits."""
    async with server_here(sqlite_store) as server:
        database = server.parlour.database
        await _put_head(database, "kept")
        with closing(sqlite3.connect(sqlite_store.removeprefix("sqlite:///"), isolation_level=None)) as backup:
            backup.execute("BEGIN IMMEDIATE")
            with pytest.raises(Refusal) as refused:
                await _put_head(database, "lost")
            assert refused.value.code == "storage_unavailable"
        await _fail_half_way(database)
        assert await _room_ids(database) == {"kept"}


async def test_who_is_cancelled_twice_keeps_nobody_waiting(database: Database) -> None:
    async def write() -> None:
        async with database.transaction() as connection:
            await run_together(connection, [database.prepare(text("SELECT CAST(:rows AS VARCHAR)")).on(rows="x")])
            await asyncio.Event().wait()

    for _ in range(MANY):
        writer = asyncio.create_task(write())
        await asyncio.sleep(0.01)
        for _ in range(3):
            writer.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([writer])
    async with asyncio.timeout(2):
        await _put_head(database, "new")
    assert await _room_ids(database) == {"new"}


async def test_nothing_is_sent_in_a_transaction_that_has_ended(sqlite_store: str) -> None:
    async with server_here(sqlite_store) as server:
        database = server.parlour.database
        async with database.transaction() as connection:
            await run_together(connection, [_asked(database)], end=True)
            with pytest.raises(sqlite3.OperationalError, match="has ended"):
                await run_together(connection, [_asked(database)])
