"""Fills a database that a server made, far faster than people could: more rooms, more people, more messages.

What is inserted are copies of what the server wrote itself, with other ids: a room with its code, its log, its owner
and one message. The server is stopped meanwhile.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from bench.audience import Member
from parlour.rooms.rules import CODE_ALPHABET
from parlour.storage.schema import new_id

CODE_CHARS: Final = 6
MESSAGE_EVERY_MS: Final = 1_000
_MORE: Final = """
WITH RECURSIVE more (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM more WHERE n < :count)
INSERT INTO messages (room_id, seq, author_id, author_name, cid, at_ms, body, reply_to)
SELECT heads.room_id, head + n, author_id, author_name, new_cid(), at_ms + n * :every_ms, body, NULL
FROM messages JOIN heads USING (room_id), more WHERE heads.room_id = :room_id"""
_NEW: Final = "CREATE TEMP TABLE new (n INTEGER, room_id TEXT, person_id TEXT, code TEXT, cid TEXT, token_hash TEXT)"


class Seeds:
    """A stopped server's database, and what in it is copied.

    Args:
        path: the file.
        room_id: a room with one message, which its owner wrote.
    """

    def __init__(self, path: Path, room_id: str) -> None:
        self._path = path
        self._room_id = room_id

    def add_rooms(self, count: int) -> list[Member]:
        """More rooms; their owners. Each is like the one that is copied."""
        owners = [Member(secrets.token_urlsafe(32), number, new_id()) for number in range(count)]
        with self._copying(owners) as copy:
            copy.person()
            copy("rooms", f"rooms.id = '{self._room_id}'", {"id": "new.room_id"})
            here = f"room_id = '{self._room_id}'"
            room, person = {"room_id": "new.room_id"}, {"person_id": "new.person_id"}
            copy("codes", f"codes.{here}", {**room, "code": "new.code"})
            copy("heads", f"heads.{here}", room)
            copy("members", f"members.{here}", {**room, **person})
            data = f"replace(entries.data, '{copy.owner_id}', new.person_id)"
            copy("entries", f"entries.{here}", {**room, "by_id": "new.person_id", "data": data})
            copy("messages", f"messages.{here}", {**room, "author_id": "new.person_id", "cid": "new.cid"})
        return owners

    def add_people(self, rooms: Sequence[Member], count: int) -> list[Member]:
        """More people, who have a place in the rooms of these members, as many in each."""
        places = [rooms[number % len(rooms)] for number in range(count)]
        people = [Member(secrets.token_urlsafe(32), place.room, place.room_id) for place in places]
        with self._copying(people) as copy:
            copy.person()
            changes = {"room_id": "new.room_id", "person_id": "new.person_id", "role": "'member'"}
            copy("members", f"members.room_id = '{self._room_id}'", changes)
        return people

    def add_messages(self, member: Member, count: int) -> None:
        """More messages of the room's owner at the end of the member's room."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.create_function("new_cid", 0, lambda: str(uuid.uuid4()))
            connection.execute(_MORE, {"count": count, "room_id": member.room_id, "every_ms": MESSAGE_EVERY_MS})
            connection.execute("UPDATE heads SET head = head + ? WHERE room_id = ?", (count, member.room_id))

    @contextmanager
    def _copying(self, members: Sequence[Member]) -> Iterator[_Copy]:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            codes: set[str] = set()
            while len(codes) < len(members):
                codes.add("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_CHARS)))
            connection.execute(_NEW)
            connection.executemany(
                "INSERT INTO new VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (number, member.room_id, new_id(), code, str(uuid.uuid4()), _hash(member.token))
                    for number, (member, code) in enumerate(zip(members, codes, strict=True))
                ),
            )
            (owner_id,) = connection.execute(
                "SELECT person_id FROM members WHERE room_id = ?", (self._room_id,)
            ).fetchone()
            yield _Copy(connection, owner_id)


class _Copy:
    """Copies the rows of a table that are so, once for each of the new ones, with some columns changed."""

    def __init__(self, connection: sqlite3.Connection, owner_id: str) -> None:
        self.owner_id = owner_id
        self._connection = connection

    def __call__(self, table: str, where: str, changes: dict[str, str]) -> None:
        names = [row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changes.get(name, f"{table}.{name}") for name in names)
        self._connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table}, new WHERE {where}"  # noqa: S608
        )

    def person(self) -> None:
        """The owner, and their session."""
        self("persons", f"persons.id = '{self.owner_id}'", {"id": "new.person_id"})
        changes = {"token_hash": "new.token_hash", "person_id": "new.person_id"}
        self("sessions", f"sessions.person_id = '{self.owner_id}'", changes)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
