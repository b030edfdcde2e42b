"""How long a room lives: a room with nobody present is deleted, with all it holds, after a grace time.

Never by a refresh (presence is counted by the second, emptiness by the grace time) and never by a restart: rooms that
had somebody when the server stopped are empty only from its next start on, and downtime is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from sqlalchemy import ColumnElement, bindparam, case, delete, insert, select, update
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
CLOSE_ROOMS: Final = 100

_log = structlog.get_logger("parlour.rooms")


class Pulse(Base):
    """One row: when the server was last known to run."""

    __tablename__ = "pulses"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    alive_at_ms: Mapped[int]


class _SomebodyCameError(Exception):
    """A room that was to be closed is not empty after all: nothing of this is committed."""


class Lifetimes:
    """Keeps `empty_since_ms` true and closes rooms that were empty for too long; `purging` deletes what they held.

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
        """Called about once a second: note who came and went, close what was empty for too long.

        Raises:
            Refusal: storage_unavailable; then rooms live longer, nothing else happens.
        """
        await self._note_changes()
        while overdue := await self._list_overdue():
            await self._close(overdue)
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
        statement = select(Room.id).where(self._is_overdue()).limit(CLOSE_ROOMS)
        async with self._database.reading() as connection:
            room_ids = (await connection.execute(statement)).scalars().all()
        return [room_id for room_id in room_ids if not self._roster.is_occupied(room_id)]

    def _is_overdue(self) -> ColumnElement[bool]:
        return (Room.empty_since_ms <= self._now_ms() - self._ttl_ms) & Room.closed_at_ms.is_(None)

    async def _close(self, room_ids: Sequence[str]) -> None:
        """From here on the rooms answer like unknown ones; their heads are gone, so nothing more can be written."""
        try:
            async with self._database.writing() as connection:
                closed = await self._mark_closed(connection, room_ids)
                # Who writes or enters is in the roster before the change is in line, and behind these locks it waits.
                # So whoever came is seen by this last look, and whoever comes later is told that the room is gone.
                self._look_again(closed)
        except _SomebodyCameError:
            return
        self._codes.occupied -= len(closed)
        for room_id in closed:
            self._on_close(room_id)
            _log.info("room_closed", room=room_id)

    def _look_again(self, room_ids: Sequence[str]) -> None:
        if any(self._roster.is_occupied(room_id) for room_id in room_ids):
            raise _SomebodyCameError

    async def _mark_closed(self, connection: AsyncConnection, room_ids: Sequence[str]) -> Sequence[str]:
        """The rooms that are still overdue, asked again under the writer's door; they lose code and head."""
        # The locks in the journal's order, or it and we could wait for each other.
        await connection.execute(
            select(Head.room_id).where(Head.room_id.in_(room_ids)).order_by(Head.room_id).with_for_update()
        )
        closing = update(Room).where(Room.id.in_(room_ids), self._is_overdue()).values(closed_at_ms=self._now_ms())
        closed = (await connection.execute(closing.returning(Room.id))).scalars().all()
        resting = {"room_id": None, "retired_at_ms": self._now_ms()}
        await connection.execute(update(Code).where(Code.room_id.in_(closed)).values(resting))
        await connection.execute(delete(Head).where(Head.room_id.in_(closed)))
        return closed

    async def _beat(self) -> None:
        self._alive_at_ms = self._now_ms()
        async with self._database.writing() as connection:
            await _beat(connection, self._alive_at_ms)
            await connection.execute(delete(Code).where(Code.retired_at_ms <= self._alive_at_ms - CODE_RESTS_MS))
        await self._codes.count_occupied(self._database)


_empty_since = update(Room).where(Room.id == bindparam("room")).values(empty_since_ms=bindparam("since"))


async def _set_empty_since(connection: AsyncConnection, changes: Sequence[Mapping[str, object]]) -> None:
    if changes:
        await connection.execute(_empty_since, changes)


async def _beat(connection: AsyncConnection, now_ms: int) -> None:
    await connection.execute(delete(Pulse))
    await connection.execute(insert(Pulse).values(id=1, alive_at_ms=now_ms))
