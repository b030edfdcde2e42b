"""`bin/bench restart`: everybody is connected when the server restarts, and everybody must soon be back.

Once it is told to stop, as an update does it: it asks everyone to come back at another moment. And once it is killed:
then only the clients' own dice spread them. They are the machines of parlour.wire, which the page has too.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
import uvloop

from bench.audience import Member, gather
from bench.guest import Guest
from bench.processes import cpu_s, raise_file_limit
from bench.results import Row, percentile
from bench.torture.victim import Victim
from parlour.wire import frames

PEOPLE_OF_ROOM: Final = 100
ARRIVE_OVER_S: Final = 15.0
SETTLE_S: Final = 3.0
ALL_WITHIN_S: Final = 60.0
P99_WITHIN_S: Final = 12.0
ASK_EVERY_S: Final = 0.2
HEARD_WITHIN_S: Final = 10.0


class SlowReturnError(Exception):
    """Somebody never came back, or too many too late."""


class _Crowd:
    """Everybody, and what they heard."""

    def __init__(self, members: Sequence[Member], port: int) -> None:
        self.guests = [Guest(member, port, self._heard) for member in members]
        self.heard: Counter[str] = Counter()

    def _heard(self, _guest: Guest, event: frames.LogEvent) -> None:
        if event.kind == "message.posted":
            self.heard[bytes(event.data).partition(b'"body":"')[2].partition(b'"')[0].decode()] += 1

    async def arrive(self, over_s: float) -> None:
        """One after the other, as over a morning."""
        for guest in self.guests:
            guest.start()
            await asyncio.sleep(over_s / len(self.guests))
        await self.wait(lambda guest: guest.entered_at_s is not None)

    async def wait(self, is_so: Callable[[Guest], bool]) -> None:
        """Until that is so of everybody, or for as long as anybody may take."""
        for _ in range(int(ALL_WITHIN_S / ASK_EVERY_S)):
            if all(map(is_so, self.guests)):
                return
            await asyncio.sleep(ASK_EVERY_S)

    async def say_something(self) -> int:
        """One post in each room; how many ears did not hear it."""
        first = {guest.member.room: guest for guest in reversed(self.guests)}
        said = str(uuid.uuid4())
        for guest in first.values():
            guest.post(str(uuid.uuid4()), said)
        for _ in range(int(HEARD_WITHIN_S / ASK_EVERY_S)):
            if self.heard[said] >= len(self.guests):
                break
            await asyncio.sleep(ASK_EVERY_S)
        return len(self.guests) - self.heard[said]


async def measure(people: int) -> list[Row]:
    """Two restarts; what each was like.

    Raises:
        SlowReturnError: the server logged a fault.
    """
    with tempfile.TemporaryDirectory(prefix="parlour-restart-") as folder:
        victim = Victim(Path(folder))
        try:
            await victim.start()
            rooms, of_room = max(1, people // PEOPLE_OF_ROOM), min(people, PEOPLE_OF_ROOM)
            members = await asyncio.to_thread(gather, victim.url, rooms=rooms, people=of_room)
            random.SystemRandom().shuffle(members)
            crowd = _Crowd(members, victim.port)
            await crowd.arrive(ARRIVE_OVER_S * len(members) / 5_000)
            try:
                rows = [
                    await _restart(victim, crowd, "told to stop", victim.stop),
                    await _restart(victim, crowd, "killed", lambda: asyncio.to_thread(victim.kill)),
                ]
            finally:
                for guest in crowd.guests:
                    guest.stop()
            if faults := [line for line in victim.log.splitlines() if "Traceback" in line or '"error"' in line]:
                raise SlowReturnError(f"the server logged {len(faults)} faults: {faults[0][:500]}; {rows}")
        finally:
            victim.close()
    return rows


async def _restart(victim: Victim, crowd: _Crowd, how: str, end: Callable[[], Awaitable[object]]) -> Row:
    await asyncio.sleep(SETTLE_S)
    opens_before = sum(guest.opens for guest in crowd.guests)
    before_s = time.monotonic()
    await end()
    await victim.start()
    up_s = time.monotonic() - before_s
    server_cpu_before_s, clients_cpu_before_s = cpu_s(victim.pid), time.process_time()
    waits_ms: list[float] = []
    asking = asyncio.create_task(_ask_health(victim.url, waits_ms))
    await crowd.wait(lambda guest: guest.entered_at_s is not None and guest.entered_at_s > before_s)
    back_s = sorted(at_s - before_s for guest in crowd.guests if (at_s := guest.entered_at_s) and at_s > before_s)
    asking.cancel()
    server_cpu_s = cpu_s(victim.pid) - server_cpu_before_s
    clients_cpu_s = time.process_time() - clients_cpu_before_s
    unheard = await crowd.say_something()
    return {
        "what": f"restart, {how}",
        "clients": len(crowd.guests),
        "back": len(back_s),
        "up_again_s": round(up_s, 2),
        "p50_s": round(percentile(back_s, 0.5), 2) if back_s else -1,
        "p99_s": round(percentile(back_s, 0.99), 2) if back_s else -1,
        "last_s": round(back_s[-1], 2) if back_s else -1,
        "tries_each": round((sum(guest.opens for guest in crowd.guests) - opens_before) / len(crowd.guests), 2),
        "most_back_in_1s": max(Counter(map(int, back_s)).values(), default=0),
        "server_cpu_ms_each": round(server_cpu_s * 1000 / max(len(back_s), 1), 2),
        "client_cpu_ms_each": round(clients_cpu_s * 1000 / max(len(back_s), 1), 2),
        "health_max_ms": round(max(waits_ms, default=0)),
        "unheard": unheard,
    }


async def _ask_health(url: str, waits_ms: list[float]) -> None:
    async with httpx.AsyncClient(timeout=ALL_WITHIN_S) as http:
        while True:
            before_s = time.monotonic()
            (await http.get(f"{url}/health/live")).raise_for_status()
            waits_ms.append((time.monotonic() - before_s) * 1000)
            await asyncio.sleep(ASK_EVERY_S)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench restart`."""
    parser.add_argument("--clients", type=int, default=5_000, help="how many are connected (default: 5,000)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Restart a server of its own twice.

    Raises:
        SystemExit: somebody never came back, or too many too late.
    """
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(arguments.clients))
    yield from rows
    try:
        for row in rows:
            judge(row)
    except SlowReturnError as error:
        raise SystemExit(str(error)) from None


def judge(row: Row) -> None:
    """Whether it was as it has to be.

    Raises:
        SlowReturnError: somebody is not back, heard nothing, or was back too late.
    """
    if row["back"] != row["clients"] or row["unheard"]:
        raise SlowReturnError(f"not everybody is back: {row}")
    if float(row["p99_s"]) > P99_WITHIN_S:
        raise SlowReturnError(f"not back within {P99_WITHIN_S} s: {row}")
