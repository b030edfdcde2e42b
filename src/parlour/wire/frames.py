"""The frames of the live socket as frozen records: what clients may say, and what the server says.

Shapes are those of protocol/protocol.md, field for field. Sequence numbers are positions in a room's log, from 1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

PROTOCOL_VERSION = 1
HEARTBEAT_S = 25
"""A client pings at least this often, in seconds."""
SILENCE_S = 60
"""A connection that was silent for this long is given up (4001), in seconds."""
HELLO_WITHIN_S = 10
FRAME_BYTES = 65_536
POSTS_IN_FLIGHT = 16
FILL_EVENTS = 300

Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Ref = Annotated[int, Meta(ge=0, le=2**53 - 1)]
RoomId = Annotated[str, Meta(min_length=1, max_length=64)]


class Command(Struct, frozen=True, tag_field="op"):
    """What every client frame has: a `ref` that its answer carries again."""

    ref: Ref


class Hello(Command, frozen=True, tag="hello"):
    """The first frame of a connection."""

    v: int
    client: Annotated[str, Meta(max_length=200)] = ""
    token: Annotated[str, Meta(max_length=200)] | None = None


class Enter(Command, frozen=True, tag="enter"):
    """Listen to a room; with `after` (and the epoch it belongs to), resume behind that position."""

    room: RoomId
    epoch: Annotated[str, Meta(max_length=64)] | None = None
    after: Seq | None = None


class Exit(Command, frozen=True, tag="exit"):
    """Stop listening to a room; membership stays."""

    room: RoomId


class Post(Command, frozen=True, tag="post"):
    """Say something: `cid` makes a resend harmless."""

    room: RoomId
    cid: str
    body: str
    reply_to: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None


class Fill(Command, frozen=True, tag="fill"):
    """Ask for the log behind a position."""

    room: RoomId
    after: Seq
    limit: Annotated[int, Meta(ge=1, le=FILL_EVENTS)] = FILL_EVENTS


class Ping(Command, frozen=True, tag="ping"):
    """Prove that both ends are alive."""


AnyCommand = Hello | Enter | Exit | Post | Fill | Ping


class Me(Struct, frozen=True):
    """The person behind a connection."""

    id: str
    name: str
    kind: str


class Limits(Struct, frozen=True):
    """What the server accepts, so that clients need not guess."""

    frame_bytes: int
    body_chars: int
    name_chars: int
    title_chars: int
    posts_in_flight: int
    fill_events: int


class Welcome(Struct, frozen=True, tag_field="op", tag="welcome"):
    """Answers hello. `now` is the server's clock, RFC 3339 UTC."""

    ref: int
    connection: str
    me: Me
    heartbeat_s: int
    now: str
    limits: Limits


Mode = Literal["fresh", "resumed", "reset"]


class Entered(Struct, frozen=True, tag_field="op", tag="entered"):
    """Answers enter. `snapshot` is the room as fetched fresh, or null when the events that follow suffice."""

    ref: int
    room: str
    epoch: str
    head: int
    mode: Mode
    snapshot: Any


class Ok(Struct, frozen=True, tag_field="op", tag="ok"):
    """Answers a command that makes nothing."""

    ref: int


class Posted(Struct, frozen=True, tag_field="op", tag="posted"):
    """Answers post, only after COMMIT. `dup`: the cid was here already, and this is its place."""

    ref: int
    room: str
    cid: str
    seq: int
    at: str
    dup: bool


class LogEvent(Struct, frozen=True):
    """One row of a room's log, as pages and `filled` carry it."""

    seq: int
    kind: str
    at: str
    by: str
    data: Raw


class Filled(Struct, frozen=True, tag_field="op", tag="filled"):
    """Answers fill: a contiguous run behind `after`, perhaps shorter than asked; go on until `head`."""

    ref: int
    room: str
    events: list[LogEvent]
    head: int


class Pong(Struct, frozen=True, tag_field="op", tag="pong"):
    """Answers ping."""

    ref: int


class Event(Struct, frozen=True, tag_field="op", tag="event"):
    """One durable change, at its place in the room's one order."""

    room: str
    seq: int
    kind: str
    at: str
    by: str
    data: Raw


class Head(Struct, frozen=True, tag_field="op", tag="head"):
    """Where the room's log ends, so that a lost tail is found."""

    room: str
    head: int


class Presence(Struct, frozen=True, tag_field="op", tag="presence", omit_defaults=True):
    """Who came, who went, or (instead of both) everybody who is here: person ids."""

    room: str
    joined: list[str] | UnsetType = UNSET
    left: list[str] | UnsetType = UNSET
    here: list[str] | UnsetType = UNSET


class Drain(Struct, frozen=True, tag_field="op", tag="drain"):
    """The server is about to stop: come back after this many milliseconds."""

    reconnect_in_ms: int


class Refused(Struct, frozen=True, tag_field="op", tag="refused", omit_defaults=True):
    """A public no. `final`: the same again will be refused again."""

    code: str
    message: str
    final: bool
    ref: int | UnsetType = UNSET
    room: str | UnsetType = UNSET
    retry_after_s: float | UnsetType = UNSET


AnyFrame = Welcome | Entered | Ok | Posted | Filled | Pong | Event | Head | Presence | Drain | Refused
