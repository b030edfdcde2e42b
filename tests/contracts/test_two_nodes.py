"""Two nodes on one PostgreSQL: still one gapless order in every room, and still every change once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.engine import make_url

from parlour.storage.batch import Written
from parlour.storage.schema import Probe
from tests.contracts.scribe import Node, running_node

pytestmark = pytest.mark.postgres

POSTS = 200
ROUNDS = 100


@pytest.fixture
async def nodes(postgres_store: str) -> AsyncIterator[list[Node]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running_node(postgres_store)) for _ in range(2)]


async def test_both_write_the_same_rooms_in_one_gapless_order(nodes: list[Node]) -> None:
    rooms = [await nodes[0].open_room() for _ in range(3)]

    async def talk(node: Node, name: str) -> None:
        for number in range(POSTS):
            await node.write_all(*(room.says(f"{name} {number}", by=name) for room in rooms))

    await asyncio.gather(talk(nodes[0], "alice"), talk(nodes[1], "bob"))

    for room in rooms:
        log = await room.log()
        assert [line.seq for line in log] == list(range(1, 2 * POSTS + 1))
        assert await room.head() == 2 * POSTS
        for name in ("alice", "bob"):
            assert [line.text for line in log if line.by_id == name] == [f"{name} {n}" for n in range(POSTS)]
        assert changes_of_speaker([line.by_id for line in log]) > 1, "both must have written at the same time"


def changes_of_speaker(speakers: list[str]) -> int:
    return sum(before != after for before, after in pairwise(speakers))


async def test_a_change_written_on_both_is_written_once(nodes: list[Node]) -> None:
    room = await nodes[0].open_room()
    cids = [str(uuid.uuid4()) for _ in range(POSTS)]

    def everything() -> list[asyncio.Task[list[Written]]]:
        return [
            asyncio.create_task(node.write_all(*(room.says("hi", cid=cid) for cid in cids[start : start + 20])))
            for start in range(0, POSTS, 20)
            for node in nodes
        ]

    answers = [written for task in everything() for written in await task]

    assert len(await room.log()) == POSTS
    assert sum(not written.is_duplicate for written in answers) == POSTS
    assert sum(written.is_duplicate for written in answers) == POSTS
    assert sorted(written.seq for written in answers) == sorted(2 * list(range(1, POSTS + 1)))
    assert sum(len(node.news) for node in nodes) == POSTS


async def test_a_claim_raced_for_on_both_is_granted_once(nodes: list[Node]) -> None:
    room = await nodes[0].open_room()
    async with nodes[0].database.writing() as connection:
        await connection.execute(insert(Probe), [{"id": number, "padding": ""} for number in range(20)])

    async def claim(node: Node, number: int) -> list[object]:
        return list(await node.write(room.notes(str(number), claim=delete(Probe).where(Probe.id == number))))

    answers = await asyncio.gather(*(claim(node, number) for number in range(20) for node in nodes))

    granted = [answer for (answer,) in answers if isinstance(answer, Written)]
    assert sorted(written.seq for written in granted) == list(range(1, 21))
    assert sum(answer is None for (answer,) in answers) == 20
    assert sorted(int(line.text.strip('"')) for line in await room.log()) == list(range(20))


async def test_nodes_that_find_the_rooms_in_another_order_do_not_lock_each_other_out(postgres_store: str) -> None:
    url = make_url(postgres_store)
    async with running_node(postgres_store) as one:
        await walk_heads_by_index(one, user="walker")
        async with running_node(url.set(username="walker").render_as_string()) as other:
            rooms = [await one.open_room() for _ in range(40)]

            async def talk(node: Node) -> None:
                for number in range(ROUNDS):
                    await node.write_all(*(room.says(str(number)) for room in rooms))

            await asyncio.gather(talk(one), talk(other))

        for room in rooms:
            assert len(await room.log()) == 2 * ROUNDS
        # A deadlock costs its victim the batch, which it then writes in halves.
        assert one.journal.stats.batches == other.journal.stats.batches == ROUNDS


async def walk_heads_by_index(node: Node, user: str) -> None:
    """Make a user whose every query takes an index: what others find in the order of the table, this one sorts."""
    async with node.database.writing() as connection:
        await connection.execute(text(f"CREATE ROLE {user} SUPERUSER LOGIN"))
        for plan in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            await connection.execute(text(f"ALTER ROLE {user} SET {plan} = off"))
