"""Lifetime: a room with nobody present is deleted with all it holds, soon after its grace time and never before."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from uuid import uuid4

import pytest

from tests.cast import Guest, Room, Server, assert_refused
from tests.conftest import Serve, run_shared, visited
from tests.patience import eventually, until
from tests.server import ServerProcess

TTL_S = 1
LATE_S = 2
SLACK_S = 1
"""Between the server's start and ours noticing it."""
FIRST_LOOK_S = 1.5
"""By then a server that has just started has looked for empty rooms."""


@pytest.fixture(scope="module")
def hasty_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    yield from run_shared(tmp_path_factory.mktemp("hasty"), empty_room_ttl_s=TTL_S)


@pytest.fixture
async def hasty(hasty_process: ServerProcess) -> AsyncIterator[Server]:
    """A server whose grace time is a second."""
    async with visited(hasty_process) as server:
        yield server


async def is_gone(guest: Guest, room: Room) -> bool:
    """Whether the room answers like an unknown one; asking is no presence."""
    return (await guest.http.get(room.path)).status_code == 404


async def is_noted_as_occupied(server: Server, room: Room) -> bool:
    """Whether the database says that somebody is there: a restart begins with what it says."""
    return server.process.query("SELECT empty_since_ms FROM rooms WHERE id = ?", room.id) == [(None,)]


def rows_of(server: Server, room: Room) -> dict[str, int]:
    """How many rows each table holds for a room, of all tables that know rooms."""
    tables = [name for (name,) in server.process.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    counts = {}
    for table in tables:
        columns = {row[1] for row in server.process.query(f"PRAGMA table_info({table})")}
        column = "room_id" if "room_id" in columns else "id"
        if column in columns:
            counts[table] = server.process.query(f"SELECT count(*) FROM {table} WHERE {column} = ?", room.id)[0][0]  # noqa: S608 -- the names are the schema's
    return {table: count for table, count in counts.items() if count}


async def test_how_long_an_empty_room_lives_is_told(hasty: Server) -> None:
    alice = await hasty.guest()
    room = await alice.opens()
    assert (await alice.http.get(room.path)).json()["room"]["empty_ttl_s"] == TTL_S
    assert (await alice.enters())["snapshot"]["room"]["empty_ttl_s"] == TTL_S


async def test_an_empty_room_is_deleted_with_every_row_of_it(hasty: Server) -> None:
    alice, bob = await hasty.guest(), await hasty.guest("Bob")
    room = await alice.opens("Tea")
    await alice.enters()
    await bob.joins(room.code)
    await alice.says("hi")
    assert rows_of(hasty, room).keys() == {"rooms", "codes", "heads", "members", "messages", "entries"}
    await alice.socket.asks("exit", room=room.id)
    waited_s = await eventually(partial(is_gone, alice, room))
    assert TTL_S - 0.1 <= waited_s <= TTL_S + LATE_S

    async def holds_nothing() -> bool:
        return rows_of(hasty, room) == {}

    await eventually(holds_nothing)


async def test_a_room_that_nobody_ever_entered_is_deleted_too(hasty: Server) -> None:
    alice = await hasty.guest()
    room = await alice.opens()
    assert await eventually(partial(is_gone, alice, room)) <= TTL_S + LATE_S


async def test_a_deleted_room_answers_like_an_unknown_one(hasty: Server) -> None:
    alice = await hasty.guest()
    room = await alice.opens()
    await eventually(partial(is_gone, alice, room))
    for path, unknown in ((f"/codes/{room.code}", "/codes/ZZZZ"), (room.path, f"/rooms/{'A' * 22}")):
        gone, never = await alice.http.get(path), await alice.http.get(unknown)
        assert (gone.status_code, gone.content) == (never.status_code, never.content)
    message = {"cid": str(uuid4()), "body": "hi"}
    assert_refused(await alice.http.post(f"{room.path}/messages", json=message), "not_found")
    await alice.connects()
    assert (await alice.socket.asks("enter", room=room.id))["code"] == "not_found"


async def test_a_room_with_somebody_in_it_lives_on_through_a_refresh(hasty: Server) -> None:
    alice = await hasty.guest()
    left_alone = await alice.opens()
    room = await alice.opens()
    await alice.enters()
    for _ in range(4):
        await alice.socket.breaks()
        began_s = time.monotonic()
        await alice.enters()
        assert time.monotonic() - began_s < TTL_S, "a refresh is quicker than the grace time"
        await until(began_s + TTL_S)
    assert await is_gone(alice, left_alone)
    assert not await is_gone(alice, room)


async def test_a_reader_of_the_event_stream_is_present(hasty: Server) -> None:
    alice = await hasty.guest()
    left_alone = await alice.opens()
    room = await alice.opens()
    async with alice.http.stream("GET", f"{room.path}/events", headers={"accept": "text/event-stream"}):
        await eventually(partial(is_gone, alice, left_alone))
        await until(time.monotonic() + LATE_S)
        assert not await is_gone(alice, room)
    await eventually(partial(is_gone, alice, room))


@pytest.mark.slow
async def test_the_time_that_the_server_is_down_does_not_count(serve: Serve) -> None:
    server = await serve(empty_room_ttl_s=4)
    alice = await server.guest()
    occupied = await alice.opens()
    await alice.enters()
    await eventually(partial(is_noted_as_occupied, server, occupied))
    left_alone, emptied_s = await alice.opens(), time.monotonic()
    await server.stops()
    was_empty_s = time.monotonic() - emptied_s
    await until(time.monotonic() + 4.1)
    await server.starts()
    lived_s = await eventually(partial(is_gone, alice, left_alone))
    assert 4 - was_empty_s - SLACK_S <= lived_s <= 4 + LATE_S
    lived_s += await eventually(partial(is_gone, alice, occupied))
    assert 4 - SLACK_S <= lived_s <= 4 + LATE_S + SLACK_S


async def test_a_room_outlives_a_server_that_died_for_longer_than_its_grace_time(serve: Serve) -> None:
    server = await serve(empty_room_ttl_s=3)
    alice = await server.guest()
    room = await alice.opens()
    await alice.enters()
    head = (await alice.says("before"))["seq"]
    await eventually(partial(is_noted_as_occupied, server, room))
    await server.is_killed()
    await until(time.monotonic() + 3.1)
    await server.starts()
    await until(time.monotonic() + FIRST_LOOK_S)
    assert (await alice.enters(room, epoch=room.epoch, after=head))["mode"] == "resumed"
