"""Bounds on connections: whoever keeps one waiting is cut, and no address holds them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from parlour.http.protocol import BoundedProtocol
from tests.cast import assert_refused
from tests.contracts.inprocess import ServerHere, server_here
from tests.patience import eventually

SOON_S = 0.2
HALF_A_HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
HALF_A_BODY = (
    b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
)
A_REQUEST = HALF_A_HEAD + b"\r\n"


@pytest.fixture
async def server(sqlite_store: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerHere]:
    monkeypatch.setattr(BoundedProtocol, "head_within_s", SOON_S)
    monkeypatch.setattr(BoundedProtocol, "body_within_s", SOON_S)
    async with server_here(sqlite_store) as running:
        yield running


@pytest.mark.parametrize("said", [b"", b"\r\n", HALF_A_HEAD, HALF_A_BODY, A_REQUEST + HALF_A_HEAD, A_REQUEST + b"\r\n"])
async def test_who_does_not_complete_a_request_is_cut(server: ServerHere, said: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for part in said.partition(A_REQUEST):
        writer.write(part)
        if part == A_REQUEST:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(2):
        # An abort is an end or a reset, as the kernel likes.
        with suppress(ConnectionResetError):
            await reader.read()
    writer.close()


async def test_who_completes_a_request_may_wait_for_its_answer_and_keep_a_socket(server: ServerHere) -> None:
    alice = await server.guest()
    room = await alice.opens()
    await alice.enters()
    async with alice.http.stream("GET", f"{room.path}/events", headers={"accept": "text/event-stream"}) as answer:
        await asyncio.sleep(3 * SOON_S)
        await alice.posts("still here")
        await alice.sees("still here")
        async for line in answer.aiter_lines():
            if "still here" in line:
                break


async def test_an_address_holds_so_many_sockets_and_streams(server: ServerHere) -> None:
    alice = await server.guest()
    room = await alice.opens()
    server.parlour.doors.most = 1
    socket = await alice.connects()
    answer = await alice.http.get(f"{room.path}/events", headers={"accept": "text/event-stream"})
    assert_refused(answer, "rate_limited")
    assert await (await server.socket()).is_closed_with() == 4013

    async def a_place_is_free() -> bool:
        async with alice.http.stream("GET", f"{room.path}/events", headers={"accept": "text/event-stream"}) as stream:
            return stream.is_success

    await socket.close()
    await eventually(a_place_is_free)
