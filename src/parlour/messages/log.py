"""Reading a room's log: its posts and its other events, by seq. The log is gapless, so both are bounded ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import BigInteger, String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.messages.tables import Message, posted_event
from parlour.storage.database import Database
from parlour.storage.schema import Entry, Head
from parlour.storage.statements import Rows, Step, run_together
from parlour.wire.frames import LogEvent
from parlour.wire.times import rfc3339

_EVENT_OVERHEAD_BYTES: Final = 120


class LogReader:
    """The statements that read a log, made once: everybody who comes back asks for the same few."""

    def __init__(self, database: Database) -> None:
        room = bindparam("room_id", type_=String)
        asked = (bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))
        self._head = database.prepare(select(Head.head).where(Head.room_id == room))
        self._posts = database.prepare(
            select(
                Message.seq,
                Message.at_ms,
                Message.author_id,
                Message.author_name,
                Message.cid,
                Message.body,
                Message.reply_to,
            ).where(Message.room_id == room, Message.seq.between(*asked))
        )
        self._entries = database.prepare(
            select(Entry.seq, Entry.at_ms, Entry.by_id, Entry.kind, Entry.data).where(
                Entry.room_id == room, Entry.seq.between(*asked)
            )
        )

    async def read(
        self, connection: AsyncConnection, room_id: str, after: int, limit: int, most_bytes: int
    ) -> Sequence[LogEvent]:
        """The events at `after` + 1 to `after` + `limit`, as many as fit into `most_bytes`; ends the transaction."""
        posts, entries = await run_together(connection, self._steps(room_id, after, limit), end=True)
        return _merge(posts, entries, most_bytes)

    async def read_with_head(
        self, connection: AsyncConnection, room_id: str, after: int, limit: int, most_bytes: int
    ) -> tuple[Sequence[LogEvent], int | None]:
        """As `read`, and where the log ends, all of one moment; None when the room is gone."""
        steps = [self._head.on(room_id=room_id), *self._steps(room_id, after, limit)]
        heads, posts, entries = await run_together(connection, steps, end=True)
        return _merge(posts, entries, most_bytes), heads[0][0] if heads else None

    def _steps(self, room_id: str, after: int, limit: int) -> list[Step]:
        first, last = after + 1, after + limit
        return [statement.on(room_id=room_id, first=first, last=last) for statement in (self._posts, self._entries)]


def _merge(posts: Rows, entries: Rows, most_bytes: int) -> Sequence[LogEvent]:
    events = [
        LogEvent(
            seq,
            "message.posted",
            rfc3339(at_ms),
            author_id,
            msgspec.Raw(posted_event(cid, body, reply_to, author_id, author_name)),
        )
        for seq, at_ms, author_id, author_name, cid, body, reply_to in posts
    ]
    events += [
        LogEvent(seq, kind, rfc3339(at_ms), by_id, msgspec.Raw(data.encode()))
        for seq, at_ms, by_id, kind, data in entries
    ]
    events.sort(key=lambda event: event.seq)
    return _within_bytes(events, most_bytes)


def _within_bytes(events: Sequence[LogEvent], most_bytes: int) -> Sequence[LogEvent]:
    """The first events that fit into `most_bytes` of data together; at least one."""
    total = 0
    for index, event in enumerate(events):
        total += len(bytes(event.data)) + _EVENT_OVERHEAD_BYTES
        if total > most_bytes and index:
            return events[:index]
    return events
