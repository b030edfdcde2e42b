"""What a delivery costs: one message of 100 bytes to everybody in the room, by Parlour and by others, in one run.

The server has one core and the load generator another. The server's CPU time is the kernel's account of the process,
user and system, all threads. Parlour is measured through the full product: every post is committed before anyone hears
of it. The others store nothing.

Who writes together what waits for a listener pays less the more is waiting, so each shape says how many posts are in
flight, and the last one has the fewest. What the others send is the 100 bytes; Parlour's event says who, when and where
as well, so the limit in C is measured with as many bytes, too.

Each row says what it was bound by: a server that leaves the generator no time is measured in CPU time rightly, and in
messages a second too low. Four fifths of the generator's time are the kernel's, for receiving; the coalescing reference
in C, which does nothing but send, keeps it just as busy as itself.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from typing import Literal

from bench.contestants import EVENT_BYTES, SERVER_CORE, Arena, Contestant, Parlour, Shape, reference
from bench.load import Measurement, Pace, load
from bench.peers.environment import install
from bench.peers.lineup import lineup
from bench.pictures.bars import Bar, bars
from bench.processes import memory_bytes, raise_file_limit
from bench.results import RESULTS, Row
from bench.tables import markdown

GENERATOR_CORE = SERVER_CORE + 1
SETTLE_S = 1.0
FEWEST_POSTS = 10
BUSY_SHARE = 0.93

SHAPES = (
    Shape("room of 500, 2 talk", rooms=1, people=500, talkers=2, window=16),
    Shape("room of 500, 50 talk", rooms=1, people=500, talkers=50, window=1),
    Shape("100 rooms of 10", rooms=100, people=10, talkers=10, window=1),
    Shape("room of 5,000, 2 talk", rooms=1, people=5_000, talkers=2, window=4),
    Shape("room of 500, 2 talk and wait", rooms=1, people=500, talkers=2, window=1),
)

COLUMNS = {
    "server": "Server",
    "us_per_delivery": "CPU µs a delivery",
    "ratio": "Parlour over it",
    "deliveries_per_s": "deliveries a second",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "posts_per_s": "posts a second",
    "kb_per_connection": "KB a connection",
    "bound_by": "bound by",
    "missing": "lost",
}

PEERS: Sequence[Contestant] = lineup()
CONTESTANTS: Sequence[Contestant] = (
    Parlour(),
    reference("together"),
    reference("together", EVENT_BYTES),
    reference("each"),
    *PEERS,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench fanout`."""
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured (default: 10)")
    parser.add_argument("--shape", action="append", help="part of a shape's name, repeatable (default: all)")
    parser.add_argument("--server", action="append", help="part of a server's name, repeatable (default: all)")


def run_chosen(arguments: argparse.Namespace) -> Iterator[Row]:
    """Measure what the flags ask for; a run of everything becomes the table and the picture of bench/results."""
    shapes = [shape for shape in SHAPES if _is_asked(shape.name, arguments.shape)]
    contestants = [contestant for contestant in CONTESTANTS if _is_asked(contestant.name, arguments.server)]
    if any(contestant in PEERS for contestant in contestants):
        install()
    yield from run(arguments.seconds, shapes, contestants)
    if len(contestants) == len(CONTESTANTS):
        publish()


def run(seconds: float, shapes: Sequence[Shape], contestants: Sequence[Contestant]) -> Iterator[Row]:
    """Measure each contestant in each shape; one row each."""
    raise_file_limit()
    if (os.cpu_count() or 1) <= GENERATOR_CORE:
        raise SystemExit("It takes two cores: one for the server, and one for the load generator.")
    for shape in shapes:
        for contestant in contestants:
            if shape.people <= contestant.most_people:
                yield measure(contestant, shape, seconds)


def publish() -> None:
    """Write what is recorded as tables, a shape each, and draw the shapes with the most and the least in flight."""
    recorded = [json.loads(line) for line in (RESULTS / "fanout.jsonl").read_text().splitlines()]
    rows = [row for shape in SHAPES for row in _newest_run(recorded, shape)]
    tables = [f"### {shape.name.capitalize()}\n\n{shape.about}\n\n{_table(rows, shape)}" for shape in SHAPES]
    (RESULTS / "fanout.md").write_text("\n".join(tables))
    (RESULTS / "fanout.svg").write_text(_picture(rows, SHAPES[0]))
    (RESULTS / "fanout-waiting.svg").write_text(_picture(rows, SHAPES[-1]))


def _newest_run(recorded: Sequence[Row], shape: Shape) -> Sequence[Row]:
    """The rows of a shape from the last run that measured everybody in it: figures of two runs are not compared."""
    names = {contestant.name for contestant in CONTESTANTS if shape.people <= contestant.most_people}
    for moment in sorted({str(row["at"]) for row in recorded}, reverse=True):
        rows = [row for row in recorded if row["what"] == shape.name and row["at"] == moment]
        if {row["server"] for row in rows} == names:
            return rows
    raise LookupError(f"nothing is recorded of: {shape.name}")


def _table(rows: Sequence[Row], shape: Shape) -> str:
    costs = {row["server"]: float(row["us_per_delivery"]) for row in rows if row["what"] == shape.name}
    compared = [
        {**row, "ratio": round(costs[Parlour.name] / costs[row["server"]], 3)}
        for row in rows
        if row["what"] == shape.name
    ]
    return markdown(sorted(compared, key=lambda row: costs[row["server"]]), COLUMNS)


def _picture(rows: Sequence[Row], shape: Shape) -> str:
    costs = [
        Bar(str(row["server"]), float(row["us_per_delivery"]), _kind(row)) for row in rows if row["what"] == shape.name
    ]
    subtitle = f"The server's CPU time to bring 100 bytes to one person: {shape.name}. Only Parlour stores them."
    return bars("What it costs to tell everyone", subtitle, "µs", costs)


def _kind(row: Row) -> Literal["ours", "theirs", "limit"]:
    if row["server"] == Parlour.name:
        return "ours"
    return "theirs" if any(row["server"] == peer.name for peer in PEERS) else "limit"


def _is_asked(name: str, parts: Sequence[str] | None) -> bool:
    return parts is None or any(part.lower() in name.lower() for part in parts)


def measure(contestant: Contestant, shape: Shape, seconds: float) -> Row:
    """One contestant in one shape: a fresh server, everybody in, then so many seconds of talk."""
    pace = Pace(window=shape.window, seconds=seconds)
    with contestant.playing(shape) as arena:
        before_bytes = _settled_bytes(arena)
        with load(
            contestant.dialect, arena.visitors, pace, port=arena.port, watched=[arena.pid], core=GENERATOR_CORE
        ) as generator:
            grown_bytes = _settled_bytes(arena) - before_bytes
            measured = generator.measure()
    check(contestant, measured)
    return {"what": shape.name, "server": contestant.name, **_figures(measured, grown_bytes / shape.connections)}


def _settled_bytes(arena: Arena) -> int:
    """The server's memory, once it has had a moment to end what it was doing."""
    time.sleep(SETTLE_S)
    return memory_bytes(arena.pid)


def check(contestant: Contestant, measured: Measurement) -> None:
    """Raise for a run that measured something else: it is no result."""
    if measured.posts < FEWEST_POSTS:
        raise RuntimeError(f"{contestant.name}: only {measured.posts} posts were answered")
    if measured.missing < 0 or (measured.missing and contestant.loses_nothing):
        raise RuntimeError(
            f"{contestant.name}: {measured.total_delivered} deliveries where {measured.total_expected} were due"
        )


def _find_bound(measured: Measurement) -> str:
    """Who had no time left; "neither" when both waited, as for a disk or for the next post."""
    busiest_s, name = max((measured.generator_cpu_s, "generator"), (measured.server_cpu_s, "server"))
    return name if busiest_s > BUSY_SHARE * measured.seconds else "neither"


def _figures(measured: Measurement, connection_bytes: float) -> dict[str, str | float | int]:
    return {
        "us_per_delivery": round(measured.server_cpu_s / measured.deliveries * 1e6, 3),
        "deliveries_per_s": round(measured.deliveries / measured.seconds),
        "p50_ms": measured.delivery.p50_ms,
        "p99_ms": measured.delivery.p99_ms,
        "posts_per_s": round(measured.posts / measured.seconds, 1),
        "ack_p99_ms": measured.ack.p99_ms,
        "bytes_per_delivery": round(measured.delivered_bytes / measured.deliveries, 1),
        "kb_per_connection": round(connection_bytes / 1024, 1),
        "server_busy": round(measured.server_cpu_s / measured.seconds, 2),
        "generator_busy": round(measured.generator_cpu_s / measured.seconds, 2),
        "bound_by": _find_bound(measured),
        "missing": measured.missing,
    }
