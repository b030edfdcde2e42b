"""Is it fast enough to be used: room creation, and delivery with 100 people in 10 rooms, each with a durable commit.

The server is a process of its own with SQLite and synchronous=FULL; the people are in this one. Delivery is the time
from just before a post is written to the socket until a member's socket has read it, over all pairs of both.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from bench.results import Row, summarize
from bench.server import serving

PEOPLE = 100
ROOMS = 10
CREATIONS = 300
POSTS_PER_PERSON_S = 0.5
BODY = "The quick brown fox jumps over the lazy dog, and says so to everyone in the room. "
SETTLE_S = 1.0


@dataclass(slots=True)
class Talk:
    """What was posted and heard: moments by client id, in seconds of one clock."""

    sent_at_s: dict[str, float] = field(default_factory=dict)
    delivered_ms: list[float] = field(default_factory=list)
    acknowledged_ms: list[float] = field(default_factory=list)


async def run(seconds: float) -> list[Row]:
    """Measure both, one after the other, against a server of our own."""
    with serving() as address:
        async with httpx.AsyncClient(base_url=f"{address}/api/v1") as http:
            creation = await _measure_creation(http)
            talk = await _measure_delivery(http, address, seconds)
    expected = len(talk.sent_at_s) * (PEOPLE // ROOMS)
    if len(talk.delivered_ms) != expected:
        raise RuntimeError(f"{len(talk.delivered_ms)} deliveries of {expected}: the figures would be of something else")
    return [
        {"what": "room creation", "count": len(creation), **summarize(creation)},
        {"what": "post acknowledged", "count": len(talk.acknowledged_ms), **summarize(talk.acknowledged_ms)},
        {
            "what": "delivery, 100 people in 10 rooms",
            "count": len(talk.delivered_ms),
            "posts_per_s": round(len(talk.sent_at_s) / seconds, 1),
            **summarize(talk.delivered_ms),
        },
    ]


async def _sign_in(http: httpx.AsyncClient, name: str) -> str:
    answer = await http.post("/session", json={"name": name})
    answer.raise_for_status()
    http.cookies.clear()
    return str(answer.json()["token"])


async def _measure_creation(http: httpx.AsyncClient) -> list[float]:
    """Milliseconds for each of 300 rooms, made one after the other over one connection."""
    token = await _sign_in(http, "Founder")
    headers = {"authorization": f"Bearer {token}"}
    took_ms = []
    for number in range(CREATIONS):
        began_s = time.perf_counter()
        answer = await http.post("/rooms", json={"title": f"Room {number}"}, headers=headers)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        answer.raise_for_status()
    return took_ms


async def _measure_delivery(http: httpx.AsyncClient, address: str, seconds: float) -> Talk:
    talk = Talk()
    rooms = [await _fill_room(http, address, number) for number in range(ROOMS)]
    listeners = [asyncio.create_task(_listen(socket, talk)) for _, sockets in rooms for socket in sockets]
    talkers = [
        asyncio.create_task(_talk(socket, room_id, talk, seconds, offset / PEOPLE))
        for room_id, sockets in rooms
        for offset, socket in enumerate(sockets)
    ]
    await asyncio.gather(*talkers)
    await asyncio.sleep(SETTLE_S)
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    await asyncio.gather(*(socket.close() for _, sockets in rooms for socket in sockets))
    return talk


async def _fill_room(http: httpx.AsyncClient, address: str, number: int) -> tuple[str, list[ClientConnection]]:
    tokens = [await _sign_in(http, f"Person {number}.{index}") for index in range(PEOPLE // ROOMS)]
    created = await http.post("/rooms", json={}, headers={"authorization": f"Bearer {tokens[0]}"})
    room: dict[str, Any] = created.json()
    sockets = []
    for token in tokens:
        await http.post(f"/codes/{room['code']}/join", headers={"authorization": f"Bearer {token}"})
        sockets.append(await _enter(address, token, room["id"]))
    return room["id"], sockets


async def _enter(address: str, token: str, room_id: str) -> ClientConnection:
    socket = await connect(f"{address.replace('http', 'ws', 1)}/api/v1/live", compression=None)
    await socket.send(json.dumps({"op": "hello", "ref": 1, "v": 1, "client": "bench", "token": token}))
    await socket.send(json.dumps({"op": "enter", "ref": 2, "room": room_id}))
    while json.loads(await socket.recv())["op"] != "entered":
        pass
    return socket


async def _talk(socket: ClientConnection, room_id: str, talk: Talk, seconds: float, offset: float) -> None:
    """Post at a steady pace, whether or not answers have come: a slow server cannot slow the clock that judges it."""
    period_s = 1 / POSTS_PER_PERSON_S
    began_s = time.perf_counter() + offset * period_s * (PEOPLE // ROOMS)
    for turn in range(int(seconds * POSTS_PER_PERSON_S)):
        await asyncio.sleep(max(0.0, began_s + turn * period_s - time.perf_counter()))
        cid = str(uuid.uuid4())
        talk.sent_at_s[cid] = time.perf_counter()
        await socket.send(json.dumps({"op": "post", "ref": turn + 3, "room": room_id, "cid": cid, "body": BODY}))


async def _listen(socket: ClientConnection, talk: Talk) -> None:
    async for text in socket:
        now_s = time.perf_counter()
        frame: dict[str, Any] = json.loads(text)
        if frame["op"] == "posted":
            talk.acknowledged_ms.append((now_s - talk.sent_at_s[frame["cid"]]) * 1000)
        elif frame["op"] == "event" and frame["kind"] == "message.posted":
            talk.delivered_ms.append((now_s - talk.sent_at_s[frame["data"]["cid"]]) * 1000)
        elif frame["op"] == "refused":
            raise RuntimeError(f"refused: {frame}")
