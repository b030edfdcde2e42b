"""Membership under races: who has left says and reads nothing more, and a room with members has one owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from sqlalchemy import select

from parlour.accounts.actions import Person
from parlour.messages.actions import Draft
from parlour.storage.schema import Head
from tests.cast import Guest, Room, assert_refused
from tests.contracts.inprocess import ServerHere, server_here
from tests.patience import eventually


@pytest.fixture
async def server(store: str) -> AsyncIterator[ServerHere]:
    async with server_here(store) as running:
        yield running


@asynccontextmanager
async def writes_held_up(server: ServerHere, room: Room, guest: Guest) -> AsyncIterator[None]:
    """What is written to the room during the block waits behind a first word of `guest`, and then is one batch."""
    person = Person(guest.id, "Somebody", "guest", "")
    async with server.parlour.database.writing() as connection:
        await connection.execute(select(Head.head).where(Head.room_id == room.id).with_for_update())
        seat = await server.parlour.rooms.load_seat(person, room.id)
        first = server.parlour.messages.post(seat, Draft(str(uuid4()), "first"))
        await are_in_line(server, 0)
        yield
    await first


async def are_in_line(server: ServerHere, changes: int) -> None:
    """Wait until so many changes wait, besides what is being written."""

    async def have_come() -> bool:
        return server.parlour.journal.waiting == changes

    await eventually(have_come)


async def log_of(guest: Guest, room: Room) -> list[tuple[str, str, dict[str, object]]]:
    """Kind, author and data of each event, in order."""
    page = (await guest.http.get(f"{room.path}/events")).json()
    return [(event["kind"], event["by"], event["data"]) for event in page["events"]]


async def roles(guest: Guest, room: Room) -> dict[str, str]:
    members = (await guest.http.get(room.path)).json()["members"]
    return {member["name"]: member["role"] for member in members}


async def test_nobody_says_anything_behind_their_own_leaving(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    await bob.enters(room)
    too_late = str(uuid4())

    async with writes_held_up(server, room, alice):
        before = asyncio.create_task(bob.says("before", room))
        await are_in_line(server, 1)
        leaving = asyncio.create_task(bob.leaves(room))
        await are_in_line(server, 2)
        await bob.socket.says("post", room=room.id, cid=too_late, body="behind")
        await are_in_line(server, 3)

    await asyncio.gather(before, leaving)
    refused = await bob.socket.hears(op="refused")
    assert (refused["code"], refused["final"]) == ("not_found", True)
    said = [data.get("body", kind) for kind, by, data in await log_of(alice, room) if by == bob.id]
    assert said == ["member.joined", "before", "member.left"]


async def test_who_leaves_and_comes_back_at_once_may_speak(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)

    for _ in range(3):
        await bob.leaves(room)
        assert_refused(await bob.http.get(f"{room.path}/messages"), "not_found")
        assert_refused(await bob.http.get(f"{room.path}/events"), "not_found")
        await bob.joins(room.code)
        await bob.posts("back", room)


async def test_an_owner_who_leaves_twice_at_once_has_one_successor(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)

    async with writes_held_up(server, room, bob):
        leaving = [asyncio.create_task(alice.leaves(room)) for _ in range(2)]
        await are_in_line(server, 2)

    await asyncio.gather(*leaving)
    kinds = [kind for kind, _, _ in await log_of(bob, room)]
    assert kinds[-2:] == ["member.role", "member.left"]
    assert (kinds.count("member.role"), kinds.count("member.left")) == (1, 1)
    assert await roles(bob, room) == {"Bob": "owner"}


async def test_when_owner_and_successor_leave_at_once_the_next_one_owns_the_room(server: ServerHere) -> None:
    alice, bob, carol = [await server.guest(name) for name in ("Alice", "Bob", "Carol")]
    room = await alice.opens("Tea")
    for guest in (bob, carol):
        await guest.joins(room.code)

    async with writes_held_up(server, room, carol):
        leaving = [asyncio.create_task(guest.leaves(room)) for guest in (alice, bob)]
        await are_in_line(server, 2)

    await asyncio.gather(*leaving)
    assert await roles(carol, room) == {"Carol": "owner"}


async def test_of_two_who_come_into_a_room_without_members_one_owns_it(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    # From elsewhere: those who try codes from one address take turns.
    carol = await server.guest("Carol", address="127.0.0.2")
    room = await alice.opens("Tea")

    async with writes_held_up(server, room, alice):
        leaving = asyncio.create_task(alice.leaves(room))
        await are_in_line(server, 1)
        coming = [asyncio.create_task(guest.joins(room.code)) for guest in (bob, carol)]
        await are_in_line(server, 3)

    await asyncio.gather(leaving, *coming)
    assert sorted((await roles(bob, room)).values()) == ["member", "owner"]


async def test_a_guest_who_signs_out_leaves_their_rooms_and_owns_none(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)

    assert (await alice.http.delete("/session")).status_code == 204

    assert await roles(bob, room) == {"Bob": "owner"}


async def test_a_guest_whose_session_ends_leaves_their_rooms_too(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    async with server.parlour.database.writing() as connection:
        await connection.exec_driver_sql(f"UPDATE sessions SET expires_at_ms = 1 WHERE person_id = '{alice.id}'")  # noqa: S608 -- an id

    await server.parlour.accounts.forget_ended_sessions()

    assert await roles(bob, room) == {"Bob": "owner"}


@pytest.mark.parametrize("room_id", ["\x00" * 22, "x", "ü" * 22, "A" * 21 + "\x00", "A" * 23])
async def test_what_can_be_no_room_is_not_found(server: ServerHere, room_id: str) -> None:
    alice = await server.guest("Alice")
    await alice.connects()
    quoted = "".join(f"%{byte:02x}" for byte in room_id.encode())
    for path in (f"/rooms/{quoted}", f"/rooms/{quoted}/messages", f"/rooms/{quoted}/events"):
        assert_refused(await alice.http.get(path), "not_found")
    assert (await alice.socket.asks("enter", room=room_id))["code"] == "not_found"
