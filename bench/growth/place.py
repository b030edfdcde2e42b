"""What is measured in one room of one server: a post, a page of history, somebody who joins, or comes back."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Literal

import httpx
from websockets.asyncio.client import ClientConnection, connect

from bench.audience import DIALECT, Member
from bench.load import BODY_CHARS

Verb = Literal["post", "page", "join", "resume"]
VERBS: Final[Sequence[Verb]] = ("post", "page", "join", "resume")
PAGE: Final = 50
MISSED: Final = 10
"""So many events behind the end somebody comes back."""


@dataclass(eq=False, slots=True)
class Place:
    """A room, in a server with so many rooms.

    Args:
        url: the server's.
        rooms: how many it has.
        messages: how many the room has.
        member: who is in it.
        joiners: tokens of people who are not.
    """

    url: str
    rooms: int
    messages: int
    member: Member
    joiners: list[str]
    took_ms: dict[Verb, list[float]] = field(default_factory=lambda: {verb: [] for verb in VERBS})

    async def measure(self, verb: Verb, times: int) -> None:
        """Do it so often, one after the other."""
        async with self._http(self.member.token) as http:
            room = (await http.get(f"/rooms/{self.member.room_id}")).json()["room"]
            match verb:
                case "post":
                    await self._post(times)
                case "page":
                    await self._page(http, room["head"], times)
                case "join":
                    await self._join(room["code"], times)
                case "resume":
                    await self._resume(room, times)

    async def _post(self, times: int) -> None:
        async with self._enter(self.member.token) as socket:
            for number in range(times):
                post = {"op": "post", "ref": 3 + number, "room": self.member.room_id, "cid": str(uuid.uuid4())}
                with self._timing("post"):
                    await _say(socket, {**post, "body": "x" * BODY_CHARS})
                    await _hear(socket, "posted")

    async def _page(self, http: httpx.AsyncClient, head: int, times: int) -> None:
        for _ in range(times):
            before = random.randrange(2 * PAGE, head)  # noqa: S311 -- anywhere
            with self._timing("page"):
                page = await http.get(f"/rooms/{self.member.room_id}/messages?before={before}&limit={PAGE}")
            if len(page.json()["messages"]) != PAGE:
                raise RuntimeError(f"no page of {PAGE} messages before {before}: {page.text[:200]}")

    async def _join(self, code: str, times: int) -> None:
        """With a code, to the room with its last messages."""
        for _ in range(times):
            token = self.joiners.pop()
            async with self._http(token) as http:
                with self._timing("join"):
                    (await http.post(f"/codes/{code}/join", json={})).raise_for_status()
                    async with self._enter(token):
                        pass

    async def _resume(self, room: dict[str, Any], times: int) -> None:
        for _ in range(times):
            with self._timing("resume"):
                async with self._enter(self.member.token, epoch=room["epoch"], after=room["head"] - MISSED) as socket:
                    for _ in range(MISSED):
                        await _hear(socket, "event")

    @contextmanager
    def _timing(self, verb: Verb) -> Iterator[None]:
        begin_s = time.perf_counter()
        yield
        self.took_ms[verb].append((time.perf_counter() - begin_s) * 1000)

    def _http(self, token: str) -> httpx.AsyncClient:
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        headers = {"authorization": f"Bearer {token}", "accept-encoding": "identity"}
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", cookies=no_cookies, headers=headers)

    @asynccontextmanager
    async def _enter(self, token: str, **resuming: object) -> AsyncIterator[ClientConnection]:
        address = self.url.replace("http", "ws", 1) + DIALECT.path
        async with connect(address, max_size=None, compression=None) as socket:
            await _say(socket, {"op": "hello", "ref": 1, "v": 1, "client": "bench", "token": token})
            await _say(socket, {"op": "enter", "ref": 2, "room": self.member.room_id, **resuming})
            await _hear(socket, "entered")
            yield socket


async def _say(socket: ClientConnection, frame: dict[str, object]) -> None:
    await socket.send(json.dumps(frame))


async def _hear(socket: ClientConnection, op: str) -> None:
    """Wait for the next frame of this kind."""
    begin = f'{{"op":"{op}"'
    while not (text := str(await socket.recv())).startswith(begin):
        if text.startswith('{"op":"refused"'):
            raise RuntimeError(text)
