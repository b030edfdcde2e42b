"""Statements that the journal repeats for every batch: one text each, however many rows, and on SQLite few trips.

SQLAlchemy compiles them once. Sending them past its `execute` saves most of what a small batch costs, and on SQLite
each crossing between the loop and the driver's thread but one. Rows travel as one JSON array, and on SQLite back as
one, too: one step of the database, during which Python runs on, where a row each takes the interpreter's lock as often.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, cast

import msgspec
from sqlalchemy import Executable, Insert, Select, Table, Update, column, func, insert, select, text, tuple_, update
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement, TextClause

from parlour.storage.dialects import dialect_of, in_thread_of, is_sqlite, sqlite_driver_of, take_begin
from parlour.storage.schema import Head

observers: Final[list[Callable[[str, tuple[Any, ...]], None]]] = []
"""Called with each statement and its parameters before it is sent: SQLAlchemy's events do not see them."""


class Prepared:
    """A statement as the driver takes it. Of its parameters, `rows` travels as JSON.

    A SELECT is turned into an aggregate on SQLite: it takes no LIMIT, GROUP BY or DISTINCT here, and has no order.
    """

    def __init__(self, url: URL, statement: Executable) -> None:
        if is_sqlite(url) and isinstance(statement, Select):
            together = func.json_group_array(func.json_array(*statement.selected_columns))
            statement = statement.order_by(None).with_only_columns(together, maintain_column_froms=True)
        compiled = cast("SQLCompiler", statement.compile(dialect=dialect_of(url)))  # type: ignore[attr-defined]
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())

    def on(self, **values: object) -> Step:
        """The statement together with its parameters; `rows` are the rows or keys that it takes."""
        if "rows" in values:
            values["rows"] = msgspec.json.encode(values["rows"]).decode()
        return Step(self._sql, tuple([values[name] for name in self._names]))


Rows = Sequence[tuple[Any, ...]]


class Step(NamedTuple):
    """A statement as the driver takes it, and its parameters in order."""

    sql: str
    parameters: tuple[Any, ...]


async def run_together(connection: AsyncConnection, steps: Sequence[Step], *, end: bool = False) -> list[Rows]:
    """Send the steps one after the other inside the connection's transaction, and read what each answers.

    On SQLite that is one trip, which begins the transaction if that is still to be done; with `end` it commits, too,
    and nothing more may be sent in it. Elsewhere the end of the transaction is left to SQLAlchemy.

    Raises:
        sqlite3.Error, asyncpg.PostgresError, OSError: as the driver raises them; see `dialects.diagnose`.
    """
    driver = sqlite_driver_of(connection)
    if driver is None:
        return [await _run_there(connection, step) for step in steps]
    _show(steps)
    begin = take_begin(connection)
    return await in_thread_of(driver, lambda plain: _run_here(plain, steps, begin, end=end))


def _run_here(plain: sqlite3.Connection, steps: Sequence[Step], begin: str | None, *, end: bool) -> list[Rows]:
    if begin is not None:
        plain.execute(begin)
    elif not plain.in_transaction:
        # Ended before, or rolled back by SQLite itself: what came before is not to be taken for written.
        raise sqlite3.OperationalError("the transaction has ended")
    answers = [plain.execute(step.sql, step.parameters).fetchone() for step in steps]
    if end:
        plain.commit()
    return [_read(answer[0]) if answer else () for answer in answers]


_read = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


async def _run_there(connection: AsyncConnection, step: Step) -> Rows:
    driver = cast("Any", (await connection.get_raw_connection()).driver_connection)  # asyncpg has no types
    if not driver.is_in_transaction():
        # On PostgreSQL, SQLAlchemy begins with the first statement that it sends itself.
        return [tuple(row) for row in await connection.exec_driver_sql(step.sql, step.parameters)]
    _show([step])
    return cast("Rows", await driver.fetch(step.sql, *step.parameters))


def _show(steps: Sequence[Step]) -> None:
    for observe in observers:
        for step in steps:
            observe(step.sql, step.parameters)


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
