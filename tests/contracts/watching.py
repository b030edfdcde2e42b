"""What is sent to the database while a test looks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event

from parlour.storage.statements import observers

_BESIDE_THE_CALL = {"lifetimes", "purge", "heads", "sessions in use", "sessions", "read_behind"}
"""Tasks of the server's own: its timers, and the reading for listeners that are behind, which several share."""
_IS_FRAME = re.compile(r"BEGIN|SET TRANSACTION|SAVEPOINT|RELEASE")


@dataclass(slots=True)
class Statements:
    """What was sent to the database, and with which parameters; not what the server did of itself meanwhile."""

    sent: list[tuple[str, Any]] = field(default_factory=list)

    def note(
        self, _connection: Connection, _cursor: object, statement: str, parameters: object, *_more: object
    ) -> None:
        self.note_prepared(statement, parameters)

    def note_prepared(self, statement: str, parameters: object) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() not in _BESIDE_THE_CALL and not _IS_FRAME.match(statement):
            self.sent.append((statement, parameters))


@contextmanager
def statements_sent() -> Iterator[Statements]:
    """Everything that any engine sends during the block."""
    statements = Statements()
    event.listen(Engine, "before_cursor_execute", statements.note)
    observers.append(statements.note_prepared)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", statements.note)
        observers.remove(statements.note_prepared)
