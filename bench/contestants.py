"""Who is measured by `bench/fanout.py`: how each is started, and how people come in and talk there."""

from __future__ import annotations

import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import audience
from bench.load import BODY, BODY_CHARS, Dialect, Visitor
from bench.native.build import compiled
from bench.processes import pinned
from bench.server import running

SERVER_CORE = 0
LISTENS_WITHIN_S = 30
STOP_WITHIN_S = 10
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Shape:
    """So many rooms, each with so many people, of whom the first few talk, with so many posts in flight each."""

    name: str
    rooms: int
    people: int
    talkers: int
    window: int

    @property
    def connections(self) -> int:
        """Everybody in every room."""
        return self.rooms * self.people

    @property
    def about(self) -> str:
        """In a sentence, for a table's head."""
        talk = "Everybody talks" if self.talkers == self.people else f"{self.talkers} people of each room talk"
        return f"{talk}, each with {self.window} posts in flight; {self.connections:,} connections."


@dataclass(frozen=True, slots=True)
class Arena:
    """A server that runs, and the people who are about to come in."""

    pid: int
    port: int
    visitors: Sequence[Visitor]


class Contestant(ABC):
    """A server that passes on what is posted in a room to everybody in it, and answers the poster."""

    name: str
    dialect: Dialect
    loses_nothing = True
    """Whether a missing delivery is a fault of the benchmark or of ours, and not part of what is measured."""
    most_people = 10_000
    """A room of more is not tried: the measurement would be of a queue that only grows."""

    @abstractmethod
    def playing(self, shape: Shape) -> AbstractContextManager[Arena]:
        """The server, on a core of its own, for as long as the context lasts."""


class Parlour(Contestant):
    """The whole product: a session, a room joined and entered, every post committed with synchronous=FULL."""

    name = "Parlour"
    dialect = audience.DIALECT

    @contextmanager
    def playing(self, shape: Shape) -> Iterator[Arena]:
        """A fresh server, with its rooms opened and joined."""
        with running({}, core=SERVER_CORE) as served:
            members = audience.gather(served.address, rooms=shape.rooms, people=shape.people)
            visitors = [
                member.visitor(talks=index % shape.people < shape.talkers) for index, member in enumerate(members)
            ]
            yield Arena(served.pid, served.port, visitors)


@dataclass(frozen=True, eq=False)
class Process(Contestant):
    """Any other server: a command that listens at the port it is given.

    Args:
        command: makes the command for a port.
        enter: makes the steps into the room of a name.
        post: makes what a talker says in the room of a name; see native/plan.h.
        loses_nothing: False for a server that drops what it cannot deliver.
        most_people: as in Contestant.
    """

    name: str
    dialect: Dialect
    command: Callable[[int], Sequence[str | Path]]
    enter: Callable[[str], Sequence[tuple[str, str]]]
    post: Callable[[str], str]
    loses_nothing: bool = Contestant.loses_nothing
    most_people: int = Contestant.most_people

    @contextmanager
    def playing(self, shape: Shape) -> Iterator[Arena]:
        """A fresh process; rooms come into being as they are entered."""
        port = _free_port()
        process = subprocess.Popen(pinned(self.command(port), SERVER_CORE), stdout=subprocess.DEVNULL)
        try:
            _wait_until_listening(process, port)
            yield Arena(process.pid, port, [self._visitor(shape, index) for index in range(shape.connections)])
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _visitor(self, shape: Shape, index: int) -> Visitor:
        room, place = divmod(index, shape.people)
        name = f"room{room}"
        return Visitor(room, self.enter(name), self.post(name) if place < shape.talkers else "")


EVENT_BYTES = 381
"""What Parlour sends as a WebSocket message for a body of 100 bytes: where it stands, who said it and when."""


def reference(mode: Literal["together", "each"], message_bytes: int = BODY_CHARS) -> Process:
    """The server in C that only broadcasts, with one write for all that a turn brought, or one for each frame."""
    name = "C, one write a turn" if mode == "together" else "C, one write a frame"
    return Process(
        name if message_bytes == BODY_CHARS else f"{name}, {message_bytes} bytes",
        Dialect(path="/", delivery="~", ack="ok"),
        command=lambda port: (compiled("reference"), str(port), mode),
        enter=lambda room: (("say", room), ("hear", "joined")),
        post=lambda _room: BODY.ljust(len(BODY) + message_bytes - BODY_CHARS, "x"),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + LISTENS_WITHIN_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"it did not start: {process.args!r}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_S)
    raise TimeoutError(f"nobody listens: {process.args!r}")
