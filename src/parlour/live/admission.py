"""Lets newcomers in a few at a time, so that a crowd that comes back together is no burden to those who are here.

Who waits for a turn reads nothing from the store and holds no place in the loop's round. Whoever has begun goes first:
five thousand who are half in give up together, where a thousand who are in and four thousand at the door do not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

AT_ONCE: Final = 8
"""Twice as many as SQLite's readers: somebody always has what to do, and a page of history waits behind a few."""
DOOR_EVERY: Final = 4
"""Of so many turns one is for the door, whoever else waits: nobody keeps it shut by entering again and again."""

Step = Literal["door", "inside"]


class Admission:
    """Turns for what a newcomer does: the handshake is at the door, saying hello and entering rooms is inside."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = at_once
        self._lines: dict[Step, deque[asyncio.Future[None]]] = {"door": deque(), "inside": deque()}
        self._given = 0

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return sum(map(len, self._lines.values()))

    @asynccontextmanager
    async def turn(self, step: Step) -> AsyncIterator[None]:
        """Wait for a turn, and hold it."""
        await self._take(step)
        try:
            yield
        finally:
            self._free += 1
            self._give()

    async def _take(self, step: Step) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._lines[step].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free += 1
                self._give()
            raise

    def _give(self) -> None:
        """Give what is free to the next in line; who was cancelled meanwhile is passed over."""
        while self._free and (line := self._next_line()):
            turn = line.popleft()
            if not turn.done():
                self._free -= 1
                self._given += 1
                turn.set_result(None)

    def _next_line(self) -> deque[asyncio.Future[None]]:
        door, inside = self._lines["door"], self._lines["inside"]
        is_for_the_door = self._given % DOOR_EVERY == 0
        return door if door and (is_for_the_door or not inside) else inside
