"""How many posts are acknowledged a second, each durable and delivered to everybody in its room, and how soon.

First as hard as it goes: 1,000 people in 100 rooms, each of whom posts as soon as the last post was answered. Then at
half of what that reached, evenly, whatever the answers do. Server, database and generator share the machine's cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

from bench.audience import DIALECT, Member, gather
from bench.disk import sync_ms
from bench.load import Measurement, Pace, load
from bench.processes import raise_file_limit
from bench.results import RESULTS, Row
from bench.server import Served, running
from bench.tables import markdown
from tests.realservers import Postgres

ROOMS = 100
PEOPLE = 10
FEWEST_POSTS = 1_000
OPEN_WINDOW = 16
COLUMNS = {
    "store": "Store",
    "load": "load",
    "posts_per_s": "posts a second",
    "deliveries_per_s": "deliveries a second",
    "ack_p50_ms": "answered, p50 ms",
    "ack_p99_ms": "answered, p99 ms",
    "delivery_p99_ms": "delivered, p99 ms",
    "server_us_per_post": "server CPU µs a post",
    "disk_sync_ms": "the disk's own sync ms",
}


@dataclass(frozen=True, slots=True)
class Store:
    """A database, and the server on it."""

    name: str
    serving: Callable[[], AbstractContextManager[Served]]


@contextmanager
def _on_postgres() -> Iterator[Served]:
    with Postgres(is_durable=True) as postgres:
        settings = {"PARLOUR_DATABASE_URL": postgres.url()}
        subprocess.run((sys.executable, "-m", "parlour.cli", "migrate"), env={**os.environ, **settings}, check=True)
        with running(settings) as served:
            yield served


STORES = (Store("SQLite FULL", lambda: running({})), Store("PostgreSQL", _on_postgres))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench posts`."""
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured (default: 10)")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), help="only this one (default: both)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Measure each store at full and at half load; one row each."""
    raise_file_limit()
    rows = []
    for store in STORES:
        if store.name.lower().startswith(arguments.store or ""):
            for row in _measure(store, Pace(seconds=arguments.seconds)):
                rows.append(row)
                yield row
    if arguments.store is None:
        (RESULTS / "posts.md").write_text(markdown(rows, COLUMNS))


def _measure(store: Store, pace: Pace) -> Iterator[Row]:
    with store.serving() as served:
        disk_ms = sync_ms(served.folder)
        members = gather(served.address, rooms=ROOMS, people=PEOPLE)
        full = _talk(served, members, pace)
        full_rate = full.posts / full.seconds
        half = _talk(served, members, replace(pace, rate=full_rate / 2, window=OPEN_WINDOW))
    for load_name, measured in (("full", full), ("half", half)):
        yield {
            "what": f"{ROOMS} rooms of {PEOPLE}",
            "store": store.name,
            "load": load_name,
            **_figures(measured, disk_ms),
        }


def _talk(served: Served, members: Sequence[Member], pace: Pace) -> Measurement:
    visitors = [member.visitor(talks=True) for member in members]
    with load(DIALECT, visitors, pace, port=served.port, watched=[served.pid], core=None) as generator:
        measured = generator.measure()
    if measured.posts < FEWEST_POSTS:
        raise RuntimeError(f"only {measured.posts} posts were acknowledged: that says nothing")
    if measured.missing or measured.total_acked != measured.total_sent:
        raise RuntimeError(f"{measured.total_delivered} deliveries where {measured.total_expected} were due")
    return measured


def _figures(measured: Measurement, disk_ms: float) -> dict[str, float | int]:
    return {
        "posts_per_s": round(measured.posts / measured.seconds),
        "deliveries_per_s": round(measured.deliveries / measured.seconds),
        "ack_p50_ms": measured.ack.p50_ms,
        "ack_p99_ms": measured.ack.p99_ms,
        "delivery_p99_ms": measured.delivery.p99_ms,
        "server_us_per_post": round(measured.server_cpu_s / measured.posts * 1e6, 1),
        "generator_busy": round(measured.generator_cpu_s / measured.seconds, 2),
        "disk_sync_ms": disk_ms,
    }
