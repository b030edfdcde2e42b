"""A room's log with nothing above the journal: changes as a noun would make them, and the log as it was kept."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import msgspec
from sqlalchemy import Executable, delete, insert, literal, select, union_all

from parlour.messages.tables import UNIQUE_KEY, Message
from parlour.storage.batch import Announcement, Change, Fact, Post, Written, once
from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.storage.schema import Base, Entry, Head, new_id
from parlour.wire.errors import Refusal

AT_MS = 1_790_000_000_000
HANG_S = 30.0


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One row of a room's log, from either table."""

    seq: int
    kind: str
    by_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Room:
    """A room of which only the log exists."""

    id: str
    database: Database

    @classmethod
    async def open(cls, database: Database) -> Self:
        room_id = new_id()
        async with database.writing() as connection:
            await connection.execute(insert(Head).values(room_id=room_id, epoch=new_id(), head=0))
        return cls(room_id, database)

    def says(
        self, body: str | None, *, by: str = "alice", cid: str | None = None, reply_to: int | None = None
    ) -> Change:
        """A post; without a body it is one that no database takes."""
        row = {
            "room_id": self.id,
            "author_id": by,
            "author_name": by.title(),
            "cid": cid or str(uuid.uuid4()),
            "at_ms": AT_MS,
            "body": body,
            "reply_to": reply_to,
        }
        post = Post(Base.metadata.tables["messages"], row, UNIQUE_KEY, tuple(row[name] for name in UNIQUE_KEY))
        data = msgspec.json.encode({"body": body})
        return Change(self.id, "message.posted", AT_MS, by, data, post=post, refers_to=reply_to)

    def notes(self, text: str, *, by: str = "alice", claim: Executable | None = None) -> Change:
        """A change that is no post."""
        fact = Fact("room.noted", msgspec.json.encode(text))
        granted = None if claim is None else once(claim, fact)
        return Change(self.id, fact.kind, AT_MS, by, fact.data, claim=granted)

    async def log(self) -> list[Line]:
        """What is kept, in order, read past the journal."""
        posts = select(Message.seq, literal("message.posted"), Message.author_id, Message.body)
        others = select(Entry.seq, Entry.kind, Entry.by_id, Entry.data)
        both = union_all(posts.where(Message.room_id == self.id), others.where(Entry.room_id == self.id))
        async with self.database.reading() as connection:
            return sorted(Line(*row) for row in await connection.execute(both))

    async def head(self) -> int | None:
        async with self.database.reading() as connection:
            return (await connection.execute(select(Head.head).where(Head.room_id == self.id))).scalar_one_or_none()

    async def close(self) -> None:
        """As the end of a room's life does it."""
        async with self.database.writing() as connection:
            await connection.execute(delete(Head).where(Head.room_id == self.id))


@dataclass(slots=True)
class Node:
    """The database and the journal of one node, and what it has announced."""

    database: Database
    journal: Journal
    announced: list[Announcement] = field(default_factory=list)

    @property
    def news(self) -> list[int]:
        """The seqs that came with their event; the others were reminders of what was there already."""
        return [made.seq for made in self.announced if made.frame is not None]

    async def open_room(self) -> Room:
        return await Room.open(self.database)

    async def write(self, *changes: Change) -> list[Written | Refusal | None]:
        """Put all changes in line at once; what became of each."""
        return [await answer(future) for future in [self.journal.write(change) for change in changes]]

    async def write_all(self, *changes: Change) -> list[Written]:
        """As `write`, where each has to find its place."""
        answers = await self.write(*changes)
        written = [given for given in answers if isinstance(given, Written)]
        assert len(written) == len(changes), answers
        return written


@asynccontextmanager
async def running_node(url: str) -> AsyncIterator[Node]:
    """A node on this database, until the end of the block."""
    announced: list[Announcement] = []
    database = Database(url)
    node = Node(database, Journal(database, announced.extend), announced)
    node.journal.start()
    try:
        yield node
    finally:
        await node.journal.stop(HANG_S)
        await database.close()


async def answer(future: asyncio.Future[Written | None]) -> Written | Refusal | None:
    """What became of a change: its place, its refusal, or nothing to do."""
    try:
        return await asyncio.wait_for(future, HANG_S)
    except Refusal as refusal:
        return refusal
