"""One power cut: people post, the server is stopped in the middle, and a copy of its disk is what remains."""

from __future__ import annotations

import asyncio
import itertools
import signal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from bench.powerloss.disk import format_disk, keep, mounted
from bench.torture import crowd
from bench.torture.sizes import Size
from bench.torture.talker import Person
from bench.torture.victim import SOURCE, Victim

TALKERS: Final = 8
WINDOW: Final = 8
ANSWERS_ARRIVE_S: Final = 0.5
UNKNOWN: Final = (401, 404)
"""What a server answers that has never heard of the person, or of the room."""
CROWD: Final = Size("powerloss", clients=TALKERS, rooms=1, posts=0, kills=0, cuts=0, posts_per_s=0)


class _Said(msgspec.Struct):
    cid: str
    body: str


_said = msgspec.json.Decoder(_Said)

Kept = dict[int, tuple[str, str]]
"""What is at each seq: the cid and the body."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What people were told is kept, and what the log has after the cut: the posts, and every seq."""

    acknowledged: Kept
    kept: Kept
    seqs: Sequence[int]

    @property
    def lost(self) -> int:
        """How many acknowledged posts are not in the log, at their place and to the letter."""
        return sum(self.kept.get(seq) != said for seq, said in self.acknowledged.items())

    @property
    def doubled(self) -> int:
        """How many posts are in the log once more than they should be."""
        return len(self.kept) - len({cid for cid, _ in self.kept.values()})

    @property
    def is_gapless(self) -> bool:
        """Whether the log counts from 1 without a hole."""
        return list(self.seqs) == list(range(1, len(self.seqs) + 1))


async def cut_power(folder: Path, *, after_s: float, source: Path = SOURCE) -> Outcome:
    """Let people post for so long, cut the power, and see what is left.

    Args:
        folder: an empty folder for the disks.
        after_s: how long people post.
        source: the `src` folder that the server runs from before the cut.
    """
    image = format_disk(folder / "disk.img")
    acknowledged: Kept = {}
    with mounted(image, folder / "disk") as disk:
        victim = Victim(disk, source)
        try:
            await victim.start()
            people = await _gather(victim.url)
            talk = [asyncio.create_task(_talk(victim.port, person, acknowledged)) for person in people]
            await asyncio.sleep(after_s)
            victim.signal(signal.SIGSTOP)
            await asyncio.sleep(ANSWERS_ARRIVE_S)
            copy = await asyncio.to_thread(keep, image, folder / "copy.img")
            for task in talk:
                task.cancel()
            await _raise_failures(talk)
        finally:
            victim.close()
    with mounted(copy, folder / "copy") as disk:
        return await _read_log(disk, people[0], acknowledged)


async def _gather(url: str) -> list[Person]:
    async with crowd.open_http() as http:
        http.base_url = f"{url}/api/v1"
        return await crowd.gather(http, CROWD)


async def _talk(port: int, person: Person, acknowledged: Kept) -> None:
    """Post without a pause, so many at a time, and note what is acknowledged."""
    async with connect(f"ws://127.0.0.1:{port}/api/v1/live", ping_interval=None, max_size=None) as socket:
        await _say(socket, op="hello", ref=1, v=1, client="powerloss", token=person.token)
        await _say(socket, op="enter", ref=2, room=person.room_id)
        said: dict[str, str] = {}
        refs = itertools.count(3)
        for _ in range(WINDOW):
            await _post(socket, next(refs), person, said)
        async for text in socket:
            frame = msgspec.json.decode(text)
            if frame["op"] == "posted":
                acknowledged[frame["seq"]] = (frame["cid"], said[frame["cid"]])
                await _post(socket, next(refs), person, said)


async def _raise_failures(talk: Sequence[asyncio.Task[None]]) -> None:
    """Raise what ended anybody's talk but us."""
    for end in await asyncio.gather(*talk, return_exceptions=True):
        if isinstance(end, Exception):
            raise end


async def _post(socket: ClientConnection, ref: int, person: Person, said: dict[str, str]) -> None:
    cid = str(uuid.uuid4())
    said[cid] = f"{ref} from {person.who}: {cid}"
    await _say(socket, op="post", ref=ref, room=person.room_id, cid=cid, body=said[cid])


async def _say(socket: ClientConnection, **frame: object) -> None:
    await socket.send(msgspec.json.encode(frame).decode())


async def _read_log(disk: Path, person: Person, acknowledged: Kept) -> Outcome:
    """Start from what is on the disk, and ask as anybody does. Who is unknown there finds an empty log."""
    victim = Victim(disk)
    try:
        await victim.start()
        async with crowd.open_http() as http:
            http.base_url = f"{victim.url}/api/v1"
            try:
                events = (await crowd.ask_for_all(http, person)).events
            except httpx.HTTPStatusError as error:
                if error.response.status_code not in UNKNOWN:
                    raise
                events = []
    finally:
        victim.close()
    posts = {event.seq: _said.decode(event.data) for event in events if event.kind == "message.posted"}
    kept = {seq: (said.cid, said.body) for seq, said in posts.items()}
    return Outcome(acknowledged, kept, [event.seq for event in events])
