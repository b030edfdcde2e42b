"""Two people talk over networks that fail in every way we know: nothing is lost or doubled, and nobody is disturbed."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bench.torture.proxy import Proxy
from tests.browser.conftest import Arrive, Serve
from tests.browser.networks import SETTLED_WITHIN_S, FarServer, Traveller
from tests.cast import Guest, Server
from tests.patience import eventually, until

Meet = Callable[[Server], Awaitable[tuple[Traveller, Traveller]]]
LINES: Final = 3
BREAKS: Final = 6
"""Faults of an evening that cost a connection: half open, cut, unanswered, lost in sleep, reloaded, crashed."""
POST_FRAME_BYTES: Final = 120
"""A post is at least that long: some bytes of framing, two ids, a cid and the words."""


@pytest_asyncio.fixture(loop_scope="session")
async def meet(arrive: Arrive) -> AsyncIterator[Meet]:
    """Alice and Bob in one room, each over a network of their own."""
    async with AsyncExitStack() as networks:

        async def travel(name: str, server: Server) -> Traveller:
            proxy = Proxy(server.process.port)
            await proxy.open()
            networks.push_async_callback(proxy.close)
            traveller = Traveller(await arrive(name, at=FarServer(server, proxy)), proxy)
            await traveller.is_watched()
            return traveller

        async def start(server: Server) -> tuple[Traveller, Traveller]:
            alice, bob = await travel("Alice", server), await travel("Bob", server)
            await bob.visitor.enters(await alice.visitor.opens_room("Tea at four"))
            return alice, bob

        yield start


async def test_what_is_written_offline_is_said_when_the_network_is_back(meet: Meet, server: Server) -> None:
    alice, bob = await meet(server)
    async with alice.offline(), bob.offline():
        await alice.says("a one", "a two")
        await bob.says("b one", "b two")
        await alice.begins("half a sen")
    await alice.visitor.page.keyboard.type("tence")
    await agree(server, alice, bob)
    await alice.still_writes("half a sentence")


async def test_what_a_dead_connection_swallowed_arrives_twice_and_is_said_once(meet: Meet, server: Server) -> None:
    alice, bob = await meet(server)
    async with alice.half_open():
        await alice.says("a one", "a two", "a three")
        await bob.says("b one")
        await alice.begins("still here")
    await alice.still_writes("still here")
    await agree(server, alice, bob)


async def test_a_connection_that_breaks_within_a_message_costs_nothing(meet: Meet, server: Server) -> None:
    alice, bob = await meet(server)
    for up_bytes in (1, POST_FRAME_BYTES // 2, POST_FRAME_BYTES):
        async with alice.cut_after(up_bytes):
            await alice.says(f"a {up_bytes}", f"a {up_bytes} more", f"a {up_bytes} and more")
            await alice.begins("still here")
        await bob.says(f"b {up_bytes}")
        await alice.still_writes("still here")
    await agree(server, alice, bob)


async def test_a_laptop_wakes_up_hours_later_and_notices_what_it_missed(meet: Meet, server: Server) -> None:
    alice, bob = await meet(server)
    await alice.says("good night")
    await alice.begins("still here")
    await bob.visitor.sees("good night")
    async with alice.asleep(8 * 3600) as sleep:
        await bob.says("good morning")
        await bob.visitor.has_sent_everything()
        assert await sleep.conversation() == ["good night"]
    await alice.visitor.sees("good morning")
    async with alice.asleep(3600, dies=True):
        await bob.says("are you there?")
        await bob.visitor.has_sent_everything()
    await alice.visitor.sees("are you there?")
    await alice.still_writes("still here")
    await agree(server, alice, bob)


async def test_a_laptop_that_slept_through_a_crash_is_back(meet: Meet, serve: Serve) -> None:
    server = await serve(rate_limits="off")
    alice, bob = await meet(server)
    await alice.begins("still here")
    async with alice.asleep(60):
        await bob.says("b one")
        await server.is_killed()
        await bob.says("b two")
        await server.starts()
    await alice.still_writes("still here")
    await agree(server, alice, bob)


async def test_a_reload_keeps_what_the_network_swallowed_and_the_draft(meet: Meet, server: Server) -> None:
    alice, bob = await meet(server)
    async with alice.unanswered():
        await alice.says("heard, and not answered")
    async with alice.swallowed():
        await alice.says("not heard", "nor this")
        await alice.begins("half a sentence")
        await bob.says("b one")
        await alice.reloads()
    await expect(alice.visitor.composer).to_have_value("half a sentence")
    async with alice.swallowed():
        await alice.says_and_reloads("kept from the moment it leaves the composer")
    await agree(server, alice, bob)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_an_evening_of_all_that_in_any_order(meet: Meet, serve: Serve) -> None:
    seed = int(os.environ.get("PARLOUR_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"PARLOUR_TEST_SEED={seed}")
    server = await serve(rate_limits="off")
    alice, bob = await meet(server)
    evening = Evening(server)
    dice = random.Random(seed)  # noqa: S311 -- an order, not a secret
    await asyncio.gather(*(evening.goes_badly_for(who, random.Random(dice.random())) for who in (alice, bob)))  # noqa: S311
    await agree(server, alice, bob)
    assert len(alice.said) == len(bob.said) == LINES * len(evening.faults)
    assert min(alice.connections, bob.connections) > BREAKS, "their networks were not that bad"


class Evening:
    """Everything that can go wrong, once for each of the two, in an order of their own."""

    def __init__(self, server: Server) -> None:
        self.faults = (
            self._offline,
            self._half_open,
            self._cut,
            self._unanswered,
            self._asleep,
            self._lost_in_sleep,
            self._reloaded,
            self._crashed,
        )
        self._server = server
        self._may_crash = asyncio.Lock()

    async def goes_badly_for(self, who: Traveller, dice: random.Random) -> None:
        for number, fault in enumerate(dice.sample(self.faults, len(self.faults))):
            await who.is_live()
            draft = f"draft {number}"
            async with fault(who, dice):
                await who.says(*(f"{who.visitor.name} {number}.{part}" for part in range(LINES)))
                await who.begins(draft)
            await expect(who.visitor.composer).to_have_value(draft)
            if fault != self._reloaded:
                await expect(who.visitor.composer).to_be_focused()

    def _offline(self, who: Traveller, _dice: random.Random) -> AbstractAsyncContextManager[None]:
        return who.offline()

    def _half_open(self, who: Traveller, _dice: random.Random) -> AbstractAsyncContextManager[None]:
        return who.half_open()

    def _cut(self, who: Traveller, dice: random.Random) -> AbstractAsyncContextManager[None]:
        return who.cut_after(dice.randint(1, LINES * POST_FRAME_BYTES))

    def _unanswered(self, who: Traveller, _dice: random.Random) -> AbstractAsyncContextManager[None]:
        return who.unanswered()

    @asynccontextmanager
    async def _asleep(self, who: Traveller, dice: random.Random) -> AsyncIterator[None]:
        yield
        async with who.asleep(dice.randint(10, 90)):
            await until(time.monotonic() + dice.uniform(1, 3))

    @asynccontextmanager
    async def _lost_in_sleep(self, who: Traveller, dice: random.Random) -> AsyncIterator[None]:
        yield
        async with who.asleep(dice.randint(60, 9 * 3600), dies=True):
            await until(time.monotonic() + dice.uniform(1, 3))

    @asynccontextmanager
    async def _reloaded(self, who: Traveller, _dice: random.Random) -> AsyncIterator[None]:
        async with who.swallowed():
            yield
            async with self._may_crash:
                await who.reloads()

    @asynccontextmanager
    async def _crashed(self, _who: Traveller, dice: random.Random) -> AsyncIterator[None]:
        async with self._may_crash:
            await until(time.monotonic() + dice.uniform(0, 1))
            await self._server.is_killed()
            yield
            await self._server.starts()


async def agree(server: Server, *travellers: Traveller) -> None:
    """Both screens show what the log holds, which is what was said, in the order in which each said it."""
    for traveller in travellers:
        await traveller.has_sent_everything()
    bodies = await _posted(await travellers[0].visitor.without_a_page(server), travellers[0].visitor.code)
    assert sorted(bodies) == sorted(body for traveller in travellers for body in traveller.said)
    for traveller in travellers:
        assert [body for body in bodies if body in traveller.said] == traveller.said, traveller.visitor.name

        async def is_read(traveller: Traveller = traveller) -> bool:
            return await traveller.visitor.conversation() == bodies

        await eventually(is_read, SETTLED_WITHIN_S)
        assert traveller.seen_twice == [], traveller.visitor.name


async def _posted(reader: Guest, code: str) -> list[str]:
    """All that was said in the room, by its log."""
    await reader.joins(code)
    log = await reader.reads_log()
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    return [event["data"]["body"] for event in log if event["kind"] == "message.posted"]
