"""Messages: keyset queries over `(room_id, seq)`, the same few statements at any size."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import Integer, Row, String, Text, UniqueConstraint, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from parlour.storage.schema import ID_CHARS, Base, Head


class Message(Base):
    """A post: its own row of the log. The unique index makes a resend harmless, for ever."""

    __tablename__ = "messages"
    room_id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[str] = mapped_column(String(ID_CHARS))
    author_name: Mapped[str] = mapped_column(String(160))
    cid: Mapped[str] = mapped_column(String(36))
    at_ms: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    reply_to: Mapped[int | None]
    __table_args__ = (UniqueConstraint("room_id", "author_id", "cid"), {"sqlite_with_rowid": False})


ROOMS_AT_ONCE = 500

MESSAGES = Base.metadata.tables["messages"]
UNIQUE_KEY = ("room_id", "author_id", "cid")

_columns = (
    Message.seq,
    Message.cid,
    Message.author_id,
    Message.author_name,
    Message.body,
    Message.at_ms,
    Message.reply_to,
)


_of_room = select(*_columns).where(Message.room_id == bindparam("room_id")).limit(bindparam("most", type_=Integer))
_newest = _of_room.order_by(Message.seq.desc())
_older = _newest.where(Message.seq < bindparam("before"))
_newer = _of_room.order_by(Message.seq).where(Message.seq > bindparam("after"))

MessageRow = Row[int, str, str, str, str, int, int | None]
"""seq, cid, author_id, author_name, body, at_ms, reply_to."""


@dataclass(frozen=True, slots=True)
class Page:
    """A run of messages, oldest first, and whether there are more on each side."""

    rows: list[MessageRow]
    has_older: bool
    has_newer: bool


async def list_before(connection: AsyncConnection, room_id: str, before: int | None, limit: int) -> Page:
    """The newest messages, or the newest ones older than `before`."""
    rows, has_older = await _list_older(connection, room_id, before, limit)
    has_newer = before is not None and await _has_from(connection, room_id, before)
    return Page(rows, has_older, has_newer)


async def list_after(connection: AsyncConnection, room_id: str, after: int, limit: int) -> Page:
    """The oldest messages newer than `after`."""
    rows = list(await connection.execute(_newer, {"room_id": room_id, "after": after, "most": limit + 1}))
    return Page(rows[:limit], after > 0, len(rows) > limit)


async def list_around(connection: AsyncConnection, room_id: str, around: int, limit: int) -> Page:
    """Messages on both sides of a position, and the one at it."""
    older, has_older = await _list_older(connection, room_id, around, limit // 2)
    newer = await list_after(connection, room_id, around - 1, limit - limit // 2)
    return Page(older + newer.rows, has_older, newer.has_newer)


async def _list_older(
    connection: AsyncConnection, room_id: str, before: int | None, limit: int
) -> tuple[list[MessageRow], bool]:
    asked = {"room_id": room_id, "most": limit + 1}
    if before is None:
        rows = list(await connection.execute(_newest, asked))
    else:
        rows = list(await connection.execute(_older, {**asked, "before": before}))
    return rows[:limit][::-1], len(rows) > limit


async def _has_from(connection: AsyncConnection, room_id: str, seq: int) -> bool:
    # In order, or PostgreSQL takes "any one row" for a reason to read the table from its start.
    statement = select(Message.seq).where(Message.room_id == room_id, Message.seq >= seq).order_by(Message.seq).limit(1)
    return (await connection.execute(statement)).first() is not None


async def read_heads(connection: AsyncConnection, room_ids: Collection[str]) -> dict[str, int]:
    """Where the logs of these rooms end, a bounded number in a statement."""
    ids, heads = list(room_ids), {}
    for start in range(0, len(ids), ROOMS_AT_ONCE):
        some = Head.room_id.in_(ids[start : start + ROOMS_AT_ONCE])
        for row in await connection.execute(select(Head.room_id, Head.head).where(some)):
            heads[row.room_id] = row.head
    return heads


def posted_event(cid: str, body: str, reply_to: int | None, author_id: str, author_name: str) -> bytes:
    """The data of a message.posted event, the same whether live or read back."""
    author = {"id": author_id, "name": author_name}
    return msgspec.json.encode({"cid": cid, "body": body, "reply_to": reply_to, "author": author})
