"""Creating a room, finding its door, joining, leaving. A room is only ever loaded through the person who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Executable, update
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.accounts.actions import Person
from parlour.live.roster import Roster
from parlour.rooms import tables
from parlour.rooms.opening import Codes, NewRoom, open_room
from parlour.rooms.rules import check_password, clean_title, read_code
from parlour.rooms.tables import Member, MemberRow, RoomRow
from parlour.storage.batch import Change
from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.storage.schema import new_id
from parlour.wire.errors import Refusal

_hasher = PasswordHasher()
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a room, and the only key to it."""

    room: RoomRow
    person: Person
    role: str


@dataclass(frozen=True, slots=True)
class Door:
    """What a stranger with the right code may know."""

    code: str
    title: str
    needs_password: bool


@dataclass(frozen=True, slots=True)
class Gathering:
    """A room with the people in it, of one moment: the part of a snapshot that rooms know."""

    seat: Seat
    members: list[MemberRow]
    member_count: int
    here: list[str]


class Rooms:
    """The rooms of this server.

    Args:
        database: where they are kept.
        journal: the only way into their logs.
        roster: who is present.
        codes: makes new codes.
        now_ms: the clock, milliseconds since 1970.
    """

    def __init__(
        self, database: Database, journal: Journal, roster: Roster, codes: Codes, now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._journal = journal
        self._roster = roster
        self._codes = codes
        self._now_ms = now_ms

    async def create(self, person: Person, title: str | None, password: str | None) -> Gathering:
        """Open a new room; the person owns it and is its first member."""
        password = check_password(password)
        new = NewRoom(
            id=new_id(),
            epoch=new_id(),
            title=clean_title(title),
            password_hash=await _hash(password) if password else None,
            owner_id=person.id,
            owner_name=person.name,
            at_ms=self._now_ms(),
        )
        room, owner = await open_room(self._database, self._codes, new)
        return Gathering(Seat(room, person, owner.role), [owner], 1, [])

    async def load_door(self, code: str) -> Door:
        """The door behind a code, as it was typed.

        Raises:
            Refusal: not_found, for unknown and closed rooms alike.
        """
        room = await self._find_by_code(code)
        if room is None:
            raise Refusal("not_found")
        return Door(room.code, room.title, room.password_hash is not None)

    async def join(self, person: Person, code: str, password: str | None) -> Gathering:
        """Become a member of the room behind the code; who is one already just gets its place.

        Raises:
            Refusal: not_found, wrong_password.
        """
        typed = read_code(code)
        async with self._database.reading() as connection:
            room = await tables.find_room_by_code(connection, typed) if typed else None
            if room is None:
                raise Refusal("not_found")
            member = await tables.find_member(connection, room.id, person.id)
            is_owned = await tables.has_owner(connection, room.id)
        if member is None:
            await _check_password(room, password)
            await self._journal.write(self._joining(room, person, "member" if is_owned else "owner"))
        self._roster.visit(room.id, self._now_ms())
        return await self.load_gathering(person, room.id)

    async def leave(self, person: Person, room_id: str) -> None:
        """Give up membership; an owner hands the room to the member who has been here longest."""
        async with self._database.reading() as connection:
            seat = await self._load_seat(connection, person, room_id)
            successor = await tables.find_successor(connection, room_id, person.id) if seat.role == "owner" else None
        # Both stand in line before either is awaited, so nothing comes between them in the log.
        changes = (
            [self._leaving(seat)] if successor is None else [self._promoting(seat, successor), self._leaving(seat)]
        )
        await asyncio.gather(*[self._journal.write(change) for change in changes])

    async def load_seat(self, person: Person, room_id: str) -> Seat:
        """The person's place in the room.

        Raises:
            Refusal: not_found, when there is no such room for this person.
        """
        async with self._database.reading() as connection:
            return await self._load_seat(connection, person, room_id)

    async def load_gathering(self, person: Person, room_id: str) -> Gathering:
        """The room and its members as of one moment.

        Raises:
            Refusal: not_found.
        """
        async with self._database.reading() as connection:
            return await self.read_gathering(connection, person, room_id)

    async def read_gathering(self, connection: AsyncConnection, person: Person, room_id: str) -> Gathering:
        """As `load_gathering`, inside the caller's reading transaction."""
        seat = await self._load_seat(connection, person, room_id)
        members = await tables.list_members(connection, room_id)
        count = len(members)
        if count == tables.MEMBERS_SHOWN:
            count = await tables.count_members(connection, room_id)
        return Gathering(seat, members, count, self._roster.here(room_id))

    async def announce_rename(self, person: Person) -> None:
        """Tell every room of this person their new name."""
        async with self._database.reading() as connection:
            room_ids = await tables.list_rooms_of(connection, person.id)
        writes = [self._journal.write(self._renaming(person, room_id)) for room_id in room_ids]
        await asyncio.gather(*writes)

    async def _find_by_code(self, code: str) -> RoomRow | None:
        typed = read_code(code)
        async with self._database.reading() as connection:
            # Asked even for what can be no code, so that both answers take the same time.
            return await tables.find_room_by_code(connection, typed or "")

    @staticmethod
    async def _load_seat(connection: AsyncConnection, person: Person, room_id: str) -> Seat:
        found = await tables.find_room_of_member(connection, room_id, person.id)
        if found is None:
            raise Refusal("not_found")
        room, member = found
        return Seat(room, person, member.role)

    def _joining(self, room: RoomRow, person: Person, role: str) -> Change:
        at_ms = self._now_ms()
        place = {"name": person.name, "role": role, "joined_at_ms": at_ms, "left_at_ms": None}
        claim = (
            self._database.insert_on_conflict(Member)
            .values(room_id=room.id, person_id=person.id, **place)
            .on_conflict_do_update(
                index_elements=["room_id", "person_id"], set_=place, where=Member.left_at_ms.is_not(None)
            )
        )
        data = {"person_id": person.id, "name": person.name, "role": role}
        return Change(room.id, "member.joined", at_ms, person.id, _encode(data), claim=claim)

    def _leaving(self, seat: Seat) -> Change:
        at_ms = self._now_ms()
        claim = _update_member(seat.room.id, seat.person.id, left_at_ms=at_ms)
        data = {"person_id": seat.person.id}
        return Change(seat.room.id, "member.left", at_ms, seat.person.id, _encode(data), claim=claim)

    def _promoting(self, seat: Seat, successor_id: str) -> Change:
        claim = _update_member(seat.room.id, successor_id, role="owner")
        data = {"person_id": successor_id, "role": "owner"}
        return Change(seat.room.id, "member.role", self._now_ms(), seat.person.id, _encode(data), claim=claim)

    def _renaming(self, person: Person, room_id: str) -> Change:
        claim = _update_member(room_id, person.id, name=person.name)
        data = {"person_id": person.id, "name": person.name}
        return Change(room_id, "member.renamed", self._now_ms(), person.id, _encode(data), claim=claim)


def _update_member(room_id: str, person_id: str, **values: object) -> Executable:
    return (
        update(Member)
        .where(Member.room_id == room_id, Member.person_id == person_id, Member.left_at_ms.is_(None))
        .values(**values)
    )


async def _hash(password: str) -> str:
    return await asyncio.to_thread(_hasher.hash, password)


async def _check_password(room: RoomRow, password: str | None) -> None:
    if room.password_hash is None:
        return
    try:
        await asyncio.to_thread(partial(_hasher.verify, room.password_hash, password or ""))
    except VerifyMismatchError:
        raise Refusal("wrong_password") from None
