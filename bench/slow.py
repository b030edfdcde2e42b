"""`bin/bench slow`: some people of a room stop reading, as a phone in a tunnel does, and nobody else may notice.

Everybody listens at first, then some leave what comes where it is, for longer than the server's patience, and at last
they read again: the server may grow by so much and no more, the others get each post as soon as before, and those who
did not read have everything in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec
import uvloop

from bench.audience import gather
from bench.guest import Guest
from bench.processes import memory_bytes, raise_file_limit
from bench.results import Row, percentile
from bench.server import Served, running
from parlour.wire import frames
from parlour.wire.errors import CloseCode

BODY_CHARS: Final = 3_900
POSTS_PER_S: Final = 25
TALKERS: Final = 10
RECEIVE_BYTES: Final = 4_096
"""The receive buffer of who stops reading: what the kernel keeps for them is not the server's memory."""
LOOK_EVERY_S: Final = 0.25
ARRIVE_WITHIN_S: Final = 60.0
COMPLETE_WITHIN_S: Final = 60.0
MOST_GROWN_MB: Final = 64
MOST_SLOWER: Final = 1.2
_BEHIND: Final = re.compile(r"^parlour_listeners_behind (\S+)$", re.MULTILINE)


class DisturbedError(Exception):
    """The slow were a burden, or did not get everything, or were never slow."""


class _Said(msgspec.Struct):
    body: str


@dataclass(slots=True)
class _Room:
    """What everybody in it heard: how late, while it is measured, and how far each came."""

    waits_ms: list[float] = field(default_factory=list)
    deaf: frozenset[Guest] = frozenset()
    heard: dict[Guest, int] = field(default_factory=dict)

    def hear(self, guest: Guest, event: frames.LogEvent) -> None:
        """One event, in order: the guest's machine applies no other."""
        if event.kind != "message.posted":
            return
        self.heard[guest] = self.heard.get(guest, 0) + 1
        if guest not in self.deaf:
            said = msgspec.json.decode(event.data, type=_Said)
            self.waits_ms.append((time.monotonic() - float(said.body.partition(" ")[0])) * 1000)

    def take_waits(self) -> list[float]:
        """In order; from here on new ones are counted."""
        waits, self.waits_ms = sorted(self.waits_ms), []
        return waits


async def measure(served: Served, *, people: int, slow: int, seconds: float) -> Row:
    """Listen for so many seconds with everybody, and again while some do not read.

    Raises:
        DisturbedError: somebody did not get everything, or nobody was ever behind.
    """
    members = await asyncio.to_thread(gather, served.address, rooms=1, people=people)
    room = _Room()
    quick = [Guest(member, served.port, room.hear) for member in members[slow:]]
    deaf = [Guest(member, served.port, room.hear, receive_bytes=RECEIVE_BYTES) for member in members[:slow]]
    everybody = [*quick, *deaf]
    room.deaf = frozenset(deaf)
    try:
        await _arrive(everybody)
        said = await _talk(quick, seconds / 4)
        room.take_waits()
        said += await _talk(quick, seconds)
        before = room.take_waits()
        async with _watching(served) as server:
            for guest in deaf:
                guest.stop_reading()
            said += await _talk(quick, seconds)
        during = room.take_waits()
        for guest in deaf:
            guest.read_again()
        complete_s = await _wait_until_complete(room, everybody, said)
    finally:
        for guest in everybody:
            guest.stop()
    p99_before, p99_during = percentile(before, 0.99), percentile(during, 0.99)
    row: Row = {
        "what": f"{slow} of {people} do not read for {seconds:.0f} s",
        "posts": said,
        "grown_mb": round(server.grown_bytes / 1e6, 1),
        "p50_before_ms": round(percentile(before, 0.5), 1),
        "p50_during_ms": round(percentile(during, 0.5), 1),
        "p99_before_ms": round(p99_before, 1),
        "p99_during_ms": round(p99_during, 1),
        "most_behind": server.most_behind,
        "closed_as_too_slow": sum(CloseCode.TOO_SLOW in guest.codes for guest in deaf),
        "complete_again_s": round(complete_s, 1),
    }
    if server.most_behind < slow:
        raise DisturbedError(f"never more than {server.most_behind} listeners were behind: that says nothing: {row}")
    if any(guest.codes for guest in quick):
        raise DisturbedError(f"somebody who reads lost the connection: {row}")
    return row


async def _arrive(guests: Sequence[Guest]) -> None:
    for guest in guests:
        guest.start()
        await asyncio.sleep(0)
    for _ in range(int(ARRIVE_WITHIN_S / LOOK_EVERY_S)):
        if all(guest.entered_at_s for guest in guests):
            return
        await asyncio.sleep(LOOK_EVERY_S)
    raise DisturbedError("not everybody could enter")


async def _talk(guests: Sequence[Guest], seconds: float) -> int:
    """Post evenly, and wait for what is on its way; how many posts."""
    begin_s, posts = time.monotonic(), round(seconds * POSTS_PER_S)
    for number in range(posts):
        await asyncio.sleep(max(0.0, begin_s + number / POSTS_PER_S - time.monotonic()))
        guest = guests[number % TALKERS]
        guest.post(str(uuid.uuid4()), f"{time.monotonic()} ".ljust(BODY_CHARS, "x"))
    await asyncio.sleep(1)
    return posts


async def _wait_until_complete(room: _Room, guests: Sequence[Guest], said: int) -> float:
    """How long until everybody has heard everything.

    Raises:
        DisturbedError: somebody never did.
    """
    begin_s = time.monotonic()
    while any(room.heard.get(guest) != said for guest in guests):
        if time.monotonic() - begin_s > COMPLETE_WITHIN_S:
            short = [room.heard.get(guest, 0) for guest in guests if room.heard.get(guest) != said]
            raise DisturbedError(f"{len(short)} people have not heard all {said} posts: {sorted(short)[:10]}")
        await asyncio.sleep(LOOK_EVERY_S)
    return time.monotonic() - begin_s


@dataclass(slots=True)
class _Server:
    """What was seen of it."""

    grown_bytes: int = 0
    most_behind: int = 0


@asynccontextmanager
async def _watching(served: Served) -> AsyncIterator[_Server]:
    """Look at the server's memory and at how many listeners are behind, a few times a second."""
    server, begin_bytes = _Server(), memory_bytes(served.pid)

    async def look() -> None:
        async with httpx.AsyncClient(base_url=served.address) as http:
            while True:
                server.grown_bytes = max(server.grown_bytes, memory_bytes(served.pid) - begin_bytes)
                metrics = (await http.get("/metrics")).text
                server.most_behind = max(server.most_behind, int(float(_BEHIND.findall(metrics)[0])))
                await asyncio.sleep(LOOK_EVERY_S)

    looking = asyncio.create_task(look(), name="look")
    try:
        yield server
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench slow`."""
    parser.add_argument("--people", type=int, default=500, help="how many are in the room (default: 500)")
    parser.add_argument("--slow", type=int, default=50, help="how many of them stop reading (default: 50)")
    parser.add_argument("--seconds", type=float, default=45.0, help="for how long (default: 45)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Let some of a room stop reading.

    Raises:
        SystemExit: the server grew too much, or the others heard too late, or somebody not everything.
    """
    raise_file_limit()
    with running({}) as served:
        people, slow, seconds = arguments.people, arguments.slow, arguments.seconds
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            row = runner.run(measure(served, people=people, slow=slow, seconds=seconds))
    yield row
    if float(row["grown_mb"]) > MOST_GROWN_MB:
        raise SystemExit(f"the server grew by more than {MOST_GROWN_MB} MB")
    if float(row["p99_during_ms"]) > float(row["p99_before_ms"]) * MOST_SLOWER:
        raise SystemExit("the others heard too much later than before")
