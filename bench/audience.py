"""People for Parlour's rooms, who came in as anybody does: a session, a code, the room's door, all over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from bench.load import BODY, Dialect, Visitor

PARALLEL = 16
TIMEOUT_S = 60
DIALECT = Dialect(path="/api/v1/live", delivery='{"op":"event"', ack='{"op":"posted"', refusal='{"op":"refused"')


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a session, who has joined a room: `room` is its number here, `room_id` its own."""

    token: str
    room: int
    room_id: str

    def visitor(self, *, talks: bool) -> Visitor:
        """How they come in through the socket, and what they say there."""
        hello = {"op": "hello", "ref": 1, "v": 1, "client": "bench", "token": self.token}
        enter = {"op": "enter", "ref": 2, "room": self.room_id}
        post = f'{{"op":"post","ref":%R,"room":"{self.room_id}","cid":"%C","body":"{BODY}"}}'
        steps = (
            ("say", json.dumps(hello)),
            ("hear", '{"op":"welcome"'),
            ("say", json.dumps(enter)),
            ("hear", '{"op":"entered"'),
        )
        return Visitor(self.room, steps, post if talks else "")


def gather(address: str, *, rooms: int, people: int) -> list[Member]:
    """Open the rooms and let `people` join each; in the order of the rooms."""
    return asyncio.run(_gather(address, rooms, people))


async def _gather(address: str, rooms: int, people: int) -> list[Member]:
    turns = asyncio.Semaphore(PARALLEL)
    limits = httpx.Limits(max_connections=PARALLEL)
    # One client is everybody, so it keeps nobody's cookie.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    async with httpx.AsyncClient(
        base_url=f"{address}/api/v1",
        cookies=no_cookies,
        headers={"accept-encoding": "identity"},
        limits=limits,
        timeout=TIMEOUT_S,
    ) as http:
        door = _Door(http, turns)
        filled = await asyncio.gather(*(door.fill(number, people) for number in range(rooms)))
    return [member for members in filled for member in members]


class _Door:
    """Lets people in, a few at a time."""

    def __init__(self, http: httpx.AsyncClient, turns: asyncio.Semaphore) -> None:
        self._http = http
        self._turns = turns

    async def fill(self, number: int, people: int) -> Sequence[Member]:
        """A room, and who joined it; its owner is the first."""
        owner = await self._sign_in(f"Person {number}.0")
        room = (await self._post("/rooms", {"title": f"Room {number}"}, owner)).json()
        joining = (self._join(f"Person {number}.{index}", room["code"]) for index in range(1, people))
        tokens = [owner, *await asyncio.gather(*joining)]
        return [Member(token, number, room["id"]) for token in tokens]

    async def _join(self, name: str, code: str) -> str:
        token = await self._sign_in(name)
        await self._post(f"/codes/{code}/join", {}, token)
        return token

    async def _sign_in(self, name: str) -> str:
        token: str = (await self._post("/session", {"name": name}, None)).json()["token"]
        return token

    async def _post(self, path: str, body: dict[str, str], token: str | None) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        async with self._turns:
            answer = await self._http.post(path, json=body, headers=headers)
        return answer.raise_for_status()
