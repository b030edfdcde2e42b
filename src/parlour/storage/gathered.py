"""Rows that many ask for one by one, and that are read together: whoever asks during a read is answered by the next.

A crowd that comes back at once costs a few statements this way, where each of it would cost several.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any, Final, Generic, TypeVar

from parlour.storage.database import Database
from parlour.storage.statements import Prepared, run_together

Key = TypeVar("Key", bound=tuple[Hashable, ...])
AT_ONCE: Final = 500


class Gathered(Generic[Key]):
    """One statement for all who ask at about the same time.

    Args:
        database: what is read.
        statement: takes keys, each an array of columns, and answers rows that begin with the key of theirs.
        columns: how many columns a key has.
    """

    def __init__(self, database: Database, statement: Prepared, columns: int) -> None:
        self._database = database
        self._statement = statement
        self._columns = columns
        self._asked: dict[Key, asyncio.Future[tuple[Any, ...] | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, key: Key) -> tuple[Any, ...] | None:
        """The row of this key without the key, read after this was called; None: there is none.

        Raises:
            Refusal: storage_unavailable, when the store is gone.
        """
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_all(), name="gathered")
        # Several may wait for it: one of them who gives up does not take it from the others.
        return await asyncio.shield(answer)

    async def _read_all(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                while len(asked) > AT_ONCE:
                    key, answer = asked.popitem()
                    self._asked[key] = answer
                await self._read(asked)
        finally:
            self._reading = None

    async def _read(self, asked: dict[Key, asyncio.Future[tuple[Any, ...] | None]]) -> None:
        try:
            async with self._database.reading() as connection:
                (rows,) = await run_together(connection, [self._statement.on(rows=list(asked))], end=True)
        except Exception as error:  # noqa: BLE001 -- it is told to everybody who asked
            for answer in asked.values():
                answer.set_exception(error)
                answer.exception()  # Who asked may be gone.
            return
        found = {row[: self._columns]: row[self._columns :] for row in rows}
        for key, answer in asked.items():
            answer.set_result(found.get(key))
