"""Ten people talk while the server dies twenty times: all that was acknowledged is there, once, in one order."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.cast import Guest, Room, Server
from tests.conftest import Serve
from tests.patience import POLL_S, eventually

TALKERS = 10
DEATHS = 20
IN_FLIGHT = 4
MOST_POSTS_BETWEEN_DEATHS = 80
CONNECTION_LOST = (OSError, WebSocketException)


@dataclass
class Talker:
    """Somebody who says one thing after the other, and says it again under the same cid until it is acknowledged."""

    guest: Guest
    room: Room
    live_url: str
    acknowledged: dict[str, tuple[int, str]] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    position: int = 0
    said: int = 0
    resent: int = 0
    recognised: int = 0

    async def talk(self, is_over: Callable[[], bool]) -> None:
        """Talk through every death until it is over and everything was acknowledged."""
        while not is_over() or self.unanswered:
            with suppress(*CONNECTION_LOST):
                async with self._connected() as socket:
                    await self._talk_here(socket, is_over)
            await asyncio.sleep(POLL_S)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[ClientConnection]:
        async with connect(self.live_url, proxy=None, open_timeout=2, close_timeout=1) as socket:
            await socket.send(json.dumps({"op": "hello", "ref": 1, "v": 1, "token": self.guest.token}))
            await socket.send(
                json.dumps(
                    {"op": "enter", "ref": 2, "room": self.room.id, "epoch": self.room.epoch, "after": self.position}
                )
            )
            yield socket

    async def _talk_here(self, socket: ClientConnection, is_over: Callable[[], bool]) -> None:
        self.resent += len(self.unanswered)
        for cid in list(self.unanswered):
            await self._send(socket, cid)
        while not is_over() or self.unanswered:
            while len(self.unanswered) < IN_FLIGHT and not is_over():
                await self._say(socket)
            self._hear(json.loads(await socket.recv()))

    async def _say(self, socket: ClientConnection) -> None:
        cid = str(uuid.uuid4())
        self.unanswered[cid] = str(self.said)
        self.said += 1
        await self._send(socket, cid)

    async def _send(self, socket: ClientConnection, cid: str) -> None:
        post = {"op": "post", "ref": 3, "room": self.room.id, "cid": cid, "body": self.unanswered[cid]}
        await socket.send(json.dumps(post))

    def _hear(self, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "posted":
                self.acknowledged[frame["cid"]] = (frame["seq"], self.unanswered.pop(frame["cid"]))
                self.recognised += frame["dup"]
            case "event":
                assert frame["seq"] == self.position + 1, "everyone hears everything once, in order"
                self.position = frame["seq"]
            case "entered":
                assert frame["mode"] == "resumed", "the log is still the same"
                assert frame["head"] >= max((seq for seq, _ in self.acknowledged.values()), default=0)
            case "refused":
                raise AssertionError(frame)
            case _:
                pass


@pytest.mark.slow
async def test_twenty_deaths_lose_nothing_and_double_nothing(serve: Serve) -> None:
    server = await serve(rate_limits="off")
    talkers = await gather_talkers(server)
    is_over = asyncio.Event()
    work = [asyncio.create_task(talker.talk(is_over.is_set)) for talker in talkers]
    for death in range(DEATHS):
        await more_acknowledged(talkers, 1 + 37 * death % MOST_POSTS_BETWEEN_DEATHS, work)
        await server.is_killed()
        await server.starts()
    await more_acknowledged(talkers, 1, work)
    is_over.set()
    await asyncio.gather(*work)

    log = await talkers[0].guest.reads_log(talkers[0].room)
    assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
    kept = [event for event in log if event["kind"] == "message.posted"]
    for talker in talkers:
        mine = [event for event in kept if event["by"] == talker.guest.id]
        assert {event["data"]["cid"]: (event["seq"], event["data"]["body"]) for event in mine} == talker.acknowledged
        assert [event["data"]["body"] for event in mine] == [str(number) for number in range(talker.said)]

    # Without these the law would hold for a server that never was in the middle of anything.
    assert len(kept) >= DEATHS * TALKERS
    assert sum(talker.resent for talker in talkers) >= DEATHS
    assert sum(talker.recognised for talker in talkers) >= 5, "some deaths must fall between COMMIT and answer"


async def gather_talkers(server: Server) -> list[Talker]:
    guests = [await server.guest(f"Talker {number}") for number in range(TALKERS)]
    room = await guests[0].opens("Tea")
    for guest in guests[1:]:
        await guest.joins(room.code)
    return [Talker(guest, room, server.live_url) for guest in guests]


async def more_acknowledged(talkers: list[Talker], more: int, work: list[asyncio.Task[None]]) -> None:
    """Wait until so many more were acknowledged, all together."""

    def count() -> int:
        return sum(len(talker.acknowledged) for talker in talkers)

    enough = count() + more

    async def is_enough() -> bool:
        assert not any(task.done() for task in work), "nobody stops talking"
        return count() >= enough

    await eventually(is_enough, within_s=20)
