"""Events: the room's log as a page, and as a stream that a plain HTTP client can follow and resume."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.cast import JSON, Guest, assert_refused, succeed
from tests.conftest import Serve


class Stream:
    """A reader of Server-Sent Events (WHATWG HTML, section 9.2)."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.kind = "message"
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, JSON]:
        """The id and the data of the next event."""
        event = [event async for event in self._events(most=1)]
        assert event, "the stream has ended"
        return event[0]

    async def rest(self) -> list[tuple[str, JSON]]:
        """What comes until the server ends the stream."""
        return [event async for event in self._events()]

    async def _events(self, most: int | None = None) -> AsyncIterator[tuple[str, JSON]]:
        fields: dict[str, str] = {}
        while most is None or most > 0:
            line = await anext(self._lines, None)
            if line is None:
                return
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                self.kind = fields.get("event", "message")
                yield fields["id"], json.loads(fields["data"])
                fields, most = {}, None if most is None else most - 1


@asynccontextmanager
async def following(guest: Guest, after: int | None = None, **headers: str) -> AsyncIterator[Stream]:
    """The stream of the guest's room."""
    named = {"accept": "text/event-stream"} | {name.replace("_", "-"): value for name, value in headers.items()}
    params = {} if after is None else {"after": after}
    async with guest.http.stream("GET", f"{guest.room.path}/events", headers=named, params=params) as response:
        succeed(response)
        yield Stream(response)


@pytest.fixture
async def talker(alice: Guest) -> Guest:
    """Alice in a room whose log reaches to 5."""
    await alice.opens("Tea")
    for body in ("one", "two", "three"):
        await alice.posts(body)
    return alice


async def test_a_page_is_a_run_of_the_log_and_where_it_ends(talker: Guest) -> None:
    page = succeed(await talker.http.get(f"{talker.room.path}/events", params={"after": 1, "limit": 2})).json()
    assert page["head"] == 5
    assert [(event["seq"], event["kind"]) for event in page["events"]] == [(2, "member.joined"), (3, "message.posted")]
    assert page["events"][1].keys() == {"seq", "kind", "at", "by", "data"}


async def test_the_whole_log_is_gapless_from_1(talker: Guest) -> None:
    assert [event["seq"] for event in await talker.reads_log()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", [5, 6, 2**53 - 1])
async def test_behind_the_head_there_is_nothing(talker: Guest, after: int) -> None:
    page = succeed(await talker.http.get(f"{talker.room.path}/events", params={"after": after})).json()
    assert page == {"events": [], "head": 5}


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={2**53}", "limit=0", "limit=201"])
async def test_a_position_that_is_none_is_a_bad_request(talker: Guest, query: str) -> None:
    assert_refused(await talker.http.get(f"{talker.room.path}/events?{query}"), "bad_request")


async def test_a_page_says_the_same_as_the_live_event(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    await bob.joins(room.code)
    await alice.posts("hi", reply_to=1)
    await bob.renames("Robert")
    await bob.leaves()
    await alice.socket.hears(op="event", kind="member.left")
    live = [
        {name: event[name] for name in ("seq", "kind", "at", "by", "data")} for event in alice.socket.events(room.id)
    ]
    assert live == await alice.reads_log(after=2)


async def test_the_stream_is_the_log_and_then_live(talker: Guest) -> None:
    async with following(talker) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert [(await stream.next())[0] for _ in range(5)] == ["1", "2", "3", "4", "5"]
        await talker.posts("live")
        number, event = await stream.next()
        assert (number, event["seq"], event["kind"], event["data"]["body"]) == ("6", 6, "message.posted", "live")


async def test_a_reader_who_comes_back_gets_what_they_missed_and_nothing_twice(talker: Guest) -> None:
    async with following(talker, last_event_id="3") as stream:
        assert [(await stream.next())[0] for _ in range(2)] == ["4", "5"]
    await talker.posts("missed")
    async with following(talker, last_event_id="5") as stream:
        number, event = await stream.next()
        assert (number, event["data"]["body"]) == ("6", "missed")


async def test_where_a_reader_was_wins_over_the_address_they_began_with(talker: Guest) -> None:
    async with following(talker, after=1, last_event_id="4") as stream:
        assert (await stream.next())[0] == "5"
    async with following(talker, after=1) as stream:
        assert (await stream.next())[0] == "2"


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "²", str(2**53), "9" * 16, "9" * 400])
async def test_a_last_event_id_that_is_no_seq_is_a_bad_request(talker: Guest, last: str) -> None:
    headers = {b"accept": b"text/event-stream", b"last-event-id": last.encode()}
    assert_refused(await talker.http.get(f"{talker.room.path}/events", headers=headers), "bad_request")


async def test_a_stream_ends_when_its_reader_leaves_the_room(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    async with following(bob, after=3) as stream:
        await alice.posts("before")
        assert (await stream.next())[1]["data"]["body"] == "before"
        await bob.leaves()
        await alice.posts("after")
        assert [(number, event["kind"]) for number, event in await stream.rest()] == [("5", "member.left")]


async def test_a_stream_ends_when_its_reader_signs_out(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    async with following(alice, after=3) as stream:
        await bob.posts("before")
        assert (await stream.next())[1]["data"]["body"] == "before"
        await alice.signs_out()
        await bob.posts("after")
        assert "after" not in [event["data"].get("body") for _, event in await stream.rest()]


async def test_a_position_that_the_log_never_reached_is_told(talker: Guest) -> None:
    async with following(talker, last_event_id=str(2**53 - 1)) as stream:
        assert await stream.next() == ("5", {"head": 5})
        assert stream.kind == "reset"
        await talker.posts("live")
        assert (await stream.next())[0] == "6"


@pytest.mark.parametrize("accept", ["text/event-stream;q=0", "application/json, text/event-stream; q=0.0"])
async def test_who_accepts_no_stream_gets_a_page(talker: Guest, accept: str) -> None:
    page = succeed(await talker.http.get(f"{talker.room.path}/events", headers={"accept": accept})).json()
    assert page["head"] == 5


async def test_a_stream_ends_when_the_server_stops(serve: Serve) -> None:
    server = await serve()
    alice = await server.guest()
    await alice.opens()
    async with following(alice) as stream:
        await stream.next()
        await server.stops()
        assert [number for number, _ in await stream.rest()] == ["2"]


async def test_a_reader_of_the_stream_is_here(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await alice.enters()
    async with following(bob):
        assert (await alice.socket.hears(op="presence", joined=[bob.id]))["room"] == room.id
    await alice.socket.hears(op="presence", left=[bob.id])
