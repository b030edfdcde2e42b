"""Signing in as a guest, renaming, signing out."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from parlour.accounts import tables
from parlour.accounts.rules import clean_name
from parlour.storage.database import Database
from parlour.storage.schema import new_id
from parlour.turns import Turns
from parlour.wire.errors import Refusal

TOKEN_BYTES = 16
MOST_TOKEN_CHARS = 200
EXTEND_AFTER_SHARE = 0.1
"""A session in use is extended once a tenth of its time has passed: one write in three days, not one a request."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is asking, as every verb of every noun takes it. `session` names the session, not its token."""

    id: str
    name: str
    kind: str
    session: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `token` is shown once, and kept by the client alone."""

    person: Person
    token: str


class News(Protocol):
    """Who is told, when somebody changes; the nouns above subscribe in app.py."""

    async def renamed(self, person: Person) -> None:
        """This person has another name now."""

    def signed_out(self, session: str) -> None:
        """This session has ended."""

    async def gone(self, person_id: str) -> None:
        """This guest's last session has ended: they never come back."""


class Accounts:
    """The people of this server.

    Args:
        database: where they are kept.
        now_ms: the clock, milliseconds since 1970.
        session_ttl_s: a session ends after this many seconds without use.
        news: hears of what happened to people.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int], session_ttl_s: float, news: News) -> None:
        self._database = database
        self._sessions = tables.Sessions(database)
        self._now_ms = now_ms
        self._session_ttl_ms = int(session_ttl_s * 1000)
        self._news = news
        self._renames = Turns()

    async def sign_in_guest(self, name: str) -> SignedIn:
        """A new guest with a session of 128 random bits."""
        name = clean_name(name)
        token, now_ms = secrets.token_urlsafe(TOKEN_BYTES), self._now_ms()
        person = Person(new_id(), name, "guest", _hash(token))
        async with self._database.writing() as connection:
            await tables.insert_person(connection, person.id, name, person.kind, now_ms)
            await tables.insert_session(connection, person.session, person.id, now_ms, now_ms + self._session_ttl_ms)
        return SignedIn(person, token)

    async def find_person(self, token: str | None) -> Person | None:
        """Whose token this is, if its session has not ended."""
        if not token or len(token) > MOST_TOKEN_CHARS:
            return None
        now_ms = self._now_ms()
        row = await self._sessions.find(_hash(token), now_ms)
        if row is None:
            return None
        if row.expires_at_ms - now_ms < self._session_ttl_ms * (1 - EXTEND_AFTER_SHARE):
            # A store that takes no writes still lets people read.
            with contextlib.suppress(Refusal):
                async with self._database.writing() as connection:
                    await tables.extend_session(connection, row.token_hash, now_ms + self._session_ttl_ms)
        return Person(row.person_id, row.name, row.kind, row.token_hash)

    async def load_person(self, token: str | None) -> Person:
        """Whose token this is.

        Raises:
            Refusal: unauthenticated.
        """
        person = await self.find_person(token)
        if person is None:
            raise Refusal("unauthenticated")
        return person

    async def rename(self, person: Person, name: str) -> Person:
        """Give the person another name, here and in every room of theirs."""
        renamed = Person(person.id, clean_name(name), person.kind, person.session)
        # Of two renames at once, the one that is kept here must be the last that the rooms hear.
        async with self._renames.of(person.id):
            async with self._database.writing() as connection:
                await tables.rename_person(connection, person.id, renamed.name)
            await self._news.renamed(renamed)
        return renamed

    async def sign_out(self, person: Person) -> None:
        """End this session; its sockets are closed."""
        async with self._database.writing() as connection:
            await tables.delete_session(connection, person.session)
            is_gone = person.kind == "guest" and not await tables.has_session(connection, person.id)
        self._news.signed_out(person.session)
        if is_gone:
            # The store failing meanwhile is no matter: they are found among the ended sessions later.
            with contextlib.suppress(Refusal):
                await self._news.gone(person.id)

    async def extend_sessions(self, sessions: set[str]) -> None:
        """These sessions are in use by a socket now, which asks nothing by itself."""
        if not sessions:
            return
        now_ms = self._now_ms()
        async with self._database.writing() as connection:
            await tables.extend_sessions(connection, sessions, now_ms, now_ms + self._session_ttl_ms)

    async def forget_ended_sessions(self) -> None:
        """Delete what nobody can use any more, a slice at a time so that others are let in between."""
        has_more = True
        while has_more:
            async with self._database.writing() as connection:
                has_more = await tables.delete_ended_sessions(connection, self._now_ms())
        while person_ids := await self._list_gone():
            for person_id in person_ids:
                await self._news.gone(person_id)
            async with self._database.writing() as connection:
                await tables.delete_persons(connection, person_ids)

    async def _list_gone(self) -> Sequence[str]:
        async with self._database.reading() as connection:
            return await tables.list_gone_guests(connection)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
