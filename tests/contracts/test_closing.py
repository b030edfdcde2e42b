"""Closing rooms: never while somebody comes, many at once, and without waiting for what they held to be deleted."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest
from sqlalchemy import Engine, event, func, insert, select

from parlour.accounts.actions import Person
from parlour.live.roster import Roster
from parlour.messages.actions import Draft, Messages
from parlour.rooms.actions import Gathering, Rooms
from parlour.rooms.lifetime import Lifetimes
from parlour.rooms.opening import Codes
from parlour.rooms.purging import SLICE_ROWS, Purge, tables_of_rooms
from parlour.rooms.tables import Room
from parlour.storage.database import Database
from parlour.storage.schema import Entry, Head
from tests.contracts.scribe import AT_MS, Node

TTL_S = 60
ALICE = Person("A" * 22, "Alice", "guest", "")


class Lookout(Roster):
    """A roster that says when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    def is_occupied(self, room_id: str) -> bool:
        self.asked.set()
        return super().is_occupied(room_id)


class House:
    """The rooms of a node, with a clock in the test's hand."""

    def __init__(self, node: Node) -> None:
        self.now_ms = AT_MS
        self.closed: list[str] = []
        self.roster = Lookout()
        self.database = node.database
        codes = Codes(secrets.randbelow, lambda: 0)
        self.rooms = Rooms(node.database, node.journal, self.roster, codes, self._clock)
        self.messages = Messages(node.database, node.journal, self.rooms, self._clock)
        self.lifetimes = Lifetimes(node.database, self.roster, codes, self._clock, TTL_S, self.closed.append)

    def _clock(self) -> int:
        return self.now_ms

    async def opens(self) -> Gathering:
        return await self.rooms.create(ALICE, None, None)

    def waits_too_long(self) -> Self:
        self.now_ms += TTL_S * 1000 + 1
        return self


@pytest.fixture
async def house(node: Node) -> House:
    house = House(node)
    await house.lifetimes.begin()
    return house


@contextmanager
def commits() -> Iterator[list[None]]:
    """One entry for each COMMIT of the block."""
    counted: list[None] = []

    def count(_connection: object) -> None:
        counted.append(None)

    event.listen(Engine, "commit", count)
    try:
        yield counted
    finally:
        event.remove(Engine, "commit", count)


async def rows_of(database: Database, room_id: str) -> int:
    async with database.reading() as connection:
        counts = [
            (await connection.execute(select(func.count()).where(table.c.room_id == room_id))).scalar_one()
            for table in tables_of_rooms()
        ]
        rooms = (await connection.execute(select(func.count()).where(Room.id == room_id))).scalar_one()
    return sum(counts) + rooms


async def test_a_room_in_which_somebody_speaks_while_it_is_being_closed_stays(house: House) -> None:
    left_alone, visited = await house.opens(), await house.opens()
    room_id = visited.seat.room.id
    house.waits_too_long()

    async with house.database.writing() as connection:
        await connection.execute(select(Head.head).order_by(Head.room_id).with_for_update())
        house.roster.asked.clear()
        closing = asyncio.create_task(house.lifetimes.tick())
        # It has seen that nobody is there, and waits for the writer's door.
        await house.roster.asked.wait()
        posting = house.messages.post(visited.seat, Draft("0" * 8 + "-0000-0000-0000-" + "0" * 12, "hi"))
        house.rooms.visit(visited.seat)
    await closing

    seq = (await posting).seq
    assert house.closed == [left_alone.seat.room.id]
    assert (await house.messages.load_events(ALICE, room_id, seq - 1, 1)).events[0].kind == "message.posted"


async def test_somebody_who_enters_while_a_room_is_being_closed_keeps_it_open(house: House) -> None:
    visited = await house.opens()
    house.waits_too_long()

    async with house.database.writing() as connection:
        await connection.execute(select(Head.head).with_for_update())
        house.roster.asked.clear()
        closing = asyncio.create_task(house.lifetimes.tick())
        await house.roster.asked.wait()
        house.roster.arrive(visited.seat.room.id, ALICE.id)
    await closing

    assert house.closed == []
    await house.rooms.load_seat(ALICE, visited.seat.room.id)


async def test_many_rooms_are_closed_together(house: House) -> None:
    room_ids = {(await house.opens()).seat.room.id for _ in range(300)}
    house.waits_too_long()

    with commits() as counted:
        await house.lifetimes.tick()

    assert set(house.closed) == room_ids
    assert len(counted) < 30


async def test_what_a_closed_room_held_is_deleted_in_slices(house: House) -> None:
    room_id = (await house.opens()).seat.room.id
    rows = [
        {"room_id": room_id, "seq": 3 + number, "kind": "noted", "at_ms": AT_MS, "by_id": ALICE.id, "data": "{}"}
        for number in range(3 * SLICE_ROWS)
    ]
    async with house.database.writing() as connection:
        await connection.execute(insert(Entry), rows)
    house.waits_too_long()
    await house.lifetimes.tick()
    assert await rows_of(house.database, room_id) > len(rows), "closing does not wait for it"

    with commits() as counted:
        await Purge(house.database).purge()

    assert await rows_of(house.database, room_id) == 0
    assert len(counted) > len(rows) // SLICE_ROWS
