"""Drives the load generator: writes its plan, keeps it on a core of its own, and reads what it measured."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from bench.native.build import compiled
from bench.processes import pinned

CONNECT_WITHIN_S = 300.0
REPORTS_WITHIN_S = 10.0
STAMP = "~"
BODY_CHARS = 100
BODY = f"{STAMP}%S".ljust(BODY_CHARS - len("0123456789abcdef") + len("%S"), "x")
"""What everybody says: 100 characters, the moment among them. Its placeholders are those of native/plan.h."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server is spoken to. `delivery`, `ack` and `refusal` are how those texts begin."""

    path: str
    delivery: str
    ack: str
    refusal: str = ""
    ping: str = ""
    pong: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One connection: `steps` lead into the room, each a `say` or a `hear`; who has a `post` talks."""

    room: int
    steps: Sequence[tuple[str, str]]
    post: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long, and how hard.

    Args:
        window: posts in flight for each talker.
        seconds: how long is measured, after `warm_up_s`.
        rate: posts a second of all talkers together; 0: each posts as soon as its window lets it.
        drain_s: how long to wait for what is on its way when the talking ends.
    """

    window: int = 1
    seconds: float = 10.0
    rate: float = 0.0
    warm_up_s: float = 2.0
    drain_s: float = 60.0


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from when a post was due."""

    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


class Measurement(msgspec.Struct, frozen=True):
    """What happened in the measured seconds, and (`total_...`) over the whole run when all had come that would."""

    seconds: float
    posts: int
    deliveries: int
    delivered_bytes: int
    delivery: Latency
    ack: Latency
    server_cpu_s: float
    generator_cpu_s: float
    total_sent: int
    total_acked: int
    total_expected: int
    total_delivered: int

    @property
    def missing(self) -> int:
        """How many deliveries never came; negative: some came twice."""
        return self.total_expected - self.total_delivered


class Generator:
    """The generator while it runs: everybody is in, nobody has spoken."""

    def __init__(self, process: subprocess.Popen[str], pace: Pace) -> None:
        self._process = process
        self._timeout_s = pace.warm_up_s + pace.seconds + pace.drain_s + REPORTS_WITHIN_S

    def measure(self) -> Measurement:
        """Let everyone talk; return when all that was said has arrived."""
        told, errors = self._process.communicate("go\n", self._timeout_s)
        if self._process.returncode != 0:
            raise RuntimeError(f"the load generator: {errors.strip()}")
        return msgspec.json.decode(told, type=Measurement)


@contextmanager
def load(
    dialect: Dialect, visitors: Sequence[Visitor], pace: Pace, *, port: int, watched: Sequence[int], core: int | None
) -> Iterator[Generator]:
    """A generator that has brought everybody in; the CPU time of the `watched` processes is the server's."""
    with tempfile.NamedTemporaryFile("w", suffix=".plan") as plan:
        plan.write("".join(f"{verb}\t{value}\n" for verb, value in _lines(dialect, visitors, pace, port, watched)))
        plan.flush()
        process = subprocess.Popen(
            pinned((compiled("load"), plan.name), core),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if process.stdout is None or process.stdout.readline() != "connected\n":
                _, errors = process.communicate()
                raise RuntimeError(f"the load generator: {errors.strip()}")
            yield Generator(process, pace)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _lines(
    dialect: Dialect, visitors: Sequence[Visitor], pace: Pace, port: int, watched: Sequence[int]
) -> Iterator[tuple[str, str | float]]:
    yield from (("port", port), ("path", dialect.path), ("stamp", STAMP), ("window", pace.window))
    yield "connect", CONNECT_WITHIN_S
    yield from (("seconds", pace.seconds), ("warm-up", pace.warm_up_s), ("drain", pace.drain_s), ("rate", pace.rate))
    for verb in ("delivery", "ack", "refusal", "ping", "pong"):
        value = getattr(dialect, verb)
        if value:
            yield verb, value
    yield from (("watch", pid) for pid in watched)
    for visitor in visitors:
        yield "person", visitor.room
        yield from visitor.steps
        if visitor.post:
            yield "post", visitor.post
