"""Presence: who is here. A reload, or a change of network, is no departure."""

from __future__ import annotations

import pytest

from tests.cast import Guest, Room


@pytest.fixture
async def room(alice: Guest, bob: Guest, mallory: Guest) -> Room:
    """A room of three, which alice has entered."""
    room = await alice.opens()
    await bob.joins(room.code)
    await mallory.joins(room.code)
    await alice.enters()
    return room


async def here(guest: Guest, room: Room) -> set[str]:
    return set((await guest.http.get(room.path)).json()["here"])


async def test_who_comes_is_announced_and_who_goes_is(alice: Guest, bob: Guest, room: Room) -> None:
    await bob.enters(room)
    assert await alice.socket.hears(op="presence", joined=[bob.id]) == {
        "op": "presence",
        "room": room.id,
        "joined": [bob.id],
    }
    assert await here(alice, room) == {alice.id, bob.id}
    await bob.socket.asks("exit", room=room.id)
    assert (await alice.socket.hears(op="presence", left=[bob.id]))["room"] == room.id
    assert await here(alice, room) == {alice.id}


async def test_who_leaves_the_room_is_not_here_any_more(alice: Guest, bob: Guest, room: Room) -> None:
    await bob.enters(room)
    await bob.leaves(room)
    await alice.socket.hears(op="presence", left=[bob.id])


async def test_a_second_device_is_the_same_person(alice: Guest, bob: Guest, room: Room) -> None:
    await bob.enters(room)
    phone = bob.socket
    await bob.connects()
    await bob.enters(room)
    await phone.close()
    await bob.socket.settles()
    await alice.socket.settles()
    presence = [frame for frame in alice.socket.frames if frame["op"] == "presence" and "here" not in frame]
    assert presence == [{"op": "presence", "room": room.id, "joined": [bob.id]}]
    await bob.socket.asks("exit", room=room.id)
    await alice.socket.hears(op="presence", left=[bob.id])


async def test_a_reload_within_a_breath_is_no_departure(alice: Guest, bob: Guest, mallory: Guest, room: Room) -> None:
    await bob.enters(room)
    await mallory.enters(room)
    await bob.socket.breaks()
    await mallory.socket.breaks()
    await bob.enters(room)
    await alice.socket.hears(op="presence", left=[mallory.id])
    assert not alice.socket.has_heard(left=[bob.id])
    joined = [frame for frame in alice.socket.frames if bob.id in frame.get("joined", ())]
    assert len(joined) == 1
    assert await here(alice, room) == {alice.id, bob.id}


async def test_nobody_is_told_of_rooms_they_are_not_in(alice: Guest, bob: Guest, room: Room) -> None:
    await alice.socket.asks("exit", room=room.id)
    await bob.enters(room)
    await alice.socket.settles()
    assert not alice.socket.has_heard(joined=[bob.id])
    await alice.enters(room)
    await alice.socket.hears_first(lambda frame: bob.id in frame.get("here", ()), "bob among those who are here")
