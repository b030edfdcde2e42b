"""Opening a room: a code that is safe and free, and the first two entries of its log, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.rooms import tables
from parlour.rooms.rules import MISSES_PER_DAY_FLOOR, code_chars, make_code
from parlour.rooms.tables import Code, Member, MemberRow, Room, RoomRow
from parlour.storage.database import Database
from parlour.storage.schema import Entry, Head
from parlour.wire.errors import Refusal

TRIES = 20
"""At one code in 32**4 taken of a hundred, the chance that 20 tries all fail is nil; a full house is `overloaded`."""


@dataclass(frozen=True, slots=True)
class NewRoom:
    """What a room begins with."""

    id: str
    epoch: str
    title: str
    password_hash: str | None
    owner_id: str
    owner_name: str
    at_ms: int


class Codes:
    """Makes codes of the length that is safe now.

    Args:
        random_below: `random_below(n)` is a cryptographic source of 0 to n-1.
        misses_per_day: how many wrong codes were tried in the last day.
    """

    def __init__(self, random_below: Callable[[int], int], misses_per_day: Callable[[], float]) -> None:
        self.occupied = 0
        self._random_below = random_below
        self._misses_per_day = misses_per_day

    async def count_occupied(self, database: Database) -> None:
        """Count the codes in use; in between, `occupied` follows what this node opens and closes."""
        async with database.reading() as connection:
            self.occupied = await tables.count_codes(connection)

    @property
    def chars(self) -> int:
        """How long the next code will be."""
        return code_chars(self.occupied, max(self._misses_per_day(), MISSES_PER_DAY_FLOOR))

    def propose(self) -> str:
        """A code that may be free."""
        return make_code(self.chars, self._random_below)


async def open_room(database: Database, codes: Codes, new: NewRoom) -> tuple[RoomRow, MemberRow]:
    """Write the room with a free code.

    Raises:
        Refusal: overloaded, when no free code was found.
    """
    for _ in range(TRIES):
        code = codes.propose()
        try:
            async with database.writing() as connection:
                await _insert(connection, new, code)
        except IntegrityError:
            continue
        codes.occupied += 1
        entries = _first_entries(new)
        room = RoomRow(new.id, code, new.title, new.password_hash, new.at_ms, new.epoch, len(entries))
        return room, MemberRow(new.owner_id, new.owner_name, "owner", new.at_ms)
    raise Refusal("overloaded", retry_after_s=1)


async def _insert(connection: AsyncConnection, new: NewRoom, code: str) -> None:
    # The code first: it is what another room may hold, or what still rests.
    await connection.execute(insert(Code).values(code=code, room_id=new.id))
    await connection.execute(
        insert(Room).values(
            id=new.id,
            title=new.title,
            password_hash=new.password_hash,
            created_at_ms=new.at_ms,
            empty_since_ms=new.at_ms,
        )
    )
    owner = {"name": new.owner_name, "role": "owner", "joined_at_ms": new.at_ms}
    await connection.execute(insert(Member).values(room_id=new.id, person_id=new.owner_id, **owner))
    entries = _first_entries(new)
    await connection.execute(insert(Entry), entries)
    await connection.execute(insert(Head).values(room_id=new.id, epoch=new.epoch, head=len(entries)))


def _first_entries(new: NewRoom) -> Sequence[dict[str, object]]:
    joined = {"person_id": new.owner_id, "name": new.owner_name, "role": "owner"}
    events = (("room.created", {"title": new.title}), ("member.joined", joined))
    return [
        {
            "room_id": new.id,
            "seq": seq,
            "kind": kind,
            "at_ms": new.at_ms,
            "by_id": new.owner_id,
            "data": msgspec.json.encode(data).decode(),
        }
        for seq, (kind, data) in enumerate(events, start=1)
    ]
