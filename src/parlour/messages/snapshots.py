"""A room as seen by who comes in fresh. The law: a snapshot and the events behind it equal a later snapshot."""

from __future__ import annotations

from msgspec import Struct

from parlour.accounts.actions import Person
from parlour.messages.actions import Messages, MessageView, view
from parlour.rooms.actions import Seat
from parlour.rooms.views import MemberView, MeView, RoomView, Views


class Snapshot(Struct, frozen=True):
    """What enter answers: everything a client needs to draw the room, of one moment."""

    room: RoomView
    me: MeView
    members: list[MemberView]
    member_count: int
    here: list[str]
    messages: list[MessageView]
    has_more: bool


class Snapshots:
    """Makes snapshots for people who have a seat."""

    def __init__(self, messages: Messages, views: Views) -> None:
        self._messages = messages
        self._views = views

    async def load_fresh(self, person: Person, room_id: str, origin: str) -> tuple[Seat, Snapshot]:
        """The person's seat and the room as of one moment.

        Raises:
            Refusal: not_found.
        """
        gathering, page = await self._messages.load_room(person, room_id)
        seat = gathering.seat
        snapshot = Snapshot(
            room=self._views.room(seat.room, origin),
            me=self._views.me(seat),
            members=self._views.members(gathering.members),
            member_count=gathering.member_count,
            here=gathering.here,
            messages=view(page),
            has_more=page.has_older,
        )
        return seat, snapshot
