"""Streams let go of who has left, who signs out, who reads nothing, and of everyone when the server stops."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from parlour.http.protocol import BoundedProtocol
from parlour.wire.codec import SharedFrame
from parlour.wire.frames import Head
from tests.cast import Guest, assert_refused
from tests.contracts.inprocess import ServerHere, server_here
from tests.patience import eventually
from tests.sockets import WITHIN_S

TEAPOTS = "🫖" * 4_000
"""16 KB as UTF-8."""
MORE_THAN_BUFFERS_HOLD = 400
LITTLE_BYTES = 32 * 1024
PATIENCE_S = 0.2


@pytest.fixture
async def server(sqlite_store: str) -> AsyncIterator[ServerHere]:
    async with server_here(sqlite_store) as running:
        yield running


@contextmanager
def deaf(server: ServerHere, guest: Guest) -> Iterator[None]:
    """A stream of the guest's room, of which nothing is ever read."""
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE_BYTES)
        narrow.connect(("127.0.0.1", server.port))
        lines = (
            f"GET /api/v1/rooms/{guest.room.id}/events HTTP/1.1",
            "Host: parlour",
            f"Authorization: Bearer {guest.token}",
            "Accept: text/event-stream",
        )
        narrow.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        yield


async def talk_much(guest: Guest) -> None:
    """More than a reader who reads nothing can be sent."""
    for _ in range(MORE_THAN_BUFFERS_HOLD // 16):
        await asyncio.gather(*(guest.posts(TEAPOTS) for _ in range(16)))


async def no_stream_is_left() -> bool:
    return not any(task.get_name().startswith("stream") for task in asyncio.all_tasks())


async def a_stream_is_there() -> bool:
    return not await no_stream_is_left()


Farewell = Callable[[Guest], Awaitable[None]]


@pytest.mark.parametrize("goes", [Guest.leaves, Guest.signs_out])
async def test_who_reads_nothing_is_let_go_when_they_leave_or_sign_out(server: ServerHere, goes: Farewell) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens()
    await bob.joins(room.code)
    await alice.enters()
    with deaf(server, bob):
        await alice.socket.hears(op="presence", joined=[bob.id])
        await talk_much(alice)
        await goes(bob)
        assert server.parlour.roster.here(room.id) == [alice.id]
        assert server.parlour.hub.count(room.id) == 1
        await eventually(no_stream_is_left, within_s=4)


async def test_who_goes_on_reading_nothing_is_cut(server: ServerHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "read_within_s", PATIENCE_S)
    alice = await server.guest("Alice")
    room = await alice.opens()
    with deaf(server, alice):
        await eventually(a_stream_is_there)
        await talk_much(alice)
        await eventually(no_stream_is_left, within_s=4)
    assert server.parlour.hub.count(room.id) == 0


async def test_the_server_stops_without_those_who_read_nothing(sqlite_store: str) -> None:
    async with server_here(sqlite_store) as server:
        alice = await server.guest("Alice")
        await alice.opens()
        with deaf(server, alice):
            await eventually(a_stream_is_there)
            await talk_much(alice)
            stopping_s = time.monotonic()
            await server.stops()
            assert time.monotonic() - stopping_s < 4


async def test_a_quiet_stream_is_kept_alive_whatever_else_is_told(server: ServerHere) -> None:
    server.parlour.streams.keep_alive_s = 5 * PATIENCE_S
    alice = await server.guest("Alice")
    room = await alice.opens()

    async def tell_heads() -> None:
        while True:
            server.parlour.hub.broadcast(room.id, SharedFrame(Head(room.id, room.head)))
            await asyncio.sleep(PATIENCE_S / 4)

    telling = asyncio.create_task(tell_heads())
    async with asyncio.timeout(WITHIN_S):
        async with alice.http.stream("GET", f"{room.path}/events", headers={"accept": "text/event-stream"}) as answer:
            async for line in answer.aiter_lines():
                if line == ": keep-alive":
                    break
    telling.cancel()


async def test_a_draining_server_begins_nothing_new(server: ServerHere) -> None:
    alice = await server.guest("Alice")
    room = await alice.opens()
    await alice.enters()
    server.parlour.gateway.drain()
    server.parlour.streams.drain()
    answer = await alice.http.get(f"{room.path}/events", headers={"accept": "text/event-stream"})
    assert_refused(answer, "overloaded")
    assert answer.headers["retry-after"] == "1"
    assert_refused(await alice.http.post("/rooms", json={}), "overloaded")
    refused = await alice.socket.asks("post", room=room.id, cid=str(uuid4()), body="one more")
    assert (refused["code"], refused["final"]) == ("overloaded", False)
    assert await (await server.socket()).is_closed_with() == 4003
