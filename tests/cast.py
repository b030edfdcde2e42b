"""The cast: alice, bob and mallory, who talk through HTTP and the socket of a real server, as anybody could."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.asyncio.client import connect

from parlour.wire.errors import MEANINGS, Code
from tests.server import ServerProcess
from tests.sockets import WITHIN_S, Frame, Socket

JSON = dict[str, Any]
# One for all: making one reads every certificate of the machine, and no test speaks TLS.
_TLS = ssl.create_default_context()


@dataclass(frozen=True)
class Room:
    """A room as it was answered by the call that brought it."""

    id: str
    code: str
    title: str
    url: str
    epoch: str
    head: int

    @classmethod
    def read(cls, answer: JSON) -> Self:
        return cls(**{name: answer[name] for name in cls.__dataclass_fields__})

    @property
    def path(self) -> str:
        return f"/rooms/{self.id}"


class Server:
    """A server and the people who came to it in this test; they leave when the test ends."""

    def __init__(self, process: ServerProcess) -> None:
        self.process = process
        self.departures = AsyncExitStack()

    @property
    def url(self) -> str:
        return self.process.url

    @property
    def live_url(self) -> str:
        return f"ws://127.0.0.1:{self.process.port}/api/v1/live"

    async def guest(self, name: str = "Alice", *, address: str | None = None) -> Guest:
        """Somebody new with a session; `address` is the one of 127.0.0.0/8 that they come from."""
        http = await self.browser("/api/v1", address)
        signed_in = succeed(await http.post("/session", json={"name": name})).json()
        http.cookies.clear()
        http.headers["authorization"] = f"Bearer {signed_in['token']}"
        return Guest(self, http, signed_in, address)

    async def browser(self, path: str = "", address: str | None = None) -> httpx.AsyncClient:
        """Somebody without a session, who keeps cookies."""
        transport = httpx.AsyncHTTPTransport(verify=_TLS, local_address=address)
        client = httpx.AsyncClient(base_url=self.url + path, transport=transport, timeout=WITHIN_S)
        return await self.departures.enter_async_context(client)

    async def socket(self, address: str | None = None, **headers: str) -> Socket:
        """A socket that has not said hello; underscores in the names of `headers` are dashes."""
        connection = await connect(
            self.live_url,
            additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
            local_addr=(address, 0) if address else None,
            max_size=None,
            proxy=None,
        )
        return await self.departures.enter_async_context(Socket(connection))

    async def starts(self, **settings: object) -> None:
        """Come up, where it was before and with what it had before."""
        self.process.start(**settings)
        await asyncio.to_thread(self.process.wait_until_ready)

    async def stops(self) -> int:
        """Stop by SIGTERM; the exit status."""
        return await asyncio.to_thread(self.process.stop)

    async def is_killed(self) -> None:
        """Stop by SIGKILL."""
        await asyncio.to_thread(self.process.kill)


class Guest:
    """A person with a session. `room` is the one they opened, joined or entered last; verbs mean it by default."""

    def __init__(self, server: Server, http: httpx.AsyncClient, signed_in: JSON, address: str | None) -> None:
        self.http = http
        self.token: str = signed_in["token"]
        self.id: str = signed_in["person"]["id"]
        self._server = server
        self._address = address
        self._room: Room | None = None
        self._socket: Socket | None = None

    @property
    def room(self) -> Room:
        assert self._room is not None, "is in no room"
        return self._room

    @property
    def socket(self) -> Socket:
        """The connection made last."""
        assert self._socket is not None, "is not connected"
        return self._socket

    async def connects(self) -> Socket:
        """Open one more connection and say hello."""
        self._socket = await self._server.socket(self._address)
        answer = await self._socket.asks("hello", v=1, client="cast/1.0", token=self.token)
        assert answer["op"] == "welcome", answer
        return self._socket

    async def opens(self, title: str | None = None, password: str | None = None) -> Room:
        wanted = {"title": title, "password": password}
        self._room = Room.read(succeed(await self.http.post("/rooms", json=wanted)).json())
        return self._room

    async def joins(self, code: str, password: str | None = None) -> Room:
        answer = succeed(await self.http.post(f"/codes/{code}/join", json={"password": password})).json()
        self._room = Room.read(answer["room"])
        return self._room

    async def leaves(self, room: Room | None = None) -> None:
        succeed(await self.http.post(f"{(room or self.room).path}/leave"))

    async def enters(self, room: Room | None = None, **position: object) -> Frame:
        """Listen to a room, over the last connection or a first one; `position` is epoch and after."""
        self._room = room or self.room
        if self._socket is None or self._socket.is_over:
            await self.connects()
        entered = await self.socket.asks("enter", room=self._room.id, **position)
        assert entered["op"] == "entered", entered
        return entered

    async def posts(self, body: str, room: Room | None = None, **fields: object) -> JSON:
        """Say something over HTTP; `fields` may be cid and reply_to."""
        message = {"cid": str(uuid4()), "body": body, **fields}
        posted: JSON = succeed(await self.http.post(f"{(room or self.room).path}/messages", json=message)).json()
        return posted

    async def says(self, body: str, room: Room | None = None, **fields: object) -> Frame:
        """Say something over the socket."""
        message = {"room": (room or self.room).id, "cid": str(uuid4()), "body": body, **fields}
        posted = await self.socket.asks("post", **message)
        assert posted["op"] == "posted", posted
        return posted

    async def sees(self, body: str) -> Frame:
        """The event by which this body came, live or after resuming."""
        return await self.socket.hears(op="event", kind="message.posted", data={"body": body})

    async def reads(self, room: Room | None = None, **query: int) -> JSON:
        """A page of history."""
        page: JSON = succeed(await self.http.get(f"{(room or self.room).path}/messages", params=query)).json()
        return page

    async def reads_log(self, room: Room | None = None, after: int = 0) -> list[JSON]:
        """The whole log behind a position."""
        events: list[JSON] = []
        while True:
            page = succeed(await self.http.get(f"{(room or self.room).path}/events", params={"after": after})).json()
            events += page["events"]
            if not page["events"] or page["events"][-1]["seq"] >= page["head"]:
                return events
            after = page["events"][-1]["seq"]

    async def renames(self, name: str) -> None:
        succeed(await self.http.patch("/session", json={"name": name}))

    async def signs_out(self) -> None:
        succeed(await self.http.delete("/session"))


def succeed(response: httpx.Response) -> httpx.Response:
    """The response, which must not be an error."""
    assert response.is_success, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
    return response


def assert_refused(response: httpx.Response, code: Code) -> JSON:
    """The response must be this refusal, as problem details (RFC 9457); the details."""
    assert response.headers["content-type"].partition(";")[0] == "application/problem+json", response.text
    problem: JSON = response.json()
    assert (problem["code"], response.status_code) == (code, MEANINGS[code].status), response.text
    assert problem["status"] == response.status_code
    assert {"type", "title", "detail"} <= problem.keys()
    return problem
