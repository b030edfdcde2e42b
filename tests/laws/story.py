"""Anything that people may do in a room, in any order and at the same time, and what all of it must amount to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

import httpx
from hypothesis import strategies as st

from tests.cast import Guest, Room, Server, succeed
from tests.laws.fold import JSON, Drawn, draw, fold
from tests.patience import eventually
from tests.sockets import Frame, Socket

PEOPLE = 3
Verb = Literal["join", "leave", "rename", "post", "enter", "resume"]
Command = tuple[Verb, int]
"""What is done, and by which of the people."""

verbs = st.sampled_from(["join", "leave", "rename", "post", "post", "enter", "resume"])
commands = st.tuples(verbs, st.integers(0, PEOPLE - 1))
chapters = st.lists(st.lists(commands, min_size=1, max_size=4), min_size=1, max_size=6)
"""What stands in one list happens at the same time."""


@dataclass(frozen=True)
class Listening:
    """A connection that has entered the room, and where its events begin."""

    guest: Guest
    socket: Socket
    entered: Frame
    after: int


@dataclass
class Story:
    """One room. The witness is a member from the second event on and never leaves; the people come and go."""

    room: Room
    witness: Guest
    people: list[Guest]
    _server: Server
    listening: list[Listening] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    @classmethod
    async def begin(cls, server: Server) -> Story:
        people = [await server.guest(f"Person {number}") for number in range(PEOPLE)]
        witness = await server.guest("Witness")
        room = await people[0].opens("Tea")
        await witness.joins(room.code)
        story = cls(room, witness, people, server)
        await story.enter(witness)
        return story

    async def tell(self, chapters: Sequence[Sequence[Command]]) -> None:
        for chapter in chapters:
            await asyncio.gather(*(self._carry_out(verb, self.people[who]) for verb, who in chapter))

    async def _carry_out(self, verb: Verb, guest: Guest) -> None:
        number, path = next(self._numbers), self.room.path
        match verb:
            case "join":
                unless_outside(await guest.http.post(f"/codes/{self.room.code}/join", json={}))
            case "leave":
                unless_outside(await guest.http.post(f"{path}/leave"))
            case "rename":
                await guest.renames(f"Name {number}")
            case "post":
                message = {"cid": f"00000000-0000-4000-8000-{number:012}", "body": f"message {number}"}
                unless_outside(await guest.http.post(f"{path}/messages", json=message))
            case "enter":
                await self.enter(guest)
            case "resume":
                await self.enter(guest, after=number % 7)

    async def enter(self, guest: Guest, after: int | None = None) -> None:
        """Enter on a new connection, unless the guest is no member."""
        # Not the guest's own connection: somebody may enter on two at the same time.
        socket = await self._server.socket(authorization=f"Bearer {guest.token}")
        await socket.asks("hello", v=1, client="story")
        position = {} if after is None else {"after": after, "epoch": self.room.epoch}
        answer = await socket.asks("enter", room=self.room.id, **position)
        if answer["op"] == "refused":
            assert answer["code"] == "not_found", answer
            return
        is_resumed = answer["mode"] == "resumed"
        self.listening.append(Listening(guest, socket, answer, (after or 0) if is_resumed else answer["head"]))

    async def fetch(self) -> Drawn:
        """The room as somebody fetches it who has seen nothing of it."""
        fetched: JSON = succeed(await self.witness.http.get(self.room.path)).json()
        page = await self.witness.reads(self.room, limit=200)
        assert not page["has_more"], "a story is shorter than a page"
        return draw(fetched["room"]["title"], fetched["members"], page["messages"])

    async def must_amount_to_one_log(self) -> None:
        """Every law that a finished story obeys."""
        log = await self.witness.reads_log(self.room)
        fetched = await self.fetch()
        assert [event["seq"] for event in log] == list(range(1, len(log) + 1))
        assert fold(Drawn(), log) == fetched, "the log says all that a fetch says"
        for listening in self.listening:
            await self._must_have_heard(listening, log, fetched)

    async def _must_have_heard(self, listening: Listening, log: list[JSON], fetched: Drawn) -> None:
        expected = log[listening.after :]
        # Who left, came back and then listens hears of that farewell as of any other event.
        unheard = log[listening.entered["head"] :]
        farewell = next((event["seq"] for event in unheard if is_farewell(event, listening.guest)), None)
        if farewell is not None:
            expected = log[listening.after : farewell]
        socket, room_id = listening.socket, self.room.id

        async def has_heard_all() -> bool:
            is_put_out = socket.has_heard(op="refused", code="not_found", room=room_id)
            return len(socket.events(room_id)) >= len(expected) or (farewell is not None and is_put_out)

        await eventually(has_heard_all)
        heard = [without_address(frame) for frame in socket.events(room_id)]
        assert heard == expected[: len(heard)], "everyone hears the same, in the same order, each thing once"
        snapshot = listening.entered["snapshot"]
        if farewell is None and snapshot is not None:
            seen = draw(snapshot["room"]["title"], snapshot["members"], snapshot["messages"])
            assert fold(seen, heard) == fetched, "a snapshot and what came after it are the room"

    async def end(self) -> None:
        for listening in self.listening:
            await listening.socket.close()


def unless_outside(response: httpx.Response) -> None:
    """It succeeded, or the guest is no member: never was, or left at the same moment."""
    assert response.is_success or response.json()["code"] == "not_found", response.text


def is_farewell(event: JSON, guest: Guest) -> bool:
    return bool(event["kind"] == "member.left" and event["data"]["person_id"] == guest.id)


def without_address(frame: Frame) -> JSON:
    """An event frame as the log has it."""
    return {name: frame[name] for name in ("seq", "kind", "at", "by", "data")}
