"""How long a room lives: a room with nobody present is deleted, with all it holds, after a grace time.

Never by a refresh (presence is counted by the second, emptiness by the grace time) and never by a restart: rooms that
had somebody when the server stopped are empty only from its next start on, and downtime is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Table, bindparam, case, delete, func, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from parlour.live.roster import Roster
from parlour.rooms.opening import Codes
from parlour.rooms.rules import CODE_RESTS_MS
from parlour.rooms.tables import Code, Room
from parlour.storage.database import Database
from parlour.storage.schema import Base, Head
from parlour.wire.errors import Refusal

ALIVE_EVERY_MS: Final = 60_000
PURGE_ROWS: Final = 1_000
CLOSE_ROOMS: Final = 100

_log = structlog.get_logger("parlour.rooms")


class Pulse(Base):
    """One row: when the server was last known to run."""

    __tablename__ = "pulses"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    alive_at_ms: Mapped[int]


class Lifetimes:
    """Keeps `empty_since_ms` true and deletes rooms that were empty for too long.

    Args:
        ttl_s: the grace time in seconds.
        on_close: called with the id of each room that was closed.
    """

    def __init__(
        self,
        database: Database,
        roster: Roster,
        codes: Codes,
        now_ms: Callable[[], int],
        ttl_s: float,
        on_close: Callable[[str], None],
    ) -> None:
        self._database = database
        self._roster = roster
        self._codes = codes
        self._now_ms = now_ms
        self._ttl_ms = int(ttl_s * 1000)
        self._on_close = on_close
        self._alive_at_ms = 0

    async def begin(self) -> None:
        """At start: nobody is present yet, and the time the server was down does not count."""
        now_ms = self._now_ms()
        async with self._database.writing() as connection:
            alive_at_ms = (await connection.execute(select(Pulse.alive_at_ms))).scalar_one_or_none() or now_ms
            shifted = Room.empty_since_ms + max(0, now_ms - alive_at_ms)
            since = case((Room.empty_since_ms.is_(None), now_ms), (shifted > now_ms, now_ms), else_=shifted)
            await connection.execute(update(Room).where(Room.closed_at_ms.is_(None)).values(empty_since_ms=since))
            await _beat(connection, now_ms)
        self._alive_at_ms = now_ms
        await self._codes.count_occupied(self._database)

    async def end(self) -> None:
        """At a clean stop: from now on time does not count."""
        async with self._database.writing() as connection:
            await _beat(connection, self._now_ms())

    async def tick(self) -> None:
        """Called about once a second: note who came and went, close what was empty for too long, purge what is closed.

        Raises:
            Refusal: storage_unavailable; then rooms live longer, nothing else happens.
        """
        await self._note_changes()
        for room_id in await self._list_overdue():
            await self._close(room_id)
        await self._purge()
        if self._now_ms() - self._alive_at_ms >= ALIVE_EVERY_MS:
            await self._beat()

    async def _note_changes(self) -> None:
        occupied, emptied = self._roster.take_changes()
        if not occupied and not emptied:
            return
        try:
            async with self._database.writing() as connection:
                await _set_empty_since(connection, [{"room": room_id, "since": None} for room_id in occupied])
                await _set_empty_since(
                    connection, [{"room": room_id, "since": at_ms} for room_id, at_ms in emptied.items()]
                )
        except Refusal:
            self._roster.put_back(occupied, emptied)
            raise

    async def _list_overdue(self) -> list[str]:
        overdue = Room.empty_since_ms <= self._now_ms() - self._ttl_ms
        statement = select(Room.id).where(overdue, Room.closed_at_ms.is_(None)).limit(CLOSE_ROOMS)
        async with self._database.reading() as connection:
            room_ids = (await connection.execute(statement)).scalars().all()
        return [room_id for room_id in room_ids if not self._roster.is_occupied(room_id)]

    async def _close(self, room_id: str) -> None:
        """From here on the room answers like an unknown one; its head is gone, so nothing more can be written."""
        now_ms = self._now_ms()
        # Asked again under the writer's door: another node may have seen somebody come in.
        is_overdue = Room.empty_since_ms <= now_ms - self._ttl_ms
        closing = update(Room).where(Room.id == room_id, Room.closed_at_ms.is_(None), is_overdue)
        async with self._database.writing() as connection:
            closed: CursorResult[Any] = await connection.execute(closing.values(closed_at_ms=now_ms))
            if closed.rowcount == 0:
                return
            await connection.execute(
                update(Code).where(Code.room_id == room_id).values(room_id=None, retired_at_ms=now_ms)
            )
            await connection.execute(delete(Head).where(Head.room_id == room_id))
        self._codes.occupied -= 1
        self._on_close(room_id)
        _log.info("room_closed", room=room_id)

    async def _purge(self) -> None:
        """Delete what closed rooms held, a slice at a time so that posts elsewhere never wait long."""
        statement = select(Room.id).where(Room.closed_at_ms.is_not(None)).limit(CLOSE_ROOMS)
        async with self._database.reading() as connection:
            room_ids = (await connection.execute(statement)).scalars().all()
        for room_id in room_ids:
            for table in tables_of_rooms():
                await self._purge_table(table, room_id)
            async with self._database.writing() as connection:
                await connection.execute(delete(Room).where(Room.id == room_id))

    async def _purge_table(self, table: Table, room_id: str) -> None:
        has_more = True
        while has_more:
            has_more = await self._purge_slice(table, room_id)

    async def _purge_slice(self, table: Table, room_id: str) -> bool:
        """Delete a slice of the room's rows; whether there may be more."""
        mine = table.c.room_id == room_id
        async with self._database.writing() as connection:
            if "seq" not in table.c:
                await connection.execute(delete(table).where(mine))
                return False
            first = (await connection.execute(select(func.min(table.c.seq)).where(mine))).scalar_one_or_none()
            if first is None:
                return False
            await connection.execute(delete(table).where(mine, table.c.seq < first + PURGE_ROWS))
            return True

    async def _beat(self) -> None:
        self._alive_at_ms = self._now_ms()
        async with self._database.writing() as connection:
            await _beat(connection, self._alive_at_ms)
            await connection.execute(delete(Code).where(Code.retired_at_ms <= self._alive_at_ms - CODE_RESTS_MS))
        await self._codes.count_occupied(self._database)


def tables_of_rooms() -> Sequence[Table]:
    """Every table whose rows belong to a room, whichever noun owns it: they have a `room_id` that is never null."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if "room_id" in table.c and not table.c.room_id.nullable and table.name != Head.__tablename__
    ]


_empty_since = update(Room).where(Room.id == bindparam("room")).values(empty_since_ms=bindparam("since"))


async def _set_empty_since(connection: AsyncConnection, changes: Sequence[Mapping[str, object]]) -> None:
    if changes:
        await connection.execute(_empty_since, changes)


async def _beat(connection: AsyncConnection, now_ms: int) -> None:
    await connection.execute(delete(Pulse))
    await connection.execute(insert(Pulse).values(id=1, alive_at_ms=now_ms))
