"""Both ways of writing to a socket keep the same promises: straight to the transport, and through ASGI's `send`."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from parlour.http.protocol import BoundedProtocol
from parlour.live.link import Link
from parlour.live.visitor import Visitor
from parlour.live.websocket import LiveProtocol
from parlour.storage.migrations import migrate
from parlour.wire.errors import MEANINGS
from parlour.wire.frames import POSTS_IN_FLIGHT
from tests.cast import Guest
from tests.contracts.inprocess import DIRECT, PLAIN, ServerHere, SocketProtocol, server_here
from tests.patience import eventually, until
from tests.sockets import Frame, Socket

TEAPOTS = "🫖" * 3_990
"""16 KB as UTF-8."""
MORE_THAN_BUFFERS_HOLD = 400
"""So many of them are more than the kernel keeps for a client that reads nothing."""
LAG_S = 0.3
ROOM_FOR_LITTLE_BYTES = 32 * 1024


@pytest.fixture(params=[DIRECT, PLAIN], ids=["direct", "plain"])
async def server(request: pytest.FixtureRequest, sqlite_store: str) -> AsyncIterator[ServerHere]:
    async with server_here(sqlite_store, request.param) as running:
        yield running


async def test_the_same_conversation_is_the_same_frames(sqlite_store: str, tmp_path: Path) -> None:
    other_store = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    await migrate(other_store)

    direct, plain = await converse(sqlite_store, DIRECT), await converse(other_store, PLAIN)

    assert anonymous(direct) == anonymous(plain)
    ops = {frame["op"] for frame in direct}
    assert ops == {"welcome", "entered", "presence", "event", "posted", "filled", "refused", "ok", "pong"}


async def converse(store: str, protocol: SocketProtocol) -> list[Frame]:
    """What Alice and then what Bob heard in a conversation with a bit of everything."""
    async with server_here(store, protocol) as server:
        alice, bob = await server.guest("Alice"), await server.guest("Bob")
        room = await alice.opens("Tea")
        await alice.enters(room)
        await bob.joins(room.code)
        await alice.socket.hears(op="event", kind="member.joined")
        await bob.enters(room, epoch=room.epoch, after=0)
        await bob.socket.hears(op="event", kind="member.joined", by=bob.id)
        for number in range(3):
            await alice.says(f"{number} {TEAPOTS}")
            await bob.sees(f"{number} {TEAPOTS}")
        await bob.socket.asks("fill", room=room.id, after=1, limit=2)
        await bob.socket.asks("post", room=room.id, cid="no cid", body="hi")
        await bob.socket.asks("exit", room=room.id)
        await alice.socket.hears(op="presence", left=[bob.id])
        await bob.enters(room)
        await bob.leaves(room)
        await alice.socket.hears(op="event", kind="member.left")
        await alice.socket.settles()
        await bob.socket.settles()
        return [*alice.socket.frames, *bob.socket.frames]


_MOMENTS = {"at", "now", "created_at", "joined_at"}
_NAMES = {"room", "id", "by", "person_id", "cid", "epoch", "code", "url", "connection", "joined", "left", "here"}


def anonymous(frames: list[Frame]) -> object:
    """The frames without moments, and with what is made up by chance numbered by its first appearance."""
    numbers: dict[str, int] = {}

    def mask(key: str, value: object) -> object:
        if isinstance(value, dict):
            return {inner: mask(inner, item) for inner, item in value.items()}
        if isinstance(value, list):
            return [mask(key, item) for item in value]
        if key in _MOMENTS:
            return "a moment"
        if key in _NAMES and isinstance(value, str) and value not in MEANINGS:
            return numbers.setdefault(value, len(numbers))
        return value

    return [mask("", frame) for frame in frames]


@asynccontextmanager
async def deaf(server: ServerHere, guest: Guest) -> AsyncIterator[ClientConnection]:
    """A connection of a guest who has entered, and reads nothing from then on."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM_FOR_LITTLE_BYTES)
    narrow.connect(("127.0.0.1", server.port))
    async with connect(
        server.live_url, sock=narrow, max_queue=1, max_size=None, proxy=None, close_timeout=1
    ) as connection:
        await connection.send(json.dumps({"op": "hello", "ref": 1, "v": 1, "token": guest.token}))
        await connection.send(json.dumps({"op": "enter", "ref": 2, "room": guest.room.id}))
        while json.loads(await connection.recv())["op"] != "entered":
            pass
        yield connection


def said(heard: Socket, guest: Guest) -> list[str]:
    return [event["data"]["body"] for event in heard.events(guest.room.id)]


async def say_all(guest: Guest, bodies: list[str]) -> None:
    for start in range(0, len(bodies), POSTS_IN_FLIGHT):
        await asyncio.gather(*(guest.says(body) for body in bodies[start : start + POSTS_IN_FLIGHT]))


async def test_who_reads_nothing_is_put_aside_and_misses_nothing(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    await alice.enters(room)
    bodies = [f"{number} {TEAPOTS}" for number in range(MORE_THAN_BUFFERS_HOLD)]
    async with deaf(server, bob) as connection:
        delivered = server.parlour.hub.deliveries
        await say_all(alice, bodies)
        delivered = server.parlour.hub.deliveries - delivered
        assert len(bodies) <= delivered < 2 * len(bodies), "Alice heard all of it, for Bob some had to wait"

        async with Socket(connection) as bobs:

            async def has_heard_all() -> bool:
                return len(bobs.events(room.id)) >= len(bodies)

            await eventually(has_heard_all, within_s=20)
            assert said(bobs, bob) == bodies
            await alice.says("are you there?")
            await bobs.hears(op="event", data={"body": "are you there?"})
            assert said(bobs, bob) == [*bodies, "are you there?"]


async def test_who_goes_on_reading_nothing_is_closed_and_resumes_where_they_were(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    server.parlour.hub.lag_s = LAG_S
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    await alice.enters(room)
    bodies = [f"{number} {TEAPOTS}" for number in range(MORE_THAN_BUFFERS_HOLD)]
    async with deaf(server, bob) as connection:
        await say_all(alice, bodies)
        await until(time.monotonic() + 3 * LAG_S)
        async with Socket(connection) as bobs:
            assert await bobs.is_closed_with() == 4002
            heard = said(bobs, bob)

    assert heard == bodies[: len(heard)]
    assert len(heard) < len(bodies)
    last = room.head + 1 + len(heard)
    await bob.enters(room, epoch=room.epoch, after=last)
    await bob.sees(bodies[-1])
    assert heard + said(bob.socket, bob) == bodies


async def test_who_is_gone_leaves_nothing_for_the_collector(sqlite_store: str) -> None:
    """Circles would stay until the collector comes to what is old, which is seldom: a kilobyte for each return."""
    async with server_here(sqlite_store) as server:
        alice = await server.guest("Alice")
        room = await alice.opens("Tea")
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await alice.connects()
                await alice.enters(room)
                await alice.socket.breaks()
            # Somebody is also gone before he has heard everything.
            for _ in range(5):
                await alice.connects()
                await alice.socket.says("enter", room=room.id, after=0)
                await alice.socket.breaks()

            async def are_forgotten() -> bool:
                return not server.parlour.gateway.connections

            await eventually(are_forgotten)
            await asyncio.sleep(0.1)
            left = [
                kept for kept in gc.get_objects() if isinstance(kept, LiveProtocol | Visitor | Link | BoundedProtocol)
            ]
            assert [type(kept).__name__ for kept in left if not isinstance(kept, BoundedProtocol)] == []
            # Alice's own connection for HTTP is open.
            assert len(left) <= 1
        finally:
            gc.enable()
