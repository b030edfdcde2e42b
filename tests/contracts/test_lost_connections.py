"""PostgreSQL goes away, and comes back: nothing acknowledged is lost, nothing is there twice, all heals by itself."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from parlour.storage.batch import Written
from parlour.storage.migrations import migrate
from parlour.storage.schema import Probe
from parlour.wire.errors import Refusal
from tests.cast import Server
from tests.conftest import Serve
from tests.contracts.proxy import Proxy, proxy_to
from tests.contracts.scribe import HANG_S, Node, Room, answer, running_node
from tests.patience import eventually
from tests.realservers import Postgres

pytestmark = pytest.mark.postgres

WRITERS = 8
CUTS = 15
POSTS_BETWEEN_CUTS = 25


@asynccontextmanager
async def administration(server: Postgres) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(server.url(scheme="postgresql+asyncpg"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@dataclass
class Writer:
    """Somebody who resends the same cid until it is answered."""

    name: str
    node: Node
    room: Room
    acknowledged: list[tuple[int, str]] = field(default_factory=list)
    recognised: int = 0
    put_off: int = 0

    async def run(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            await self.post(f"{self.name} {len(self.acknowledged)}")

    async def post(self, body: str) -> None:
        change = self.room.says(body, by=self.name)
        while not isinstance(given := await answer(self.node.journal.write(change)), Written):
            assert isinstance(given, Refusal)
            assert given.code == "storage_unavailable", given.code
            self.put_off += 1
            await asyncio.sleep(given.retry_after_s or 0)
        self.recognised += given.is_duplicate
        self.acknowledged.append((given.seq, body))


async def assert_all_is_there_once(room: Room, writers: list[Writer]) -> None:
    """What was acknowledged is the log: each once, at its place, in its sender's order, without a gap."""
    acknowledged = sorted(entry for writer in writers for entry in writer.acknowledged)
    log = await room.log()
    assert acknowledged == [(line.seq, line.text) for line in log]
    assert [line.seq for line in log] == list(range(1, len(log) + 1))
    for writer in writers:
        assert writer.acknowledged == sorted(writer.acknowledged)


async def until_written(node: Node, changes: int) -> None:
    async def is_so() -> bool:
        return len(node.announced) >= changes

    await eventually(is_so, HANG_S)


_CUT = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :database AND state <> 'idle'")


async def cut_connections(administrator: AsyncConnection, database: str | None) -> int:
    """End every connection that is at work on the database; how many there were."""
    return len((await administrator.execute(_CUT, {"database": database})).all())


async def test_connections_cut_in_the_middle_of_the_work_lose_and_double_nothing(
    postgres: Postgres, postgres_store: str
) -> None:
    database = make_url(postgres_store).database
    async with administration(postgres) as administrator, running_node(postgres_store) as node:
        room = await node.open_room()
        writers = [Writer(f"writer{number}", node, room) for number in range(WRITERS)]
        is_over = asyncio.Event()
        work = [asyncio.create_task(writer.run(is_over.is_set)) for writer in writers]
        hits = 0
        for cut in range(1, CUTS + 1):
            await until_written(node, cut * POSTS_BETWEEN_CUTS)
            hits += await cut_connections(administrator, database)
        is_over.set()
        await asyncio.gather(*work)

        await assert_all_is_there_once(room, writers)
        assert node.journal.is_writable
        assert hits >= CUTS // 5, "the cuts must have met work in progress"


@pytest.fixture
async def proxy(postgres: Postgres) -> AsyncIterator[Proxy]:
    async with proxy_to(postgres.port) as running:
        yield running


def through(proxy: Proxy, url: str) -> str:
    return make_url(url).set(port=proxy.port).render_as_string(hide_password=False)


async def test_a_commit_whose_answer_is_lost_is_found_and_answered_as_what_it_is(
    proxy: Proxy, postgres_store: str
) -> None:
    async with running_node(through(proxy, postgres_store)) as node:
        room = await node.open_room()
        await node.write_all(room.says("before"))
        proxy.lose_commit_of(room.id)

        written = await node.write_all(*(room.says(str(number)) for number in range(10)))

        assert proxy.has_lost_it
        assert [(place.seq, place.is_duplicate) for place in written] == [(number + 2, True) for number in range(10)]
        assert [line.text for line in await room.log()] == ["before", *map(str, range(10))]


async def test_a_claim_whose_commit_had_no_answer_is_not_made_twice(proxy: Proxy, postgres_store: str) -> None:
    async with running_node(through(proxy, postgres_store)) as node:
        room = await node.open_room()
        async with node.database.writing() as connection:
            await connection.execute(insert(Probe).values(id=7, padding=""))
        proxy.lose_commit_of("taken")

        answers = await node.write(room.notes("taken", claim=delete(Probe).where(Probe.id == 7)))

        assert proxy.has_lost_it
        assert answers == [None]
        assert len(await room.log()) == 1
        assert [made.seq for made in node.announced] == [1], "everyone is reminded of what nobody was told"


@pytest.fixture
async def server_behind(proxy: Proxy, postgres_url: str, serve: Serve) -> AsyncIterator[Server]:
    """A server that reaches its database through the proxy."""
    server = await serve(database_url=through(proxy, postgres_url), rate_limits="off")
    yield server
    # While the proxy, which runs in this very loop, still passes on its goodbye.
    await server.stops()


async def test_after_a_lost_answer_everyone_still_sees_the_message_at_once(proxy: Proxy, server_behind: Server) -> None:
    alice, bob = await server_behind.guest("Alice"), await server_behind.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    await alice.enters(room)
    await bob.enters(room)
    proxy.lose_commit_of("nobody was told")

    posted = await alice.says("nobody was told")

    assert proxy.has_lost_it
    seen = await bob.sees("nobody was told")
    assert (seen["seq"], posted["dup"]) == (posted["seq"], True)
    assert len((await bob.reads())["messages"]) == 1


async def test_who_left_hears_no_more_even_if_the_answer_to_that_was_lost(proxy: Proxy, server_behind: Server) -> None:
    alice, mallory = await server_behind.guest("Alice"), await server_behind.guest("Mallory")
    room = await alice.opens("Tea")
    await mallory.joins(room.code)
    await mallory.enters(room)
    await alice.posts("with mallory")
    await mallory.sees("with mallory")
    proxy.lose_commit_of("member.left")

    await mallory.leaves(room)

    assert proxy.has_lost_it
    await alice.posts("without mallory")
    await mallory.socket.settles()
    assert not mallory.socket.has_heard(data={"body": "without mallory"})
    assert (await mallory.socket.asks("fill", room=room.id, after=0))["op"] == "refused"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that this test may kill."""
    with Postgres() as running:
        yield running


async def test_a_server_that_dies_and_comes_back_has_lost_and_doubled_nothing(own_postgres: Postgres) -> None:
    url = own_postgres.url()
    await migrate(url)
    async with administration(own_postgres) as administrator:
        # A server for tests answers before it has written: here that would be a fault of the test.
        await administrator.execute(text("ALTER DATABASE postgres SET synchronous_commit = on"))
    async with running_node(url) as node:
        room = await node.open_room()
        writers = [Writer(f"writer{number}", node, room) for number in range(WRITERS)]
        is_over = asyncio.Event()
        work = [asyncio.create_task(writer.run(is_over.is_set)) for writer in writers]
        for death in range(1, 4):
            await until_written(node, death * 200)
            await asyncio.to_thread(own_postgres.kill)
            await asyncio.to_thread(own_postgres.start)
        await until_written(node, 800)
        is_over.set()
        await asyncio.gather(*work)

        await assert_all_is_there_once(room, writers)
        assert node.journal.is_writable


@pytest.mark.slow
async def test_a_store_that_stays_away_is_said_so_until_it_is_back(own_postgres: Postgres, serve: Serve) -> None:
    server = await serve(database_url=own_postgres.url(), rate_limits="off")
    alice = await server.guest("Alice")
    await alice.opens("Tea")
    await alice.enters()
    await alice.says("before")
    await asyncio.to_thread(own_postgres.stop)

    cid = str(uuid.uuid4())
    refused = await alice.socket.asks("post", room=alice.room.id, cid=cid, body="in the dark")

    assert (refused["code"], refused["final"]) == ("storage_unavailable", False)
    assert refused["retry_after_s"] > 0
    assert not await is_ready(server)
    await asyncio.to_thread(own_postgres.start)
    await eventually(partial(is_ready, server), HANG_S)
    await alice.says("in the dark", cid=cid)
    assert [message["body"] for message in (await alice.reads())["messages"]] == ["before", "in the dark"]


async def is_ready(server: Server) -> bool:
    return (await (await server.browser()).get("/health/ready")).is_success
