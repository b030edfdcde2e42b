"""Rooms and members as the outside sees them, field for field as protocol.md names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import asdict

from parlour.rooms.actions import Gathering, Seat
from parlour.rooms.tables import MemberRow, RoomRow
from parlour.wire.times import rfc3339

Role = Literal["owner", "member"]


class RoomView(Struct, frozen=True):
    """A room. `empty_ttl_s`: it is deleted this many seconds after the last person leaves."""

    id: str
    code: str
    url: str
    title: str
    epoch: str
    head: int
    created_at: str
    needs_password: bool
    empty_ttl_s: int | float


class MeView(Struct, frozen=True):
    """The asking person's own place."""

    person_id: str
    role: Role


class MemberView(Struct, frozen=True):
    """A member, under the name they have now."""

    person_id: str
    name: str
    role: Role
    joined_at: str


class GatheringView(Struct, frozen=True):
    """A room with its people, as join and GET /rooms/{id} answer. `head` is the room's, where it is looked for."""

    room: RoomView
    me: MeView
    members: list[MemberView]
    member_count: int
    here: list[str]
    head: int


class CreatedView(RoomView, frozen=True):
    """A new room, with its only member."""

    me: MeView
    members: list[MemberView]


class Views:
    """Turns rows into views.

    Args:
        public_url: the origin that people open, without a trailing slash; empty when it depends on the request.
        empty_ttl_s: how long an empty room lives.
    """

    def __init__(self, public_url: str, empty_ttl_s: float) -> None:
        self._public_url = public_url
        self._empty_ttl_s = int(empty_ttl_s) if empty_ttl_s.is_integer() else empty_ttl_s

    def room(self, room: RoomRow, origin: str = "") -> RoomView:
        """The room; `origin` is where the request came in, for its link."""
        return RoomView(
            id=room.id,
            code=room.code,
            url=f"{self._public_url or origin}/r/{room.code}",
            title=room.title,
            epoch=room.epoch,
            head=room.head,
            created_at=rfc3339(room.created_at_ms),
            needs_password=room.password_hash is not None,
            empty_ttl_s=self._empty_ttl_s,
        )

    @staticmethod
    def me(seat: Seat) -> MeView:
        """The person's own place."""
        return MeView(seat.person.id, cast("Role", seat.role))

    @staticmethod
    def members(rows: Sequence[MemberRow]) -> list[MemberView]:
        """The members."""
        return [MemberView(row.person_id, row.name, cast("Role", row.role), rfc3339(row.joined_at_ms)) for row in rows]

    def gathering(self, gathering: Gathering, origin: str) -> GatheringView:
        """The room with its people."""
        return GatheringView(
            room=self.room(gathering.seat.room, origin),
            me=self.me(gathering.seat),
            members=self.members(gathering.members),
            member_count=gathering.member_count,
            here=gathering.here,
            head=gathering.seat.room.head,
        )

    def created(self, gathering: Gathering, origin: str) -> CreatedView:
        """The new room with its only member."""
        room = asdict(self.room(gathering.seat.room, origin))
        return CreatedView(**room, me=self.me(gathering.seat), members=self.members(gathering.members))
