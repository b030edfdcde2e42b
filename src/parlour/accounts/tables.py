"""People and their sessions. A token is kept as its hash only: a stolen database opens no session."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Index, String, delete, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from parlour.storage.database import Database
from parlour.storage.gathered import Gathered
from parlour.storage.schema import ID_CHARS, Base

HASH_CHARS = 64
HASHES_AT_ONCE = 500


class Person(Base):
    """Somebody with a name."""

    __tablename__ = "persons"
    id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    name: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(16))
    created_at_ms: Mapped[int]


class Session(Base):
    """One signed-in device. `token_hash` is SHA-256 of the token, in hex."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(HASH_CHARS), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(ID_CHARS))
    created_at_ms: Mapped[int]
    expires_at_ms: Mapped[int]
    __table_args__ = (Index(None, "person_id"), Index(None, "expires_at_ms"))


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session with its person."""

    token_hash: str
    expires_at_ms: int
    person_id: str
    name: str
    kind: str


class Sessions:
    """Sessions by the hash of their token; those who ask at the same time are answered together."""

    def __init__(self, database: Database) -> None:
        statement = (
            select(Session.token_hash, Session.expires_at_ms, Session.person_id, Person.name, Person.kind)
            .join(Person, Person.id == Session.person_id)
            .where(database.among_keys(Session.__table__.c.token_hash))
        )
        self._rows: Gathered[tuple[str]] = Gathered(database, database.prepare(statement), 1)

    async def find(self, token_hash: str, now_ms: int) -> SessionRow | None:
        """The session of this token hash if it has not ended.

        Raises:
            Refusal: storage_unavailable.
        """
        row = await self._rows.find((token_hash,))
        session = None if row is None else SessionRow(token_hash, *row)
        return session if session is not None and session.expires_at_ms > now_ms else None


async def insert_person(connection: AsyncConnection, person_id: str, name: str, kind: str, now_ms: int) -> None:
    """A new person."""
    await connection.execute(insert(Person).values(id=person_id, name=name, kind=kind, created_at_ms=now_ms))


async def insert_session(
    connection: AsyncConnection, token_hash: str, person_id: str, now_ms: int, expires_at_ms: int
) -> None:
    """A new session of a person."""
    await connection.execute(
        insert(Session).values(
            token_hash=token_hash, person_id=person_id, created_at_ms=now_ms, expires_at_ms=expires_at_ms
        )
    )


async def rename_person(connection: AsyncConnection, person_id: str, name: str) -> None:
    """The person's own name; what it is in each room is the room's to log."""
    await connection.execute(update(Person).where(Person.id == person_id).values(name=name))


async def extend_session(connection: AsyncConnection, token_hash: str, expires_at_ms: int) -> None:
    """Move the end of a session that is in use."""
    await connection.execute(
        update(Session).where(Session.token_hash == token_hash).values(expires_at_ms=expires_at_ms)
    )


async def extend_sessions(
    connection: AsyncConnection, token_hashes: Collection[str], now_ms: int, expires_at_ms: int
) -> None:
    """Move the end of sessions that have not ended, a bounded number in a statement."""
    hashes = list(token_hashes)
    for start in range(0, len(hashes), HASHES_AT_ONCE):
        some = Session.token_hash.in_(hashes[start : start + HASHES_AT_ONCE])
        await connection.execute(
            update(Session).where(some, Session.expires_at_ms > now_ms).values(expires_at_ms=expires_at_ms)
        )


async def delete_session(connection: AsyncConnection, token_hash: str) -> None:
    """Sign out."""
    await connection.execute(delete(Session).where(Session.token_hash == token_hash))


async def delete_ended_sessions(connection: AsyncConnection, now_ms: int) -> bool:
    """Forget ended sessions, a slice of them; whether there may be more."""
    ended = select(Session.token_hash).where(Session.expires_at_ms <= now_ms).limit(HASHES_AT_ONCE)
    deleted: CursorResult[Any] = await connection.execute(delete(Session).where(Session.token_hash.in_(ended)))
    return deleted.rowcount >= HASHES_AT_ONCE


async def has_session(connection: AsyncConnection, person_id: str) -> bool:
    """Whether this person is signed in anywhere."""
    statement = select(Session.token_hash).where(Session.person_id == person_id).limit(1)
    return (await connection.execute(statement)).first() is not None


async def list_gone_guests(connection: AsyncConnection) -> Sequence[str]:
    """Guests without a session, a slice of them: a guest is nothing but a session's name."""
    is_signed_in = select(Session.token_hash).where(Session.person_id == Person.id).exists()
    statement = select(Person.id).where(Person.kind == "guest", ~is_signed_in).limit(HASHES_AT_ONCE)
    return (await connection.execute(statement)).scalars().all()


async def delete_persons(connection: AsyncConnection, person_ids: Sequence[str]) -> None:
    """Forget people."""
    await connection.execute(delete(Person).where(Person.id.in_(person_ids)))
