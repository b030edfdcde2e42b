"""Posting, and reading what was posted: each as a member of the room, of the very moment of the writing or reading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from msgspec import Struct

from parlour.accounts.actions import Person
from parlour.messages import tables
from parlour.messages.log import LogReader
from parlour.messages.pages import bounded
from parlour.messages.rules import PAGE_MESSAGES, check_body, clean_cid
from parlour.messages.tables import MESSAGES, UNIQUE_KEY, Page, posted_event
from parlour.rooms.actions import Gathering, Rooms, Seat
from parlour.storage.batch import Change, Post, Written
from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.wire.errors import Refusal
from parlour.wire.frames import LogEvent
from parlour.wire.times import rfc3339

PAGE_BYTES: Final = 256 * 1024
"""A page of events or the messages of a snapshot hold at most this: many clients refuse frames over 1 MiB."""


class Author(Struct, frozen=True):
    """Who said it, by the name they had then."""

    id: str
    name: str


class MessageView(Struct, frozen=True):
    """A message as every reader sees it."""

    seq: int
    cid: str
    author: Author
    body: str
    at: str
    edited_at: str | None = None
    deleted: bool = False
    reply_to: int | None = None
    reactions: list[Any] = []


class Draft(Struct, frozen=True):
    """What somebody wants to say. `cid` is the client's own id for it, a UUID."""

    cid: str
    body: str
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the history: before, after or around a seq, at most one of them; at its end without any."""

    before: int | None = None
    after: int | None = None
    around: int | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """A contiguous run of a room's log, and where the log ends."""

    events: Sequence[LogEvent]
    head: int


class Messages:
    """The messages of this server's rooms."""

    def __init__(self, database: Database, journal: Journal, rooms: Rooms, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._journal = journal
        self._rooms = rooms
        self._log = LogReader(database)
        self._now_ms = now_ms

    def post(self, seat: Seat, draft: Draft) -> asyncio.Future[Written]:
        """Say something in the room.

        Returns:
            A future of its place, which comes only after COMMIT; the same cid again gets the same position.

        Raises:
            Refusal: empty_body, body_too_long, forbidden_characters, bad_cid; the future raises the journal's.
        """
        check_body(draft.body)
        cid, person, at_ms = clean_cid(draft.cid), seat.person, self._now_ms()
        row = {
            "room_id": seat.room.id,
            "author_id": person.id,
            "author_name": person.name,
            "cid": cid,
            "at_ms": at_ms,
            "body": draft.body,
            "reply_to": draft.reply_to,
        }
        data = posted_event(cid, draft.body, draft.reply_to, person.id, person.name)
        change = Change(
            room_id=seat.room.id,
            kind="message.posted",
            at_ms=at_ms,
            by_id=person.id,
            data=data,
            post=Post(MESSAGES, row, UNIQUE_KEY, (seat.room.id, person.id, cid)),
            refers_to=draft.reply_to,
            guard=self._rooms.guard(seat),
        )
        # Only a change with a claim can find nothing to do.
        return cast("asyncio.Future[Written]", self._journal.write(change))

    async def load_page(self, person: Person, room_id: str, position: Position, limit: int) -> Page:
        """A page of history: the newest messages, or those next to a position.

        Raises:
            Refusal: not_found.
        """
        async with self._database.reading() as connection:
            await self._rooms.read_seat(connection, person, room_id)
            if position.after is not None:
                return await tables.list_after(connection, room_id, position.after, limit)
            if position.around is not None:
                return await tables.list_around(connection, room_id, position.around, limit)
            return await tables.list_before(connection, room_id, position.before, limit)

    async def load_room(self, person: Person, room_id: str) -> tuple[Gathering, Page]:
        """The room, its members and its newest messages, all of one moment.

        Raises:
            Refusal: not_found.
        """
        async with self._database.reading() as connection:
            gathering = await self._rooms.read_gathering(connection, person, room_id)
            page = await tables.list_before(connection, room_id, None, PAGE_MESSAGES)
        return gathering, bounded(page, len(page.rows) - 1, PAGE_BYTES)

    async def load_events(self, person: Person, room_id: str, after: int, limit: int) -> Fill:
        """The log behind `after`: at most `limit` events and about 256 KB.

        Raises:
            Refusal: not_found.
        """
        async with self._database.reading() as connection:
            seat = await self._rooms.read_seat(connection, person, room_id)
            events = await self._log.read(connection, room_id, after, limit, PAGE_BYTES)
        return Fill(events, seat.room.head)

    async def read_heads(self, room_ids: Collection[str]) -> dict[str, int]:
        """Where the logs of these rooms end, for the watch over lost hints."""
        async with self._database.reading() as connection:
            return await tables.read_heads(connection, room_ids)

    async def read_behind(self, room_id: str, after: int, limit: int) -> Fill:
        """As `load_events`, for the Hub: it serves only listeners that took their seat before.

        Raises:
            Refusal: not_found, when the room was closed meanwhile.
        """
        async with self._database.reading() as connection:
            events, head = await self._log.read_with_head(connection, room_id, after, limit, PAGE_BYTES)
        if head is None:
            raise Refusal("not_found")
        return Fill(events, head)


def view(page: Page) -> list[MessageView]:
    """The messages of a page as readers see them."""
    return [
        MessageView(
            seq=row.seq,
            cid=row.cid,
            author=Author(row.author_id, row.author_name),
            body=row.body,
            at=rfc3339(row.at_ms),
            reply_to=row.reply_to,
        )
        for row in page.rows
    ]
