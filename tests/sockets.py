"""The live socket for tests: says commands, and keeps all that it hears until somebody asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]
WITHIN_S = 10.0


class Socket:
    """One connection. `frames` is everything heard, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.frames: list[Frame] = []
        self.is_over = False
        self._connection = connection
        self._unheard: list[Frame] = []
        self._refs = itertools.count(1)
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(), name="socket")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def says(self, op: str, **fields: object) -> int:
        """Send a command without waiting for its answer; its ref."""
        ref = next(self._refs)
        await self._connection.send(json.dumps({"op": op, "ref": ref, **fields}))
        return ref

    async def asks(self, op: str, **fields: object) -> Frame:
        """Send a command; its answer, be it a refusal."""
        return await self.hears(ref=await self.says(op, **fields))

    async def send_raw(self, text: str | bytes) -> None:
        """Send these characters as a text message, or these bytes as a binary one."""
        await self._connection.send(text)

    async def send_text_bytes(self, payload: bytes) -> None:
        """Send these bytes as a text message, whether or not they are UTF-8."""
        await self._connection.send(payload, text=True)

    async def hears(self, **fields: object) -> Frame:
        """The first frame with these fields that nobody has asked for yet; waits until it comes."""
        return await self.hears_first(lambda frame: holds(frame, fields), f"a frame with {fields}")

    async def hears_first(
        self, is_wanted: Callable[[Frame], object], wanted: str = "such a frame", within_s: float = WITHIN_S
    ) -> Frame:
        """As `hears`, with any condition."""

        def find() -> Frame | None:
            return next((frame for frame in self._unheard if is_wanted(frame)), None)

        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: find() is not None or self.is_over)
        except TimeoutError:
            raise AssertionError(f"{wanted} did not come within {within_s} s; last: {self._unheard[-9:]}") from None
        frame = find()
        assert frame is not None, f"{wanted} did not come before {self._connection.close_code}; {self._unheard[-9:]}"
        self._unheard.remove(frame)
        return frame

    async def settles(self) -> None:
        """Return once everything was heard that the server had sent before now."""
        assert (await self.asks("ping"))["op"] == "pong"

    def has_heard(self, **fields: object) -> bool:
        """Whether a frame with these fields has ever come. Call `settles` first to know that none will."""
        return any(holds(frame, fields) for frame in self.frames)

    def events(self, room_id: str) -> list[Frame]:
        """The events of a room as they came."""
        return [frame for frame in self.frames if frame["op"] == "event" and frame["room"] == room_id]

    async def is_closed_with(self, within_s: float = WITHIN_S) -> int:
        """Wait until the server has closed; the close code."""
        async with asyncio.timeout(within_s):
            await asyncio.shield(self._reader)
        return self._connection.close_code or 1006

    async def close(self) -> None:
        """Say goodbye."""
        await self._connection.close()
        await self._reader

    async def breaks(self) -> None:
        """Vanish without a word, as a phone in a tunnel does."""
        self._connection.transport.abort()
        await self._reader

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._connection:
                frame = json.loads(text)
                async with self._news:
                    self.frames.append(frame)
                    self._unheard.append(frame)
                    self._news.notify_all()
        self.is_over = True
        async with self._news:
            self._news.notify_all()


def holds(found: object, wanted: object) -> bool:
    """Whether everything wanted is there; what else is there does not matter."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and holds(found[name], value) for name, value in wanted.items())
    return found == wanted
