"""Creating a room, finding its door, joining, leaving. A room is only ever loaded through the person who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.accounts.actions import Person
from parlour.live.roster import Roster
from parlour.rooms import tables
from parlour.rooms.opening import Codes, NewRoom, open_room
from parlour.rooms.rules import check_password, clean_title, read_code
from parlour.rooms.tables import MemberRow, RoomRow
from parlour.storage.batch import Change, Fact, Guard, once
from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.storage.schema import is_id, new_id
from parlour.wire.errors import Refusal

_hasher = PasswordHasher()

Try = Callable[[], AbstractAsyncContextManager[None]]
"""What stands around the verification of a password: a budget for wrong ones."""


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
        self._seats = tables.select_seats(database)
        self._places = tables.Seats(database)

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

    async def join(self, person: Person, code: str, password: str | None, try_password: Try) -> Gathering:
        """Become a member of the room behind the code; who is one already just gets its place.

        Args:
            person: who comes.
            code: as it was typed.
            password: as it was typed, if it was asked for.
            try_password: entered around the verification of a password, when there is one to verify.

        Raises:
            Refusal: not_found, wrong_password.
        """
        typed = read_code(code)
        async with self._database.reading() as connection:
            room = await tables.find_room_by_code(connection, typed) if typed else None
            if room is None:
                raise Refusal("not_found")
            has_seat = await tables.is_member(connection, room.id, person.id)
        if not has_seat:
            await _check_password(room, password, try_password)
        joining = None if has_seat else self._journal.write(self._joining(room, person))
        self._visit(room.id)
        if joining is not None:
            await joining
        return await self.load_gathering(person, room.id)

    async def leave(self, person: Person, room_id: str) -> None:
        """Give up membership; an owner hands the room to the member who has been here longest."""
        await self.load_seat(person, room_id)
        await self._journal.write(self._leaving(person.id, room_id))

    async def leave_all(self, person_id: str) -> None:
        """Give up every membership of a person who will not come back."""
        async with self._database.reading() as connection:
            room_ids = await tables.list_rooms_of(connection, person_id)
        await self._write_all([self._leaving(person_id, room_id) for room_id in room_ids])

    def guard(self, seat: Seat) -> Guard:
        """What must still hold when this person's change is written: that they are a member."""
        return Guard(self._seats, (seat.room.id, seat.person.id))

    def visit(self, seat: Seat) -> None:
        """Somebody does something in the room without staying."""
        self._visit(seat.room.id)

    def _visit(self, room_id: str) -> None:
        """Called while a change is still in line: a room that is about to grow is not closed as an empty one."""
        self._roster.visit(room_id, self._now_ms())

    async def load_seat(self, person: Person, room_id: str) -> Seat:
        """The person's place in the room.

        Raises:
            Refusal: not_found, when there is no such room for this person.
        """
        return _seat(person, await self._places.find(room_id, person.id) if is_id(room_id) else None)

    async def load_gathering(self, person: Person, room_id: str) -> Gathering:
        """The room and its members as of one moment.

        Raises:
            Refusal: not_found.
        """
        async with self._database.reading() as connection:
            return await self.read_gathering(connection, person, room_id)

    async def read_gathering(self, connection: AsyncConnection, person: Person, room_id: str) -> Gathering:
        """As `load_gathering`, inside the caller's reading transaction."""
        seat = await self.read_seat(connection, person, room_id)
        members = await tables.list_members(connection, room_id)
        count = len(members)
        if count == tables.MEMBERS_SHOWN:
            count = await tables.count_members(connection, room_id)
        return Gathering(seat, members, count, self._roster.here(room_id))

    async def announce_rename(self, person: Person) -> None:
        """Tell every room of this person their new name."""
        async with self._database.reading() as connection:
            room_ids = await tables.list_rooms_of(connection, person.id)
        await self._write_all([self._renaming(person, room_id) for room_id in room_ids])

    async def _write_all(self, changes: Sequence[Change]) -> None:
        """Write in many rooms; one that was closed meanwhile does not spoil the others."""
        answers = await asyncio.gather(*map(self._journal.write, changes), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and getattr(answer, "code", None) != "not_found":
                raise answer

    async def _find_by_code(self, code: str) -> RoomRow | None:
        typed = read_code(code)
        async with self._database.reading() as connection:
            # Asked even for what can be no code, so that both answers take the same time.
            return await tables.find_room_by_code(connection, typed or "")

    @staticmethod
    async def read_seat(connection: AsyncConnection, person: Person, room_id: str) -> Seat:
        """As `load_seat`, inside the caller's reading transaction: what it reads then is read by a member."""
        found = await tables.find_room_of_member(connection, room_id, person.id) if is_id(room_id) else None
        return _seat(person, found)

    def _joining(self, room: RoomRow, person: Person) -> Change:
        at_ms = self._now_ms()

        async def join(connection: AsyncConnection) -> Sequence[Fact]:
            role = "member" if await tables.has_owner(connection, room.id) else "owner"
            member = MemberRow(person.id, person.name, role, at_ms)
            if not await tables.insert_member(connection, self._database, room.id, member):
                return ()
            return (_fact("member.joined", person_id=person.id, name=person.name, role=role),)

        return Change(room.id, "member.joined", at_ms, person.id, claim=join)

    def _leaving(self, person_id: str, room_id: str) -> Change:
        at_ms = self._now_ms()

        async def leave(connection: AsyncConnection) -> Sequence[Fact]:
            role = await tables.end_membership(connection, room_id, person_id, at_ms)
            if role is None:
                return ()
            left = _fact("member.left", person_id=person_id)
            successor_id = await tables.promote_successor(connection, room_id) if role == "owner" else None
            if successor_id is None:
                return (left,)
            return (_fact("member.role", person_id=successor_id, role="owner"), left)

        return Change(room_id, "member.left", at_ms, person_id, claim=leave)

    def _renaming(self, person: Person, room_id: str) -> Change:
        statement = tables.update_member(room_id, person.id, name=person.name)
        renamed = _fact("member.renamed", person_id=person.id, name=person.name)
        return Change(room_id, renamed.kind, self._now_ms(), person.id, claim=once(statement, renamed))


def _seat(person: Person, found: tuple[RoomRow, MemberRow] | None) -> Seat:
    if found is None:
        raise Refusal("not_found")
    room, member = found
    return Seat(room, person, member.role)


def _fact(kind: str, **data: str) -> Fact:
    return Fact(kind, msgspec.json.encode(data))


async def _hash(password: str) -> str:
    return await asyncio.to_thread(_hasher.hash, password)


async def _check_password(room: RoomRow, password: str | None, try_password: Try) -> None:
    if room.password_hash is None:
        return
    if not password:
        raise Refusal("wrong_password")
    async with try_password():
        try:
            await asyncio.to_thread(partial(_hasher.verify, room.password_hash, password))
        except VerifyMismatchError:
            raise Refusal("wrong_password") from None
