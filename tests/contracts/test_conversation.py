"""A whole conversation through HTTP and the socket, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tests.cast import Guest
from tests.contracts.inprocess import ServerHere, server_here

BODY = "naïve 上海 🫖👩‍👩‍👧 e\u0301\r\n\tשלום"
"""Kept to the character, or the store has an opinion on what people may write."""


@pytest.fixture
async def server(store: str) -> AsyncIterator[ServerHere]:
    async with server_here(store) as running:
        yield running


async def kinds(guest: Guest) -> list[str]:
    return [event["kind"] for event in await guest.reads_log()]


async def test_two_people_meet_talk_and_part(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea", password="open sesame")
    await alice.enters()
    await bob.joins(room.code.lower(), password="open sesame")
    await bob.enters()

    cid = str(uuid4())
    posted = await alice.says(BODY, cid=cid)
    again = await alice.posts(BODY, cid=cid)
    seen = await bob.sees(BODY)
    await bob.posts("and an answer", reply_to=posted["seq"])
    await alice.sees("and an answer")
    await alice.renames("Alicia")
    await bob.socket.hears(op="event", kind="member.renamed", data={"name": "Alicia"})

    assert posted["seq"] == again["seq"] == seen["seq"] == 4
    assert [message["body"] for message in (await bob.reads())["messages"]] == [BODY, "and an answer"]
    assert [message["reply_to"] for message in (await bob.reads())["messages"]] == [None, 4]

    await alice.leaves()
    await bob.socket.hears(op="event", kind="member.role", data={"person_id": bob.id, "role": "owner"})
    await bob.socket.hears(op="event", kind="member.left", data={"person_id": alice.id})
    assert await kinds(bob) == [
        "room.created",
        "member.joined",
        "member.joined",
        "message.posted",
        "message.posted",
        "member.renamed",
        "member.role",
        "member.left",
    ]
    assert (await alice.http.get(room.path)).status_code == 404


async def test_joins_at_the_same_moment_are_one_membership(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")

    await asyncio.gather(*(bob.joins(room.code) for _ in range(8)))

    assert await kinds(bob) == ["room.created", "member.joined", "member.joined"]


async def test_leaves_at_the_same_moment_are_one_departure(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)

    answers = await asyncio.gather(*(bob.http.post(f"{room.path}/leave") for _ in range(8)))

    assert {answer.status_code for answer in answers} <= {204, 404}
    assert (await kinds(alice)).count("member.left") == 1


async def test_renames_at_the_same_moment_end_in_one_name_for_everyone(server: ServerHere) -> None:
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)

    await asyncio.gather(*(bob.renames(f"Bob {number}") for number in range(8)))

    own = (await bob.http.get("/session")).json()["person"]["name"]
    members = (await alice.http.get(room.path)).json()["members"]
    assert {member["name"] for member in members if member["person_id"] == bob.id} == {own}


async def test_when_all_leave_at_once_the_room_is_nobodys_until_somebody_comes_back(server: ServerHere) -> None:
    guests = [await server.guest(f"Guest {number}") for number in range(4)]
    room = await guests[0].opens("Tea")
    for guest in guests[1:]:
        await guest.joins(room.code)

    await asyncio.gather(*(guest.leaves(room) for guest in guests))
    await asyncio.gather(*(guest.joins(room.code) for guest in guests))

    members = (await guests[0].http.get(room.path)).json()["members"]
    assert len(members) == 4
    assert [member["role"] for member in members].count("owner") == 1
