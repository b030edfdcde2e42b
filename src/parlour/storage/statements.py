"""Statements that the journal repeats for every batch: one text each, however many rows, and one trip to the driver.

SQLAlchemy compiles them once. Sending them past its `execute` saves most of what a small batch costs, and on SQLite
each of the four crossings between the loop and the driver's thread. Rows travel as one JSON array: one step of the
database, during which Python runs on, where an `executemany` takes the interpreter's lock once for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import aiosqlite
import msgspec
from sqlalchemy import Executable, Insert, Table, Update, column, insert, select, text, tuple_, update
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement, TextClause

from parlour.storage.dialects import dialect_of, is_sqlite
from parlour.storage.schema import Head

observers: Final[list[Callable[[str, tuple[str]], None]]] = []
"""Called with each statement and its parameters before it is sent: SQLAlchemy's events do not see them."""


class Prepared:
    """A statement as the driver takes it, with one parameter: a JSON array."""

    def __init__(self, url: URL, statement: Executable) -> None:
        compiled = cast("SQLCompiler", statement.compile(dialect=dialect_of(url)))  # type: ignore[attr-defined]
        if list(compiled.positiontup or ()) != ["rows"]:
            raise ValueError(f"it takes more than its rows: {compiled}")
        self._sql = str(compiled)

    async def run(self, connection: AsyncConnection, rows: object) -> Sequence[tuple[Any, ...]]:
        """Send it inside the connection's transaction, and read what it answers.

        Raises:
            sqlite3.Error, asyncpg.PostgresError, OSError: as the driver raises them; see `dialects.diagnose`.
        """
        driver = (await connection.get_raw_connection()).driver_connection
        parameter = msgspec.json.encode(rows).decode()
        if not isinstance(driver, aiosqlite.Connection) and not cast("Any", driver).is_in_transaction():
            # On PostgreSQL, SQLAlchemy begins with the first statement that it sends itself.
            return [tuple(row) for row in await connection.exec_driver_sql(self._sql, (parameter,))]
        for observe in observers:
            observe(self._sql, (parameter,))
        if isinstance(driver, aiosqlite.Connection):
            return cast("Sequence[tuple[Any, ...]]", await driver.execute_fetchall(self._sql, (parameter,)))
        return cast("Sequence[tuple[Any, ...]]", await cast("Any", driver).fetch(self._sql, parameter))


def rows_of(url: URL) -> str:
    """The table function whose `value` is each element of the JSON array bound as `rows`."""
    return "json_each(:rows)" if is_sqlite(url) else "json_array_elements(CAST(:rows AS json))"


def among_keys(url: URL, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the row's columns are one of the keys in the array, each an array itself: found by the index."""
    fields = ", ".join(f"value ->> {number}" for number in range(len(columns)))
    keys = text(f"SELECT {fields} FROM {rows_of(url)}")  # noqa: S608 -- made of numbers
    return tuple_(*columns).in_(keys.columns(*(column(f"key_{number}") for number in range(len(columns)))))


def _elements(url: URL, *fields: ColumnElement[Any]) -> TextClause:
    names = ", ".join(
        f"CAST(value ->> '{field.key}' AS {field.type.compile(dialect_of(url))}) AS {field.key}" for field in fields
    )
    return text(f"SELECT {names} FROM {rows_of(url)}")  # noqa: S608 -- made of our own columns' names


def insert_rows(url: URL, table: Table) -> Insert:
    """Inserts the objects of the array, each a row with a value for every column."""
    fields = tuple(table.columns)
    elements = _elements(url, *fields).columns(*(column(field.key, field.type) for field in fields))
    return insert(table).from_select([field.key for field in fields], elements)


def move_heads(url: URL) -> Update:
    """Sets the heads of the rooms in the array: objects with `room_id` and `head`."""
    fields = (Head.__table__.c.room_id, Head.__table__.c.head)
    moved = _elements(url, *fields).columns(*(column(field.key, field.type) for field in fields)).subquery("moved")
    return update(Head).where(Head.room_id == moved.c.room_id).values(head=moved.c.head)


def lock_heads(url: URL) -> Executable:
    """Reads and locks the heads of the rooms whose ids are in the array, always in the same order."""
    value = "value" if is_sqlite(url) else "value #>> '{}'"
    ids = text(f"SELECT {value} FROM {rows_of(url)}").columns(column("room_id"))  # noqa: S608 -- as above
    statement = select(Head.room_id, Head.epoch, Head.head).where(Head.room_id.in_(ids))
    return statement.order_by(Head.room_id).with_for_update()
