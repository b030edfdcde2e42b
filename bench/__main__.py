"""`bin/bench NAME`: runs one benchmark, prints its rows and appends them to bench/results."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench import conformance, fanout, fuzz, lighthouse, posts, restart, slow, smoke
from bench.growth import run as growth
from bench.powerloss import proof as powerloss
from bench.results import Row, record
from bench.torture import proof as torture


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark: what it is about, its flags, and how its rows are made."""

    about: str
    add_arguments: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], Iterable[Row]]


BENCHES = {
    "smoke": Bench(
        "room creation and delivery, 100 people in 10 rooms",
        lambda parser: parser.add_argument("--seconds", type=float, default=20.0, help="of talk (default: 20)"),
        lambda arguments: asyncio.run(smoke.run(arguments.seconds)),
    ),
    "lighthouse": Bench(
        "Lighthouse's mobile scores of the landing page and of a room", lambda _: None, lambda _: lighthouse.run()
    ),
    "fanout": Bench("what a delivery costs, beside other servers", fanout.add_arguments, fanout.run_chosen),
    "posts": Bench("durable posts a second, on SQLite and PostgreSQL", posts.add_arguments, posts.run),
    "growth": Bench("costs and memory as rooms, messages and connections grow", growth.add_arguments, growth.run),
    "torture": Bench("nothing lost, nothing twice, under kill -9 and bad networks", torture.add_arguments, torture.run),
    "powerloss": Bench("nothing acknowledged is lost when the power fails", powerloss.add_arguments, powerloss.run),
    "restart": Bench("5,000 clients, and a server that restarts", restart.add_arguments, restart.run),
    "slow": Bench("people of a room who stop reading, and those who do not", slow.add_arguments, slow.run),
    "conformance": Bench("the WebSocket cases of the Autobahn suite", conformance.add_arguments, conformance.run),
    "fuzz": Bench("nonsense into the socket, and memory that stays flat", fuzz.add_arguments, fuzz.run),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, bench in BENCHES.items():
        bench.add_arguments(commands.add_parser(name, help=bench.about))
    arguments = parser.parse_args()
    record(arguments.command, BENCHES[arguments.command].run(arguments))


if __name__ == "__main__":
    main()
