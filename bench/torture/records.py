"""What is written down while people talk: one JSON array a line, a file for each room and one for the server.

`at` is microseconds of one monotonic clock, `who` a client's number, `connection` the how-manieth connection of that
client. Everything is recorded as it arrived at the client's socket, before the client makes anything of it.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

SECOND: Final = 1_000_000
"""Microseconds."""


class Member(Struct, frozen=True, array_like=True, tag="member"):
    """A client is this person."""

    who: int
    person: str


class Sent(Struct, frozen=True, array_like=True, tag="sent"):
    """A post was written to the socket; `is_sound` when nothing about it deserves a refusal."""

    at: int
    who: int
    connection: int
    cid: str
    digest: str
    is_sound: bool


class Posted(Struct, frozen=True, array_like=True, tag="posted"):
    """The server acknowledged a post."""

    at: int
    who: int
    connection: int
    cid: str
    seq: int
    dup: bool


class Refused(Struct, frozen=True, array_like=True, tag="refused"):
    """The server refused a post (`cid`), or another command (`cid` is empty)."""

    at: int
    who: int
    connection: int
    cid: str
    code: str
    final: bool


class Entered(Struct, frozen=True, array_like=True, tag="entered"):
    """The client may listen; `after` is the position that it asked for."""

    at: int
    who: int
    connection: int
    mode: Literal["fresh", "resumed", "reset"]
    after: int | None
    epoch: str
    head: int


class Heard(Struct, frozen=True, array_like=True, tag="heard"):
    """One event came by itself."""

    at: int
    who: int
    connection: int
    seq: int
    mark: str


class Filled(Struct, frozen=True, array_like=True, tag="filled"):
    """A gap was filled: the events behind `after`, each with its mark."""

    at: int
    who: int
    connection: int
    after: int
    events: list[tuple[int, str]]


class Cut(Struct, frozen=True, array_like=True, tag="cut"):
    """From now on this connection is doomed: `how` says what the network does to it."""

    at: int
    who: int
    connection: int
    how: str


class Harmed(Struct, frozen=True, array_like=True, tag="harmed"):
    """The network carries this connection badly until it is healed."""

    at: int
    who: int
    connection: int
    how: str


class Healed(Struct, frozen=True, array_like=True, tag="healed"):
    """The network carries this connection well again."""

    at: int
    who: int
    connection: int


class Lost(Struct, frozen=True, array_like=True, tag="lost"):
    """The connection is over, as far as the client can tell."""

    at: int
    who: int
    connection: int


class Renaming(Struct, frozen=True, array_like=True, tag="renaming"):
    """A client asks for another name."""

    at: int
    who: int
    name: str


class Renamed(Struct, frozen=True, array_like=True, tag="renamed"):
    """The server acknowledged the name."""

    at: int
    who: int
    name: str


class Stopped(Struct, frozen=True, array_like=True, tag="stopped"):
    """The server told a client, by a close code or a refused hello, never to come back."""

    at: int
    who: int
    why: str


class Ready(Struct, frozen=True, array_like=True, tag="ready"):
    """The server is up."""

    at: int
    life: int


class Killed(Struct, frozen=True, array_like=True, tag="killed"):
    """The server was killed; `aim` says at which moment it was meant to be."""

    at: int
    life: int
    aim: str


class Memory(Struct, frozen=True, array_like=True, tag="memory"):
    """The server's resident memory, and how many clients were live."""

    at: int
    life: int
    rss_kb: int
    live: int


class Calm(Struct, frozen=True, array_like=True, tag="calm"):
    """No more faults from here on."""

    at: int


class Ended(Struct, frozen=True, array_like=True, tag="ended"):
    """Nobody says anything any more, and everybody had time to hear all."""

    at: int


RoomRecord = (
    Member
    | Sent
    | Posted
    | Refused
    | Entered
    | Heard
    | Filled
    | Cut
    | Harmed
    | Healed
    | Lost
    | Renaming
    | Renamed
    | Stopped
)
ServerRecord = Ready | Killed | Memory | Calm | Ended


class LogEntry(Struct, frozen=True):
    """One event of the final log, as the server's API gives it."""

    seq: int
    kind: str
    at: str
    by: str
    data: msgspec.Raw


class Outcome(Struct, frozen=True):
    """What the server says of a room when all is over: its log, and what else it makes of it."""

    head: int
    epoch: str
    events: list[LogEntry]
    members: list[dict[str, Any]]
    messages: list[dict[str, Any]]


_encoder = msgspec.json.Encoder()
_canonical = msgspec.json.Encoder(order="sorted")
_any = msgspec.json.Decoder()


def now_us() -> int:
    """The moment, on the one clock that everything is measured by."""
    return time.monotonic_ns() // 1000


def digest(text: str | bytes) -> str:
    """64 bits of a hash: enough to tell a million messages apart."""
    return blake2b(text.encode() if isinstance(text, str) else text, digest_size=8).hexdigest()


def mark(kind: str, at: str, by: str, data: bytes) -> str:
    """An event's whole content, whatever the order of its keys."""
    return digest(b"\0".join((kind.encode(), at.encode(), by.encode(), _canonical.encode(_any.decode(data)))))
