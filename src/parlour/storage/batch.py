"""One batch of the journal: lock the rooms, number the changes, write them, commit.

Optimistic about duplicates: numbering assumes that every change is new. Only when the unique index has objected
(`look_first`) are the few looked up by index before numbering again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw, Struct
from sqlalchemy import Executable, Table, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from parlour.storage.database import Database
from parlour.storage.schema import Base
from parlour.storage.statements import Prepared, Rows, Step, insert_rows, lock_heads, move_heads, run_together
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import Refusal
from parlour.wire.frames import Event
from parlour.wire.times import rfc3339

_ENTRY_OVERHEAD_BYTES = 200
_ENTRIES = Base.metadata.tables["entries"]


class Post(Struct, frozen=True):
    """The row of a change that is kept as a row of its own table.

    Args:
        table: where it goes.
        row: every column but `seq`.
        key: the columns of the table's unique index, by which a resend is found.
        values: what the row has there.
    """

    table: Table
    row: Mapping[str, object]
    key: tuple[str, ...]
    values: tuple[object, ...]


class Fact(Struct, frozen=True):
    """An event before it has its place; `data` is JSON."""

    kind: str
    data: bytes


Claim = Callable[[AsyncConnection], Awaitable[Sequence[Fact]]]
"""Reads and changes the store under the room's lock, and says what came of it: nothing, or facts to log in order."""


class Guard(Struct, frozen=True):
    """What must still hold when a change is written: that `statement` finds the row of this `key`.

    Args:
        statement: selects, of the keys that it is given (see `statements.among_keys`), those that hold.
        key: the one that this change depends on.
    """

    statement: Prepared
    key: tuple[str, ...]


class Change(Struct, frozen=True):
    """One durable change in one room.

    Args:
        room_id: the room whose log it joins.
        kind: the event's kind, for example message.posted.
        at_ms: when, in milliseconds since 1970.
        by_id: the person who did it.
        data: the event's data as JSON bytes.
        post: for a post, its row; every other kind becomes a row of `entries`.
        refers_to: a seq that must exist already, else the change is refused as `unknown_message`.
        guard: else the change is refused as `not_found`: who left meanwhile says nothing more.
        claim: decides in the same transaction what is logged instead of `kind` and `data`; if it finds nothing to do,
            nothing is. That is how a join, a leave or an edit happens once only.
    """

    room_id: str
    kind: str
    at_ms: int
    by_id: str
    data: bytes = b""
    post: Post | None = None
    refers_to: int | None = None
    guard: Guard | None = None
    claim: Claim | None = None

    @property
    def size_bytes(self) -> int:
        """About how much it adds to a batch."""
        return len(self.data) + _ENTRY_OVERHEAD_BYTES


class Written(Struct, frozen=True):
    """The place of a change in its room's log: of its last fact. `is_duplicate`: it was there before."""

    seq: int
    at_ms: int
    is_duplicate: bool


class Announcement(Struct, frozen=True):
    """A fact of a committed change, encoded once for everyone.

    `frame` is None for what was there already. A COMMIT whose answer got lost has told nobody, and shows only in its
    repetition, so a repetition reminds everyone how far the log reaches: who missed something reads it there.
    """

    room_id: str
    epoch: str
    seq: int
    kind: str
    change: Change
    frame: SharedFrame | None


class Pending(Struct, frozen=True):
    """A change and the future that its writer waits for."""

    change: Change
    future: asyncio.Future[Written | None]


class Answered(Struct, frozen=True):
    """What became of a change; `settle` tells its writer."""

    pending: Pending
    result: Written | Refusal | None
    announcements: Sequence[Announcement] = ()

    def settle(self) -> None:
        """Answer the waiting writer, unless it went away."""
        if self.pending.future.done():
            return
        if isinstance(self.result, Refusal):
            self.pending.future.set_exception(self.result)
        else:
            self.pending.future.set_result(self.result)


@dataclass(slots=True)
class _Log:
    """A room's log while a batch is being numbered."""

    epoch: str
    head: int
    before: int


_Key = tuple[object, ...]


@dataclass(slots=True)
class _Numbered:
    """What a batch will write, as far as it is numbered. `known`: the place of each post that is in the log."""

    logs: Mapping[str, _Log]
    known: dict[_Key, Written]
    answers: list[Answered] = field(default_factory=list)
    rows: defaultdict[Table, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))


class _Guards:
    """Which keys hold, asked once for all changes of the batch, and again only behind a claim: it may undo one."""

    def __init__(self, batch: Sequence[Pending]) -> None:
        self._keys: dict[Prepared, set[tuple[str, ...]]] = {}
        for pending in batch:
            if (guard := pending.change.guard) is not None:
                self._keys.setdefault(guard.statement, set()).add(guard.key)
        self._held: set[tuple[Prepared, _Key]] = set()
        self.are_known = False

    @property
    def steps(self) -> list[Step]:
        """The questions."""
        return [statement.on(rows=list(keys)) for statement, keys in self._keys.items()]

    def learn(self, answers: Sequence[Rows]) -> None:
        """The answers, in the order of the questions."""
        self._held = {
            (statement, tuple(row)) for statement, rows in zip(self._keys, answers, strict=True) for row in rows
        }
        self.are_known = True

    def hold(self, guard: Guard | None) -> bool:
        """Whether what depends on it may be written."""
        return guard is None or (guard.statement, guard.key) in self._held

    def forget(self) -> None:
        """Ask again."""
        self.are_known = False


def once(statement: Executable, fact: Fact) -> Claim:
    """A claim by one statement that must change exactly one row, or there is nothing to do."""

    async def claim(connection: AsyncConnection) -> Sequence[Fact]:
        result: CursorResult[Any] = await connection.execute(statement)
        return (fact,) if result.rowcount == 1 else ()

    return claim


class Batches:
    """Writes batches into one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock_heads = database.prepare(lock_heads(database.url))
        self._move_heads = database.prepare(move_heads(database.url))
        self._inserts: dict[Table, Prepared] = {}
        self._look_ups: dict[Table, Prepared] = {}

    async def commit(self, batch: Sequence[Pending], *, look_first: bool) -> list[Answered]:
        """Write the batch in one transaction and return only after COMMIT, with an answer for each change in order.

        Raises:
            SQLAlchemyError, the driver's errors, OSError: nothing of the batch was acknowledged; after a lost
                connection it may still be there.
        """
        guards = _Guards(batch)
        room_ids = {pending.change.room_id for pending in batch}
        async with self._database.transaction() as connection:
            # Looked up in later statements than the lock: one statement would read a snapshot older than the lock.
            heads, *held = await run_together(connection, [self._lock_heads.on(rows=list(room_ids)), *guards.steps])
            logs = {room_id: _Log(epoch, head, head) for room_id, epoch, head in heads}
            guards.learn(held)
            known = await self._find_written(connection, batch) if look_first else {}
            numbered = _Numbered(logs, known)
            for pending in batch:
                if not guards.are_known:
                    guards.learn(await run_together(connection, guards.steps))
                answer = _answer(pending, numbered, guards) or await _claim(connection, pending, numbered, guards)
                numbered.answers.append(answer)
            await run_together(connection, self._steps(numbered), end=True)
        return numbered.answers

    async def _find_written(self, connection: AsyncConnection, batch: Sequence[Pending]) -> dict[_Key, Written]:
        """The posts of the batch that are in the log already, found through the unique index of their table."""
        posts = [pending.change.post for pending in batch if pending.change.post is not None]
        known: dict[_Key, Written] = {}
        for table, key in {(post.table, post.key) for post in posts}:
            values = [post.values for post in posts if post.table is table]
            (rows,) = await run_together(connection, [self._look_up_in(table, key).on(rows=values)])
            for *found, seq, at_ms in rows:
                known[tuple(found)] = Written(seq, at_ms, is_duplicate=True)
        return known

    def _look_up_in(self, table: Table, key: tuple[str, ...]) -> Prepared:
        if table not in self._look_ups:
            columns = [table.c[name] for name in key]
            found = select(*columns, table.c.seq, table.c.at_ms).where(self._database.among_keys(*columns))
            self._look_ups[table] = self._database.prepare(found)
        return self._look_ups[table]

    def _steps(self, numbered: _Numbered) -> list[Step]:
        """What writes the batch."""
        steps = [self._insert_into(table).on(rows=rows) for table, rows in numbered.rows.items()]
        moved = [
            {"room_id": room_id, "head": log.head} for room_id, log in numbered.logs.items() if log.head > log.before
        ]
        return [*steps, self._move_heads.on(rows=moved)] if moved else steps

    def _insert_into(self, table: Table) -> Prepared:
        if table not in self._inserts:
            self._inserts[table] = self._database.prepare(insert_rows(self._database.url, table))
        return self._inserts[table]


def _answer(pending: Pending, numbered: _Numbered, guards: _Guards) -> Answered | None:
    """Give the change its place, or say why it has none; None when that is for its claim to say."""
    change = pending.change
    log = numbered.logs.get(change.room_id)
    if log is None:
        return Answered(pending, Refusal("not_found"))
    if change.post is not None and (duplicate := numbered.known.get(change.post.values)) is not None:
        return Answered(pending, duplicate, [_reminder(change, log, duplicate.seq)])
    if not guards.hold(change.guard):
        return Answered(pending, Refusal("not_found"))
    if change.refers_to is not None and change.refers_to > log.head:
        return Answered(pending, Refusal("unknown_message"))
    if change.claim is None:
        return _number(pending, (Fact(change.kind, change.data),), log, numbered)
    return None


async def _claim(connection: AsyncConnection, pending: Pending, numbered: _Numbered, guards: _Guards) -> Answered:
    """Let the claim of the change decide what is logged."""
    change, log = pending.change, numbered.logs[pending.change.room_id]
    facts = await change.claim(connection) if change.claim else ()
    guards.forget()
    if not facts:
        return Answered(pending, None, [_reminder(change, log, log.head)])
    return _number(pending, facts, log, numbered)


def _number(pending: Pending, facts: Sequence[Fact], log: _Log, numbered: _Numbered) -> Answered:
    """The change stands next in the log, a place for each fact."""
    change, made = pending.change, []
    for fact in facts:
        log.head += 1
        if change.post is None:
            numbered.rows[_ENTRIES].append(_entry_row(change, fact, log.head))
        made.append(_announcement(change, fact, log))
    if (post := change.post) is not None:
        numbered.known[post.values] = Written(log.head, change.at_ms, is_duplicate=True)
        numbered.rows[post.table].append({**post.row, "seq": log.head})
    return Answered(pending, Written(log.head, change.at_ms, is_duplicate=False), made)


def _entry_row(change: Change, fact: Fact, seq: int) -> dict[str, object]:
    return {
        "room_id": change.room_id,
        "seq": seq,
        "kind": fact.kind,
        "at_ms": change.at_ms,
        "by_id": change.by_id,
        "data": fact.data.decode(),
    }


def _announcement(change: Change, fact: Fact, log: _Log) -> Announcement:
    event = Event(change.room_id, log.head, fact.kind, rfc3339(change.at_ms), change.by_id, Raw(fact.data))
    return Announcement(change.room_id, log.epoch, log.head, fact.kind, change, SharedFrame(event))


def _reminder(change: Change, log: _Log, seq: int) -> Announcement:
    return Announcement(change.room_id, log.epoch, seq, change.kind, change, None)
