"""`bin/bench NAME`: runs one benchmark, prints its rows and appends them to bench/results."""

from __future__ import annotations

import argparse
import asyncio

from bench import conformance, fanout, fuzz, lighthouse, posts, smoke
from bench.powerloss import proof as powerloss
from bench.results import record
from bench.torture import proof


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    smoke_parser = commands.add_parser("smoke", help="room creation and delivery, 100 people in 10 rooms")
    smoke_parser.add_argument("--seconds", type=float, default=20.0, help="how long people talk (default: 20)")
    commands.add_parser("lighthouse", help="Lighthouse's mobile scores of the landing page and of a room")
    fanout.add_arguments(commands.add_parser("fanout", help="what a delivery costs, beside other servers"))
    posts.add_arguments(commands.add_parser("posts", help="durable posts a second, on SQLite and PostgreSQL"))
    proof.add_arguments(
        commands.add_parser("torture", help="nothing lost, nothing twice, under kill -9 and bad networks")
    )
    powerloss.add_arguments(commands.add_parser("powerloss", help="nothing acknowledged is lost when the power fails"))
    conformance.add_arguments(commands.add_parser("conformance", help="the WebSocket cases of the Autobahn suite"))
    fuzz.add_arguments(commands.add_parser("fuzz", help="nonsense into the socket, and memory that stays flat"))
    arguments = parser.parse_args()
    if arguments.command == "smoke":
        record("smoke", asyncio.run(smoke.run(arguments.seconds)))
    elif arguments.command == "fanout":
        record("fanout", fanout.run_chosen(arguments))
    elif arguments.command == "posts":
        record("posts", posts.run(arguments))
    elif arguments.command == "torture":
        record("torture", proof.run(arguments))
    elif arguments.command == "conformance":
        record("conformance", conformance.run(arguments))
    elif arguments.command == "fuzz":
        record("fuzz", fuzz.run(arguments))
    elif arguments.command == "powerloss":
        record("powerloss", powerloss.run(arguments))
    else:
        record("lighthouse", lighthouse.run())


if __name__ == "__main__":
    main()
