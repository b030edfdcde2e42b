"""An outside program: it knows protocol.md, an HTTP client and a WebSocket library, and nothing else of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import Serve

JSON = dict[str, Any]


class Program:
    """A bot that somebody wrote after reading protocol.md: "What a client does", rules 1 and 3, and no more."""

    def __init__(self, url: str, name: str) -> None:
        self.said: list[tuple[int, str]] = []
        self._api = httpx.AsyncClient(base_url=f"{url}/api/v1/")
        self._live = url.replace("http", "ws", 1) + "/api/v1/live"
        self._name = name
        self._epoch: str | None = None
        self._position: int | None = None
        self._room = self._token = ""

    async def calls(self, method: str, path: str, **body: object) -> JSON:
        answer = await self._api.request(method, path, json=body if method != "GET" else None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    async def signs_in(self) -> None:
        session = await self.calls("POST", "session", name=self._name)
        self._token = session["token"]
        self._api.cookies.clear()
        self._api.headers["authorization"] = f"Bearer {self._token}"

    async def connects(self, room: str) -> None:
        """Hello, and enter the room where we were."""
        self._room = room
        self._socket: ClientConnection = await connect(self._live)
        await self._send(op="hello", ref=1, v=1, client="outside/1.0", token=self._token)
        await self._reads_until(op="welcome")
        position = {} if self._position is None else {"epoch": self._epoch, "after": self._position}
        await self._send(op="enter", ref=2, room=room, **position)
        await self._reads_until(op="entered")

    async def says(self, body: str) -> JSON:
        """Post, and wait until it is acknowledged."""
        cid = str(uuid4())
        await self._send(op="post", ref=3, room=self._room, cid=cid, body=body)
        return await self._reads_until(op="posted", cid=cid)

    async def reads_to(self, seq: int) -> None:
        """Read what comes until this event has been applied."""
        while (self._position or 0) < seq:
            self._apply(json.loads(await self._socket.recv()))

    async def is_cut_off(self) -> None:
        """The network goes away in the middle of everything."""
        self._socket.transport.abort()
        await self._socket.wait_closed()

    async def closes(self) -> None:
        await self._socket.close()
        await self._api.aclose()

    async def _send(self, **command: object) -> None:
        await self._socket.send(json.dumps(command))

    async def _reads_until(self, **fields: object) -> JSON:
        while True:
            frame: JSON = json.loads(await self._socket.recv())
            self._apply(frame)
            if all(frame.get(name) == value for name, value in fields.items()):
                return frame

    def _apply(self, frame: JSON) -> None:
        match frame:
            case {"op": "entered", "mode": "fresh" | "reset", "snapshot": snapshot}:
                self._epoch, self._position = frame["epoch"], frame["head"]
                self.said = [(message["seq"], message["body"]) for message in snapshot["messages"]]
            case {"op": "event", "seq": seq} if seq == (self._position or 0) + 1:
                self._position = seq
                if frame["kind"] == "message.posted":
                    self.said.append((seq, frame["data"]["body"]))
            case {"op": "event", "seq": seq}:
                assert seq <= (self._position or 0), "an event is missing"
            case _:
                pass


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> JSON:
    """The settings of a server; a program cannot tell where it keeps its rooms."""
    return {} if request.param == "sqlite" else {"database_url": request.getfixturevalue("postgres_url")}


@pytest.fixture
async def url(serve: Serve, store: JSON) -> str:
    return (await serve(**store)).url


@pytest.fixture
async def ada(url: str) -> AsyncIterator[Program]:
    program = Program(url, "Ada")
    await program.signs_in()
    yield program
    await program.closes()


@pytest.fixture
async def bob(url: str) -> AsyncIterator[Program]:
    program = Program(url, "Bob")
    await program.signs_in()
    yield program
    await program.closes()


async def test_it_creates_joins_talks_resumes_after_a_cut_and_reads_history(ada: Program, bob: Program) -> None:
    room = await ada.calls("POST", "rooms", title="Tea")
    await bob.calls("POST", f"codes/{room['code'].lower()}/join")
    await ada.connects(room["id"])
    await bob.connects(room["id"])

    hello = await ada.says("hello")
    await bob.reads_to(hello["seq"])
    reply = await bob.says("hello yourself")
    await ada.reads_to(reply["seq"])

    await bob.is_cut_off()
    await ada.says("are you there?")
    last = await ada.says("hm")
    await bob.connects(room["id"])
    await bob.reads_to(last["seq"])
    last = await bob.says("here I am")
    await ada.reads_to(last["seq"])

    bodies = ["hello", "hello yourself", "are you there?", "hm", "here I am"]
    assert [body for _, body in bob.said] == bodies
    assert ada.said == bob.said
    history = await ada.calls("GET", f"rooms/{room['id']}/messages?limit=2")
    assert [(message["seq"], message["body"]) for message in history["messages"]] == ada.said[-2:]
    older = await ada.calls("GET", f"rooms/{room['id']}/messages?before={history['messages'][0]['seq']}")
    assert [(message["seq"], message["body"]) for message in older["messages"]] == ada.said[:-2]
    assert (history["has_more"], older["has_more"]) == (True, False)


async def test_it_reads_the_log_with_nothing_but_http(ada: Program) -> None:
    room = await ada.calls("POST", "rooms")
    path = f"rooms/{room['id']}"
    posted = await ada.calls("POST", f"{path}/messages", cid=str(uuid4()), body="hi")
    page = await ada.calls("GET", f"{path}/events?after=2")
    assert [event["seq"] for event in page["events"]] == [posted["seq"]]
    assert page["head"] == posted["seq"]
    await ada.connects(room["id"])
    assert ada.said == [(posted["seq"], "hi")]
    await ada.calls("POST", f"{path}/leave")
