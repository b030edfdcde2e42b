"""Prints what the benchmarks measured last, as a table: `readme` the main figures, `page` all of them.

Every figure is read from bench/results. Run a benchmark and the table is stale until it is written again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

RESULTS: Final = Path(__file__).resolve().parent.parent / "bench" / "results"
Row = dict[str, Any]


def _read(bench: str, marks: Row) -> list[Row]:
    """The rows with these marks, in the order of their recording."""
    rows = map(json.loads, (RESULTS / f"{bench}.jsonl").read_text().splitlines())
    return [row for row in rows if all(row.get(name) == value for name, value in marks.items())]


def last(bench: str, **marks: object) -> Row:
    """The newest row of a benchmark with these marks.

    Raises:
        LookupError: it was never measured.
    """
    rows = _read(bench, marks)
    if not rows:
        raise LookupError(f"bin/bench {bench} has no row with {marks}")
    return rows[-1]


def last_run(bench: str, mark: str, values: tuple[str, ...], **marks: object) -> tuple[Row, ...]:
    """As `last`, a row for each value of a mark, all from the newest run that has them: two runs are not compared."""
    rows = _read(bench, marks)
    for moment in sorted({row["at"] for row in rows}, reverse=True):
        found = {row[mark]: row for row in rows if row["at"] == moment}
        if all(value in found for value in values):
            return tuple(found[value] for value in values)
    raise LookupError(f"bin/bench {bench} has no run with {values} and {marks}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table: where it is from, what it says of these rows, and what was aimed at."""

    what: str
    rows: Callable[[], tuple[Row, ...]]
    says: Callable[..., str]
    aim: str = ""
    is_main: bool = False


ROOMS_OF_TEN: Final = "100 rooms of 10"
BUSY, WAITING = "room of 500, 2 talk", "room of 500, 2 talk and wait"
LIMITS: Final = ("C, one write a turn", "C, one write a turn, 381 bytes")


def _posts(store: str, load: str) -> Row:
    return last("posts", what=ROOMS_OF_TEN, store=store, load=load)


def _fanout(*servers: str, shape: str = BUSY) -> tuple[Row, ...]:
    return last_run("fanout", "server", ("Parlour", *servers), what=shape)


def _growth(verb: str) -> Row:
    return last("growth", verb=verb, messages_in_room=1_000_000)


def _over(ours: Row, theirs: Row) -> str:
    return f"{ours['us_per_delivery'] / theirs['us_per_delivery']:.2g}"


FIGURES: Final = (
    Figure(
        "A room is opened",
        lambda: (last("smoke", what="room creation"),),
        lambda row: f"p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms",
        "50 ms",
        is_main=True,
    ),
    Figure(
        "A message is at everybody's, 100 people in 10 rooms",
        lambda: (last("smoke", what="delivery, 100 people in 10 rooms"),),
        lambda row: f"p50 {row['p50_ms']:.1f} ms, p99 {row['p99_ms']:.1f} ms",
        "100 ms",
        is_main=True,
    ),
    Figure(
        "Durable posts a second, 1,000 people in 100 rooms, SQLite with `synchronous=FULL`",
        lambda: (_posts("SQLite FULL", "full"),),
        lambda row: f"{row['posts_per_s']:,}, each brought to 10 people",
        "at least 8,000",
        is_main=True,
    ),
    Figure(
        "the same, PostgreSQL",
        lambda: (_posts("PostgreSQL", "full"),),
        lambda row: f"{row['posts_per_s']:,}",
        "at least 4,000",
        is_main=True,
    ),
    Figure(
        "A post is answered, at half of that load",
        lambda: (_posts("SQLite FULL", "half"), _posts("PostgreSQL", "half")),
        lambda sqlite, postgres: f"p99 {sqlite['ack_p99_ms']:.0f} ms, on PostgreSQL {postgres['ack_p99_ms']:.0f} ms",
        "p99 30 ms",
        is_main=True,
    ),
    Figure(
        "The server's CPU time for one delivery, room of 500, 2 talk",
        _fanout,
        lambda row: f"{row['us_per_delivery']:.2f} µs, {row['deliveries_per_s']:,} deliveries a second on one core",
        is_main=True,
    ),
    Figure(
        "divided by that of ws on Node",
        lambda: _fanout("ws on Node"),
        _over,
        "at most 0.25",
        is_main=True,
    ),
    Figure(
        "divided by that of python-socketio",
        lambda: _fanout("python-socketio"),
        _over,
        "at most 0.03",
        is_main=True,
    ),
    Figure(
        "divided by that of a server in C which does nothing else",
        lambda: _fanout(*LIMITS),
        lambda ours, short, long: f"{_over(ours, short)}; with events as long as ours {_over(ours, long)}",
        "at most 2.0",
    ),
    Figure(
        "the same when the two wait for each answer",
        lambda: _fanout(*LIMITS, shape=WAITING),
        lambda ours, short, long: f"{_over(ours, short)}; with events as long as ours {_over(ours, long)}",
    ),
    Figure(
        "A page of 50, joining, coming back: time in a room of 1,000,000 messages over that in one of 1,000",
        lambda: (_growth("page"), _growth("join"), _growth("resume")),
        lambda *rows: ", ".join(str(row["over_smallest"]) for row in rows),
        "at most 1.3",
        is_main=True,
    ),
    Figure(
        "An idle connection, of 10,000",
        lambda: (last("growth", what="memory", connections=10_000),),
        lambda row: f"{row['kb_per_connection']} kB",
        "at most 16 kB",
        is_main=True,
    ),
    Figure(
        "5,000 people are back after a restart",
        lambda: (last("restart", what="restart, told to stop"), last("restart", what="restart, killed")),
        lambda told, killed: f"p99 {told['p99_s']:.1f} s; after a kill {killed['p99_s']:.1f} s",
        "p99 12 s",
        is_main=True,
    ),
    Figure(
        "50 of 500 people stop reading for 45 s",
        lambda: (last("slow"),),
        lambda row: (
            f"the others' p99 goes from {row['p99_before_ms']} to {row['p99_during_ms']} ms, "
            f"the server grows by {row['grown_mb']} MB"
        ),
        "20 %, 64 MB",
    ),
    Figure(
        "Kills, cuts and resends: lost, doubled, out of order",
        lambda: (last("torture", what="torture, full"),),
        lambda row: (
            f"none of {row['acknowledged_posts']:,} posts in {row['kills']} kills and {row['reconnects']:,} returns"
        ),
        "none",
        is_main=True,
    ),
    Figure(
        "Power cuts: acknowledged posts lost",
        lambda: (last("powerloss", synchronous="FULL"), last("powerloss", synchronous="NORMAL")),
        lambda full, normal: (
            f"{full['lost'] or 'none'} of {full['acknowledged']:,} in {full['cuts']} cuts "
            f"(with `synchronous=NORMAL` {normal['lost']:,} of {normal['acknowledged']:,})"
        ),
        "none",
        is_main=True,
    ),
    Figure(
        "An hour of nonsense at the socket",
        lambda: (last("fuzz"),),
        lambda row: f"{row['connections']:,} connections, no fault, memory {row['grown_kb'] / 1024:+.0f} MB",
        "flat memory",
    ),
)


def table(figures: Iterator[Figure], *, with_aims: bool) -> str:
    """As Markdown, each line with the day and the processor it was taken on."""
    heads = ["What", "Measured", *(["aimed at"] if with_aims else []), "on"]
    lines = [heads, ["---"] * len(heads)]
    for figure in figures:
        rows = figure.rows()
        taken = f"{rows[0]['at'][:10]}, {rows[0]['machine']['cores']} cores {rows[0]['machine']['cpu']}"
        lines.append([figure.what, figure.says(*rows), *([figure.aim] if with_aims else []), taken])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: list[str]) -> int:
    is_page = arguments == ["page"]
    print(table((figure for figure in FIGURES if is_page or figure.is_main), with_aims=is_page), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
