"""What a call costs the database: a pinned number of statements, the same at 100 and at 100,000 messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.cast import Guest, Room
from tests.contracts.inprocess import ServerHere, server_here
from tests.contracts.watching import statements_sent

FEW, MANY = 100, 100_000


@pytest.fixture
async def server(store: str) -> AsyncIterator[ServerHere]:
    async with server_here(store) as running:
        yield running


_FILL = """
    INSERT INTO messages (room_id, seq, author_id, author_name, cid, at_ms, body)
    WITH RECURSIVE numbers (number) AS (SELECT 3 UNION ALL SELECT number + 1 FROM numbers WHERE number < :last)
    SELECT CAST(:room AS VARCHAR), number, 'somebody', 'Somebody', 'cid ' || number, 0, 'number ' || number FROM numbers
"""


async def fill(server: ServerHere, room: Room, messages: int) -> None:
    """Put so many messages into a new room, past the journal."""
    last = messages + 2
    move = text("UPDATE heads SET head = :last WHERE room_id = :room")
    async with server.parlour.database.writing() as connection:
        await connection.execute(text(_FILL), {"room": room.id, "last": last})
        await connection.execute(move, {"room": room.id, "last": last})


Sent = list[tuple[str, Any]]


async def cost(call: Awaitable[object]) -> Sent:
    with statements_sent() as statements:
        await call
    return statements.sent


async def costs_of_everything(alice: Guest, bob: Guest, room: Room, middle: int) -> dict[str, Sent]:
    """Each call, with what it sent. Alice is a member of the room, Bob joins."""
    log = f"{room.path}/events"
    costs = {
        "newest page": await cost(alice.reads(room)),
        "page before": await cost(alice.reads(room, before=middle)),
        "page after": await cost(alice.reads(room, after=middle)),
        "page around": await cost(alice.reads(room, around=middle)),
        "page of the log": await cost(alice.http.get(log, params={"after": middle})),
        "snapshot": await cost(alice.http.get(room.path)),
        "door": await cost(alice.http.get(f"/codes/{room.code}")),
        "join": await cost(bob.joins(room.code)),
        "join again": await cost(bob.joins(room.code)),
    }
    await alice.connects()
    costs["enter fresh"] = await cost(alice.enters(room))
    costs["fill"] = await cost(alice.socket.asks("fill", room=room.id, after=middle))
    costs["enter resumed"] = await cost(alice.enters(room, epoch=room.epoch, after=bob.room.head))
    costs["post by socket"] = await cost(alice.says("hi", room))
    costs["post by HTTP"] = await cost(alice.posts("hi", room))
    costs["create"] = await cost(bob.opens("Coffee"))
    return costs


PINNED = {
    "newest page": 3,
    "page before": 4,
    "page after": 3,
    "page around": 4,
    "page of the log": 4,
    "snapshot": 3,
    "door": 1,
    "join": 10,
    "join again": 5,
    "enter fresh": 3,
    "fill": 3,
    "enter resumed": 1,
    "post by socket": 4,
    "post by HTTP": 6,
    "create": 6,
}


@pytest.mark.parametrize("messages", [FEW, MANY])
async def test_every_call_costs_what_it_always_did_and_finds_its_rows_by_an_index(
    server: ServerHere, messages: int
) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await fill(server, room, messages)

    costs = await costs_of_everything(alice, bob, room, messages // 2)

    assert {call: len(sent) for call, sent in costs.items()} == PINNED
    if messages == MANY:
        plans = [plan for sent in costs.values() for plan in await plans_of(server, sent)]
        assert not [plan for plan in plans if reads_too_much(plan)]
        # So that such a plan would have been seen.
        too_much = [
            ("SELECT * FROM messages WHERE body = 'x'", ()),
            ("SELECT * FROM messages ORDER BY body LIMIT 1", ()),
        ]
        assert all(map(reads_too_much, await plans_of(server, too_much)))


def reads_too_much(plan: str) -> bool:
    """Whether it reads a whole table, or a whole room's messages to put them in order."""
    # The keys that a guard is asked about are no table.
    plan = plan.replace("SCAN json_each", "")
    sorts = "messages" in plan and ("TEMP B-TREE" in plan or "Sort" in plan)
    return sorts or "SCAN" in plan or "Seq Scan on messages" in plan


async def plans_of(server: ServerHere, sent: Sent) -> list[str]:
    """How the database goes about each statement, with the very parameters that came."""
    is_embedded = server.parlour.database.is_embedded
    explain = "EXPLAIN QUERY PLAN" if is_embedded else "EXPLAIN"
    plans = []
    async with server.parlour.database.writing() as connection:
        if not is_embedded:
            await connection.exec_driver_sql("ANALYZE")
        for statement, parameters in sent:
            if statement.startswith("INSERT"):
                continue
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans.append("\n".join(str(row[-1]) for row in rows))
    return plans


@pytest.mark.parametrize("posts", [1, 16, 128])
async def test_a_batch_of_posts_costs_what_one_costs(server: ServerHere, posts: int) -> None:
    guests = [await server.guest(f"Guest {number}") for number in range(max(1, posts // 16))]
    room = await guests[0].opens("Tea")
    for guest in guests:
        await guest.joins(room.code)
        await guest.enters(room)
        await guest.socket.settles()
    batches = server.parlour.journal.stats.batches

    with statements_sent() as statements:
        waiting = [(guest, str(uuid4())) for guest in guests for _ in range(min(posts, 16))]
        for guest, cid in waiting:
            await guest.socket.says("post", room=room.id, cid=cid, body="hi")
        for guest, cid in waiting:
            await guest.socket.hears(op="posted", cid=cid)

    batches = server.parlour.journal.stats.batches - batches
    # Lock the rooms, ask who is still a member, insert, move the heads.
    assert len(statements.sent) == 4 * batches
    assert batches == 1 if posts == 1 else batches < posts


@pytest.mark.parametrize("after", [2, 2**31, 2**53 - 1])
async def test_far_behind_the_head_there_is_nothing(server: ServerHere, after: int) -> None:
    alice = await server.guest("Alice")
    room = await alice.opens("Tea")
    page = await alice.http.get(f"{room.path}/events", params={"after": after})
    assert (page.status_code, page.json()["events"]) == (200, [])
    await alice.enters(room)
    filled = await alice.socket.asks("fill", room=room.id, after=after)
    assert (filled["op"], filled["events"]) == ("filled", [])


async def test_resends_are_looked_up_together_and_by_an_index(server: ServerHere) -> None:
    alice = await server.guest("Alice")
    room = await alice.opens("Tea")
    await fill(server, room, MANY)
    await alice.enters(room)
    cids = [str(uuid4()) for _ in range(16)]

    async def say_all() -> list[int]:
        for cid in cids:
            await alice.socket.says("post", room=room.id, cid=cid, body="hi")
        return [(await alice.socket.hears(op="posted", cid=cid))["seq"] for cid in cids]

    said = await say_all()
    await alice.connects()
    await alice.enters(room)
    batches = server.parlour.journal.stats.batches
    with statements_sent() as statements:
        assert await say_all() == said
    batches = server.parlour.journal.stats.batches - batches
    # Twice: the index objects to the first of every batch's inserts.
    assert len(statements.sent) <= 7 * batches
    looked_up = [sent for sent in statements.sent if "messages" in sent[0] and sent[0].startswith("SELECT")]
    assert 1 <= len(looked_up) <= batches
    assert not [plan for plan in await plans_of(server, looked_up) if reads_too_much(plan)]
