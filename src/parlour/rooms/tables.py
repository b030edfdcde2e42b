"""Rooms, codes and members. No query here loads a room but through a person or a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Index, String, Update, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from parlour.storage.database import Database
from parlour.storage.gathered import Gathered
from parlour.storage.schema import ID_CHARS, Base, Head
from parlour.storage.statements import Prepared

MEMBERS_SHOWN = 500


class Room(Base):
    """A place to talk. `empty_since_ms` is null while somebody is present; a closed room is gone for everyone."""

    __tablename__ = "rooms"
    id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    title: Mapped[str] = mapped_column(String(320))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at_ms: Mapped[int]
    empty_since_ms: Mapped[int | None]
    closed_at_ms: Mapped[int | None]
    __table_args__ = (Index(None, "empty_since_ms"), Index(None, "closed_at_ms"))


class Code(Base):
    """What people say to find a room. After the room is gone the code rests: `room_id` null, `retired_at_ms` set."""

    __tablename__ = "codes"
    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    room_id: Mapped[str | None] = mapped_column(String(ID_CHARS))
    retired_at_ms: Mapped[int | None]
    __table_args__ = (Index(None, "room_id"), Index(None, "retired_at_ms"))


class Member(Base):
    """A person's place in a room. It stays when they leave, so that they can come back to it."""

    __tablename__ = "members"
    room_id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    role: Mapped[str] = mapped_column(String(16))
    joined_at_ms: Mapped[int]
    left_at_ms: Mapped[int | None]
    __table_args__ = (Index(None, "person_id"), {"sqlite_with_rowid": False})


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room as its members see it; `head` and the rest are of one moment."""

    id: str
    code: str
    title: str
    password_hash: str | None
    created_at_ms: int
    epoch: str
    head: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A present member of a room."""

    person_id: str
    name: str
    role: str
    joined_at_ms: int


_room_columns = (Room.id, Code.code, Room.title, Room.password_hash, Room.created_at_ms, Head.epoch, Head.head)
_open_room = (
    select(*_room_columns)
    .join(Code, Code.room_id == Room.id)
    .join(Head, Head.room_id == Room.id)
    .where(Room.closed_at_ms.is_(None))
)
_is_active = Member.left_at_ms.is_(None)
# Made once: what a statement costs to make is more than what the database takes to answer it.
_room_of_member = (
    _open_room.join(Member, and_(Member.room_id == Room.id, Member.person_id == bindparam("person_id"), _is_active))
    .add_columns(Member.name, Member.role, Member.joined_at_ms)
    .where(Room.id == bindparam("room_id"))
)
_members = (
    select(Member.person_id, Member.name, Member.role, Member.joined_at_ms)
    .where(Member.room_id == bindparam("room_id"), _is_active)
    .order_by(Member.joined_at_ms, Member.person_id)
    .limit(MEMBERS_SHOWN)
)


async def find_room_by_code(connection: AsyncConnection, code: str) -> RoomRow | None:
    """The open room that this code leads to."""
    row = (await connection.execute(_open_room.where(Code.code == code))).one_or_none()
    return None if row is None else RoomRow(*row)


async def find_room_of_member(
    connection: AsyncConnection, room_id: str, person_id: str
) -> tuple[RoomRow, MemberRow] | None:
    """The open room, if this person is a member of it now."""
    asked = {"room_id": room_id, "person_id": person_id}
    row = (await connection.execute(_room_of_member, asked)).one_or_none()
    if row is None:
        return None
    *room, name, role, joined_at_ms = row
    return RoomRow(*room), MemberRow(person_id, name, role, joined_at_ms)


async def is_member(connection: AsyncConnection, room_id: str, person_id: str) -> bool:
    """Whether this person has a place in the room, and did not leave."""
    statement = select(Member.role).where(Member.room_id == room_id, Member.person_id == person_id, _is_active)
    return (await connection.execute(statement)).first() is not None


class Seats:
    """Open rooms by their members; those who ask at the same time are answered together."""

    def __init__(self, database: Database) -> None:
        statement = (
            select(Member.room_id, Member.person_id, Member.name, Member.role, Member.joined_at_ms, *_room_columns[1:])
            .join(Room, Room.id == Member.room_id)
            .join(Code, Code.room_id == Room.id)
            .join(Head, Head.room_id == Room.id)
            .where(
                database.among_keys(Member.__table__.c.room_id, Member.__table__.c.person_id),
                _is_active,
                Room.closed_at_ms.is_(None),
            )
        )
        self._rows: Gathered[tuple[str, str]] = Gathered(database, database.prepare(statement), 2)

    async def find(self, room_id: str, person_id: str) -> tuple[RoomRow, MemberRow] | None:
        """The open room, if this person is a member of it now.

        Raises:
            Refusal: storage_unavailable.
        """
        row = await self._rows.find((room_id, person_id))
        if row is None:
            return None
        name, role, joined_at_ms, *room = row
        return RoomRow(room_id, *room), MemberRow(person_id, name, role, joined_at_ms)


def select_seats(database: Database) -> Prepared:
    """A guard's statement: the places, of those asked for as (room, person), that nobody has left."""
    is_asked = database.among_keys(Member.__table__.c.room_id, Member.__table__.c.person_id)
    return database.prepare(select(Member.room_id, Member.person_id).where(is_asked, _is_active))


async def list_members(connection: AsyncConnection, room_id: str) -> list[MemberRow]:
    """The members who have been here longest, at most 500."""
    return [MemberRow(*row) for row in await connection.execute(_members, {"room_id": room_id})]


async def count_members(connection: AsyncConnection, room_id: str) -> int:
    """How many members the room has."""
    statement = select(func.count()).select_from(Member).where(Member.room_id == room_id, _is_active)
    return (await connection.execute(statement)).scalar_one()


async def insert_member(connection: AsyncConnection, database: Database, room_id: str, member: MemberRow) -> bool:
    """Give a person a place in the room; False when they have one."""
    place = {"name": member.name, "role": member.role, "joined_at_ms": member.joined_at_ms, "left_at_ms": None}
    statement = (
        database.insert_on_conflict(Member)
        .values(room_id=room_id, person_id=member.person_id, **place)
        .on_conflict_do_update(
            index_elements=["room_id", "person_id"], set_=place, where=Member.left_at_ms.is_not(None)
        )
        .returning(Member.person_id)
    )
    return (await connection.execute(statement)).first() is not None


async def end_membership(connection: AsyncConnection, room_id: str, person_id: str, at_ms: int) -> str | None:
    """The role that this person had in the room until now; None when they had none."""
    statement = update_member(room_id, person_id, left_at_ms=at_ms).returning(Member.role)
    return (await connection.execute(statement)).scalar_one_or_none()


async def promote_successor(connection: AsyncConnection, room_id: str) -> str | None:
    """Make the member who has been here longest the owner; None when there is nobody."""
    oldest = (
        select(Member.person_id)
        .where(Member.room_id == room_id, _is_active)
        .order_by(Member.joined_at_ms, Member.person_id)
        .limit(1)
    )
    successor_id = (await connection.execute(oldest)).scalar_one_or_none()
    if successor_id is not None:
        await connection.execute(update_member(room_id, successor_id, role="owner"))
    return successor_id


def update_member(room_id: str, person_id: str, **values: object) -> Update:
    """Change the place of a member who has not left."""
    return update(Member).where(Member.room_id == room_id, Member.person_id == person_id, _is_active).values(**values)


async def has_owner(connection: AsyncConnection, room_id: str) -> bool:
    """Whether any member owns the room."""
    statement = select(Member.person_id).where(Member.room_id == room_id, Member.role == "owner", _is_active).limit(1)
    return (await connection.execute(statement)).first() is not None


async def list_rooms_of(connection: AsyncConnection, person_id: str) -> Sequence[str]:
    """The open rooms that this person is a member of."""
    statement = (
        select(Member.room_id)
        .join(Room, Room.id == Member.room_id)
        .where(Member.person_id == person_id, _is_active, Room.closed_at_ms.is_(None))
    )
    return (await connection.execute(statement)).scalars().all()


async def count_codes(connection: AsyncConnection) -> int:
    """How many codes lead to a room now."""
    statement = select(func.count()).select_from(Code).where(Code.room_id.is_not(None))
    return (await connection.execute(statement)).scalar_one()
