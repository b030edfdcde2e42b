"""The one place that knows SQLite from PostgreSQL: engines, their pragmas, and what a driver's error means."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite
from sqlalchemy import Connection, Dialect, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, AdaptedConnection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from parlour.storage.schema import Base

SQLITE_READERS = 4
SQLITE_WRITERS = 1
POSTGRESQL_WRITERS = 5
POSTGRESQL_READERS = 10
POOL_WAIT_S = 10

_POSTGRESQL_TIMEOUTS = {"timeout": 3, "command_timeout": 3}
"""Seconds to connect, and for one statement: a network that swallows packets must not hold a batch for ever, and one
slow statement must leave the journal time for another try."""
_BEGIN, _HAS_BEGUN = "begin", "has_begun"
"""Where a connection of SQLite's keeps how its transactions begin, and whether the one under way has begun."""
_MIGRATION_LOCK = 0x7061726C  # "parl"

_SQLITE_UNWRITABLE = ("full", "readonly", "disk i/o error", "unable to open", "locked", "malformed")
_POSTGRESQL_UNWRITABLE = ("53", "25006", "58030")
"""No disk, memory or connections left, read_only_sql_transaction, io_error."""
_POSTGRESQL_LOST = ("08", "28", "3D000", "57")
"""The connection broke, nobody is let in, the database is not there, an operator or a timeout intervened."""


_POSTGRESQL_CONFLICT = "23"
"""An integrity constraint is violated."""

_MOST_PORT = 65_535
_NO_URL = (
    "PARLOUR_DATABASE_URL is no database URL; write it like postgresql://user:password@host:5432/parlour "
    "or sqlite:////var/lib/parlour/parlour.sqlite3"
)


Answer = TypeVar("Answer")


class Trouble(Enum):
    """What a failed transaction means for the changes in it."""

    CONFLICT = auto()
    """A unique index objects: something is here already."""
    LOST = auto()
    """The connection broke: whether a COMMIT arrived is not known, a new connection may work at once."""
    UNWRITABLE = auto()
    """The store takes no writes now: full, read-only or failing."""
    BROKEN = auto()
    """One of the statements is at fault."""


def resolve_url(url: str) -> URL:
    """A database URL with the asynchronous driver that we use for its kind.

    Raises:
        ValueError: it is none, or of a kind that we do not speak.
    """
    try:
        resolved = make_url(url)
        kind = resolved.get_backend_name()
    except (SQLAlchemyError, ValueError):
        # Not the text itself: it may hold a password.
        raise ValueError(_NO_URL) from None
    if resolved.port is not None and not 0 < resolved.port <= _MOST_PORT:
        raise ValueError(_NO_URL)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    if kind not in drivers:
        message = f"PARLOUR_DATABASE_URL names {kind!r}; Parlour speaks sqlite and postgresql."
        raise ValueError(message)
    return resolved.set(drivername=drivers[kind])


def database_file(url: URL) -> Path | None:
    """Where SQLite keeps the database; None for one in memory."""
    return None if url.database in (None, "", ":memory:") else Path(str(url.database))


@cache
def dialect_of(url: URL) -> Dialect:
    """How statements are spelled for this store's driver."""
    return url.get_dialect()()


def is_sqlite(url: URL) -> bool:
    """Whether the store is the embedded one: one process, one writer."""
    return url.get_backend_name() == "sqlite"


def open_writer(url: URL, *, is_migrating: bool = False) -> AsyncEngine:
    """The engine whose transactions may change things; one that migrates may take its time, and takes turns."""
    if not is_sqlite(url):
        if not is_migrating:
            return _open(url, POSTGRESQL_WRITERS, connect_args=_POSTGRESQL_TIMEOUTS)
        engine = _open(url, 1)
        _begin_with(engine, f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        return engine
    # SQLite 3.7.0 to 3.51.2 can lose a WAL reset when two connections write or checkpoint, so there is exactly one.
    engine = _open(url, SQLITE_WRITERS, pool_reset_on_return=None)
    # NORMAL loses acknowledged messages at power loss; FULL syncs the WAL before each COMMIT returns.
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "temp_store=MEMORY")
    _prepare(engine, pragmas, begin="BEGIN IMMEDIATE")
    return engine


def open_reader(url: URL) -> AsyncEngine:
    """The engine whose transactions each see one snapshot and can change nothing."""
    if not is_sqlite(url):
        engine = _open(url, POSTGRESQL_READERS, isolation_level="REPEATABLE READ", connect_args=_POSTGRESQL_TIMEOUTS)
        _begin_with(engine, "SET TRANSACTION READ ONLY")
        return engine
    engine = _open(url, SQLITE_READERS)
    _prepare(engine, ("query_only=ON", "busy_timeout=5000", "wal_autocheckpoint=0"), begin="BEGIN")
    return engine


def open_session(url: URL) -> AsyncEngine:
    """PostgreSQL only: one connection outside of any transaction, for what belongs to a session."""
    return _open(url, 1, isolation_level="AUTOCOMMIT", connect_args=_POSTGRESQL_TIMEOUTS)


def _open(url: URL, connections: int, **options: object) -> AsyncEngine:
    # An error that is logged must not carry what people said along: no parameters in its text.
    return create_async_engine(
        url, pool_size=connections, max_overflow=0, pool_timeout=POOL_WAIT_S, hide_parameters=True, **options
    )


def _prepare(engine: AsyncEngine, pragmas: tuple[str, ...], *, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _set_pragmas(dbapi_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_BEGIN] = begin
        # The driver must not begin transactions by its own rules: ours begin explicitly, in `_begin_with`.
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # One trip to the driver's thread, where SQLAlchemy's own way takes three.
        adapted = cast("AdaptedConnection", connection.connection.dbapi_connection)
        if not cast("aiosqlite.Connection", adapted.driver_connection).in_transaction:
            adapted.run_async(lambda driver: driver.execute_fetchall(begin))
        connection.info[_HAS_BEGUN] = True


def _begin_with(engine: AsyncEngine, statement: str) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def sqlite_driver_of(connection: AsyncConnection) -> aiosqlite.Connection | None:
    """The driver's own connection, if it is SQLite's, which unlike another's is never lost."""
    if connection.dialect.name != "sqlite" or connection.sync_connection is None:
        return None
    return cast("aiosqlite.Connection", connection.sync_connection.connection.driver_connection)


def start_afresh(connection: AsyncConnection) -> None:
    """The next statement begins a transaction."""
    if connection.sync_connection is not None:
        connection.sync_connection.info[_HAS_BEGUN] = False


def take_begin(connection: AsyncConnection) -> str | None:
    """How the transaction under way begins on this connection of SQLite's, to read or to write; None once it has."""
    if connection.sync_connection is None:
        return None
    info = connection.sync_connection.info
    begin = None if info.get(_HAS_BEGUN) else info[_BEGIN]
    info[_HAS_BEGUN] = True
    return cast("str | None", begin)


async def in_thread_of(driver: aiosqlite.Connection, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """Do several things to a connection in one trip to its thread; the driver has a public way for one at a time."""
    execute = cast("Callable[..., Awaitable[Answer]]", driver._execute)  # noqa: SLF001
    return await execute(lambda: work(driver._conn))  # noqa: SLF001


def insert_on_conflict(url: URL, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can say ON CONFLICT; both dialects spell it alike, SQLAlchemy has a class for each."""
    return sqlite.insert(table) if is_sqlite(url) else postgresql.insert(table)


def is_unavailable(error: Exception) -> bool:
    """Whether the store takes no writes now or is gone, rather than a statement being at fault."""
    return diagnose(error) in (Trouble.UNWRITABLE, Trouble.LOST)


def diagnose(error: Exception) -> Trouble:
    """What a driver's error means."""
    if isinstance(error, (IntegrityError, sqlite3.IntegrityError)):
        return Trouble.CONFLICT
    if isinstance(error, PoolTimeoutError):
        return Trouble.UNWRITABLE
    if isinstance(error, OSError):
        return Trouble.LOST
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Trouble.LOST
    # What asyncpg says before there is a connection comes as it is, else wrapped by SQLAlchemy.
    cause = getattr(error, "orig", None) or error
    sqlstate = getattr(cause, "sqlstate", None)
    if sqlstate is None and _is_asyncpg(cause):
        # Its own complaints have no state: the connection was closed under it.
        return Trouble.LOST
    if sqlstate is None:
        return _diagnose_sqlite(str(cause)) if isinstance(error, (DBAPIError, sqlite3.Error)) else Trouble.BROKEN
    if sqlstate.startswith(_POSTGRESQL_CONFLICT):
        return Trouble.CONFLICT
    if sqlstate.startswith(_POSTGRESQL_LOST):
        return Trouble.LOST
    return Trouble.UNWRITABLE if sqlstate.startswith(_POSTGRESQL_UNWRITABLE) else Trouble.BROKEN


def is_of_driver(error: Exception) -> bool:
    """Whether the database said it, be it wrapped by SQLAlchemy or as the driver raised it."""
    return isinstance(error, (SQLAlchemyError, sqlite3.Error)) or _is_asyncpg(error)


def _is_asyncpg(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] == "asyncpg"


def explain(error: Exception) -> str:
    """A driver's error in a line for the log. PostgreSQL's further lines quote the row, and so what was said."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def _diagnose_sqlite(text: str) -> Trouble:
    lowered = text.lower()
    return Trouble.UNWRITABLE if any(word in lowered for word in _SQLITE_UNWRITABLE) else Trouble.BROKEN
