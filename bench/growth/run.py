"""`bin/bench growth`: the same work in small and large rooms, of small and large servers, turn by turn in one run."""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx

from bench.audience import DIALECT, Member
from bench.growth.place import VERBS, Place, Verb
from bench.growth.seeding import Seeds
from bench.load import Pace, load
from bench.pictures.lines import Line, lines
from bench.processes import memory_bytes, raise_file_limit
from bench.results import RESULTS, Row, percentile
from bench.tables import markdown
from bench.torture.victim import Victim

MESSAGES: Final = (1_000, 100_000, 1_000_000)
ROOMS: Final = (10, 1_000, 100_000)
CONNECTIONS: Final = (1_000, 10_000)
ROUNDS: Final = 12
OF_ROUND: Final[dict[Verb, int]] = {"post": 20, "page": 20, "join": 5, "resume": 8}
WARM_UP_ROUNDS: Final = 2
SETTLE_S: Final = 3.0
MOST_GROWTH: Final = 1.3
BARRED: Final[Sequence[Verb]] = ("page", "join", "resume")
NAMES: Final[dict[Verb, str]] = {
    "post": "a durable post",
    "page": "a page of 50 messages",
    "join": "joining, with the last messages",
    "resume": "coming back, 10 events behind",
}


async def _seed(victim: Victim, folder: Path, rooms: int) -> tuple[Seeds, Member, list[Member]]:
    """Let the server make its database and one room, stop it, and add rooms; that room's owner, and the others'."""
    await victim.start()
    template = await _open_room(victim.url)
    await victim.stop()
    seeds = Seeds(folder / "data" / "parlour.sqlite3", template.room_id)
    return seeds, template, await asyncio.to_thread(seeds.add_rooms, rooms - 1)


@asynccontextmanager
async def world(folder: Path, rooms: int, sizes: Sequence[int]) -> AsyncIterator[tuple[Victim, list[Place]]]:
    """A server with so many rooms, of which one has each of these sizes."""
    victim = Victim(folder)
    try:
        seeds, template, owners = await _seed(victim, folder, rooms)
        for owner, size in zip(owners, sizes, strict=False):
            await asyncio.to_thread(seeds.add_messages, owner, size - 1)
        joiners = await asyncio.to_thread(seeds.add_people, [template], len(sizes) * _count("join"))
        await victim.start()
        tokens = [joiner.token for joiner in joiners]
        yield (
            victim,
            [
                Place(victim.url, rooms, size, owner, tokens[index :: len(sizes)])
                for index, (owner, size) in enumerate(zip(owners, sizes, strict=False))
            ],
        )
    finally:
        victim.close()


def _count(verb: Verb) -> int:
    return (ROUNDS + WARM_UP_ROUNDS) * OF_ROUND[verb]


async def _open_room(url: str) -> Member:
    """A room with one message, by the front door."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1") as http:
        token = (await http.post("/session", json={"name": "Owner"})).json()["token"]
        http.headers["authorization"] = f"Bearer {token}"
        room = (await http.post("/rooms", json={"title": "Room"})).raise_for_status().json()
        said = {"cid": "00000000-0000-4000-8000-000000000001", "body": "x" * 100}
        (await http.post(f"/rooms/{room['id']}/messages", json=said)).raise_for_status()
    return Member(token, 0, room["id"])


async def measure_costs() -> list[Row]:
    """Every verb in every place, in turns, so that what else the machine does meets them all."""
    async with AsyncExitStack() as worlds:
        places: list[Place] = []
        for rooms in ROOMS:
            folder = Path(worlds.enter_context(tempfile.TemporaryDirectory(prefix="parlour-growth-")))
            sizes = MESSAGES if rooms == ROOMS[0] else MESSAGES[:1]
            _, there = await worlds.enter_async_context(world(folder, rooms, sizes))
            places += there
        for number in range(ROUNDS + WARM_UP_ROUNDS):
            for verb in VERBS:
                for place in random.sample(places, len(places)):
                    await place.measure(verb, OF_ROUND[verb])
                    if number < WARM_UP_ROUNDS:
                        place.took_ms[verb].clear()
    return [row for verb in VERBS for row in _compare(verb, places)]


def _compare(verb: Verb, places: Sequence[Place]) -> Iterator[Row]:
    smallest = _median(places[0].took_ms[verb])
    for place in places:
        took_ms = sorted(place.took_ms[verb])
        yield {
            "what": NAMES[verb],
            "verb": verb,
            "messages_in_room": place.messages,
            "rooms_in_server": place.rooms,
            "p50_ms": round(_median(took_ms), 2),
            "p90_ms": round(percentile(took_ms, 0.9), 2),
            "over_smallest": round(_median(took_ms) / smallest, 2),
            "times": len(took_ms),
        }


def _median(values: Sequence[float]) -> float:
    return percentile(sorted(values), 0.5)


async def _measure_memory(rooms: int, connections: int) -> Row:
    """A server at rest, and with so many connections at rest: 100 people to a room."""
    with tempfile.TemporaryDirectory(prefix="parlour-growth-") as name:
        folder = Path(name)
        victim = Victim(folder)
        try:
            seeds, _, owners = await _seed(victim, folder, rooms)
            people = await asyncio.to_thread(seeds.add_people, owners[: max(1, connections // 100)], connections)
            await victim.start()
            await asyncio.sleep(SETTLE_S)
            idle_bytes = memory_bytes(victim.pid)
            each_bytes = await asyncio.to_thread(_connect, victim, people, idle_bytes) if people else 0.0
        finally:
            victim.close()
    return {
        "what": "memory",
        "rooms_in_server": rooms,
        "connections": connections,
        "idle_server_mb": round(idle_bytes / 1e6, 1),
        "kb_per_connection": round(each_bytes / 1024, 1),
    }


def _connect(victim: Victim, people: Sequence[Member], before_bytes: int) -> float:
    """Bring them in; what each of them costs, in bytes."""
    # Nobody says anything before the generator is told to go; one of them has to be able to.
    visitors = [member.visitor(talks=number == 0) for number, member in enumerate(people)]
    with load(DIALECT, visitors, Pace(), port=victim.port, watched=[victim.pid], core=None):
        time.sleep(SETTLE_S)
        return (memory_bytes(victim.pid) - before_bytes) / len(people)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench growth`."""
    parser.add_argument("--only", choices=("costs", "memory"), help="one of the two (default: both)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Costs, then memory; a table and a picture of both when both were measured.

    Raises:
        SystemExit: something costs much more in the largest room than in the smallest.
    """
    raise_file_limit()
    costs: list[Row] = []
    memory: list[Row] = []
    if arguments.only != "memory":
        costs = asyncio.run(measure_costs())
        yield from costs
    if arguments.only != "costs":
        for rooms, connections in ((ROOMS[0], 0), (ROOMS[-1], 0), *((1_000, number) for number in CONNECTIONS)):
            memory.append(asyncio.run(_measure_memory(rooms, connections)))
            yield memory[-1]
    if costs and memory:
        (RESULTS / "growth.md").write_text(_pages(costs, memory))
        (RESULTS / "growth.svg").write_text(_picture(costs))
    grown = [row for row in costs if row["verb"] in BARRED and float(row["over_smallest"]) > MOST_GROWTH]
    if grown:
        raise SystemExit(f"more than {MOST_GROWTH} times as dear: {grown}")


def _pages(costs: Sequence[Row], memory: Sequence[Row]) -> str:
    of_costs = {
        "what": "What",
        "messages_in_room": "messages in the room",
        "rooms_in_server": "rooms in the server",
        "p50_ms": "p50 ms",
        "p90_ms": "p90 ms",
        "over_smallest": "over the smallest",
    }
    of_memory = {
        "rooms_in_server": "Rooms in the server",
        "connections": "connections",
        "idle_server_mb": "the idle server, MB",
        "kb_per_connection": "each connection, kB",
    }
    return f"{markdown(costs, of_costs)}\n{markdown(memory, of_memory)}"


def _picture(costs: Sequence[Row]) -> str:
    drawn = [
        Line(
            NAMES[verb],
            [
                (float(row["messages_in_room"]), float(row["p50_ms"]))
                for row in costs
                if row["verb"] == verb and row["rooms_in_server"] == ROOMS[0]
            ],
        )
        for verb in VERBS
    ]
    return lines(
        "What it costs as a room fills",
        "The median time, one after the other, on SQLite FULL.",
        "messages in the room",
        "ms",
        drawn,
    )
