"""The narrow places: what happens while something else is being answered, or was never announced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from parlour.accounts.actions import Person
from parlour.messages.actions import Draft, Messages
from parlour.storage.journal import Journal
from parlour.wire.errors import CloseCode
from tests.cast import Guest, Room
from tests.contracts.inprocess import ServerHere, server_here

ROUNDS = 30
RACERS = 120
AT_ONCE = 3
FRAGMENTS = 1_100
WITHIN_S = 10


@pytest.fixture
async def server(sqlite_store: str) -> AsyncIterator[ServerHere]:
    async with server_here(sqlite_store) as running:
        yield running


def hello(guest: Guest) -> str:
    return json.dumps({"op": "hello", "ref": 1, "v": 1, "client": "test", "token": guest.token})


async def close_code(connection: ClientConnection) -> int:
    await asyncio.wait_for(connection.wait_closed(), WITHIN_S)
    return connection.close_code or 0


async def test_a_sign_out_during_hello_leaves_no_socket_open(server: ServerHere) -> None:
    guests = [await server.guest(f"Guest {number}") for number in range(RACERS)]
    sockets = [await connect(server.live_url) for _ in guests]

    async def race(guest: Guest, socket: ClientConnection) -> int:
        _, _ = await asyncio.gather(socket.send(hello(guest)), guest.signs_out())
        return await close_code(socket)

    # A few at a time: with all at once, every hello would be answered before the first sign-out is.
    codes: list[int] = []
    racers = list(zip(guests, sockets, strict=True))
    for start in range(0, RACERS, AT_ONCE):
        codes += await asyncio.gather(*(race(*racer) for racer in racers[start : start + AT_ONCE]))

    assert set(codes) == {CloseCode.SIGN_IN}


async def test_who_gets_a_new_name_while_entering_speaks_under_it(server: ServerHere) -> None:
    alice = await server.guest("Alice")
    rooms = [await alice.opens() for _ in range(ROUNDS)]
    await alice.connects()

    await asyncio.gather(*(alice.socket.asks("enter", room=room.id) for room in rooms), alice.renames("Alicia"))
    for number, room in enumerate(rooms):
        await alice.says(f"{number}", room)

    names = {(await alice.reads(room))["messages"][-1]["author"]["name"] for room in rooms}
    assert names == {"Alicia"}


async def test_a_commit_that_was_never_announced_is_heard_all_the_same(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens()
    await bob.joins(room.code)
    await bob.enters(room)

    await say_unannounced(server, alice, room, "Did you hear that?")

    assert (await bob.sees("Did you hear that?"))["data"]["author"]["name"] == "Alice"


async def say_unannounced(server: ServerHere, guest: Guest, room: Room, body: str) -> None:
    """Post through a journal whose announcements go nowhere, as when the bus to a node is down."""
    parlour = server.parlour
    silent = Journal(parlour.database, lambda _: None)
    silent.start()
    person = Person(guest.id, "Alice", "guest", "")
    seat = await parlour.rooms.load_seat(person, room.id)
    messages = Messages(parlour.database, silent, parlour.rooms, lambda: 0)
    await messages.post(seat, Draft("7b0e9a52-6c1d-4f83-9a57-0d2f6f1c8e44", body))
    await silent.stop(WITHIN_S)


async def test_what_comes_behind_a_fatal_frame_is_not_carried_out(server: ServerHere) -> None:
    alice = await server.guest("Alice")
    room = await alice.opens()
    await alice.enters(room)
    mallory = await connect(server.live_url)
    await mallory.send(hello(alice))
    await mallory.send(json.dumps({"op": "enter", "ref": 2, "room": room.id}))
    await mallory.recv()
    await mallory.recv()
    post = {"op": "post", "ref": 3, "room": room.id, "cid": "7b0e9a52-6c1d-4f83-9a57-0d2f6f1c8e45", "body": "Too late"}

    mallory.transport.write(b"".join(masked(text) for text in ("nonsense", json.dumps(post))))

    assert await close_code(mallory) == CloseCode.BAD_FRAME
    await alice.socket.settles()
    assert (await alice.reads(room))["messages"] == []


def masked(text: str) -> bytes:
    return WireFrame(Opcode.TEXT, text.encode()).serialize(mask=True)


async def test_a_message_in_endless_pieces_ends_the_connection(server: ServerHere) -> None:
    socket = await connect(server.live_url)

    await socket.send(iter([""] * FRAGMENTS))

    assert await close_code(socket) == CloseCode.TOO_BIG


async def test_a_message_in_some_pieces_is_one_message(server: ServerHere) -> None:
    alice = await server.guest("Alice")
    socket = await connect(server.live_url)
    text = hello(alice)

    await socket.send(iter(text[start : start + 1] for start in range(len(text))))

    assert json.loads(await socket.recv())["op"] == "welcome"
    await socket.close()
