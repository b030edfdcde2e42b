"""Restarts: a server that stops tells everyone, and whoever comes back goes on where they were."""

from __future__ import annotations

from signal import SIGTERM
from uuid import uuid4

from tests.cast import Guest, Server
from tests.conftest import Serve


async def talking(server: Server) -> tuple[Guest, Guest]:
    """Alice and Bob, who have entered one room."""
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    room = await alice.opens("Tea")
    await bob.joins(room.code)
    await alice.enters()
    await bob.enters()
    return alice, bob


async def test_everybody_is_told_before_the_server_stops(serve: Serve) -> None:
    server = await serve()
    alice, bob = await talking(server)
    server.process.send(SIGTERM)
    for guest in (alice, bob):
        assert 0 <= (await guest.socket.hears(op="drain"))["reconnect_in_ms"] <= 10_000
        assert await guest.socket.is_closed_with() == 1012
    assert server.process.wait() in (0, -SIGTERM)
    assert server.process.log_lines[-1]["event"] == "stopped"


async def test_whoever_comes_back_goes_on_where_they_were(serve: Serve) -> None:
    server = await serve()
    alice, bob = await talking(server)
    epoch = alice.room.epoch
    seen = (await alice.says("before"))["seq"]
    await bob.socket.close()
    missed = (await alice.says("missed"))["seq"]
    await server.stops()
    await server.starts()
    entered = await bob.enters(epoch=epoch, after=seen)
    assert (entered["mode"], entered["epoch"]) == ("resumed", epoch)
    assert (await bob.sees("missed"))["seq"] == missed
    await alice.enters(epoch=epoch, after=missed)
    await alice.says("after")
    assert (await bob.sees("after"))["seq"] == missed + 1


async def test_a_post_on_its_way_when_the_server_is_told_to_stop_is_committed_and_answered(serve: Serve) -> None:
    server = await serve()
    alice, _ = await talking(server)
    with server.process.hold_writes():
        ref = await alice.socket.says("post", room=alice.room.id, cid=str(uuid4()), body="at the last moment")
        await alice.socket.settles()
        server.process.send(SIGTERM)
        await alice.socket.hears(op="drain")
    posted = await alice.socket.hears(ref=ref)
    assert posted["op"] == "posted"
    assert await alice.socket.is_closed_with() == 1012
    server.process.wait()
    await server.starts()
    assert [message["seq"] for message in (await alice.reads())["messages"]] == [posted["seq"]]


async def test_what_was_acknowledged_outlives_a_kill_and_a_resend_adds_nothing(serve: Serve) -> None:
    server = await serve()
    alice, _ = await talking(server)
    cids = [str(uuid4()) for _ in range(10)]
    acknowledged = [(await alice.says(cid, cid=cid))["seq"] for cid in cids]
    await server.is_killed()
    await server.starts()
    await alice.enters()
    again = [await alice.says(cid, cid=cid) for cid in cids]
    assert [(answer["seq"], answer["dup"]) for answer in again] == [(seq, True) for seq in acknowledged]
    assert [message["cid"] for message in (await alice.reads())["messages"]] == cids


async def test_sessions_rooms_and_names_outlive_a_restart(serve: Serve) -> None:
    server = await serve()
    alice, _ = await talking(server)
    await alice.renames("Alicia")
    before = (await alice.http.get(alice.room.path)).json()
    await server.stops()
    await server.starts()
    after = (await alice.http.get(alice.room.path)).json()
    assert after == before | {"here": []}
    assert [member["name"] for member in after["members"]] == ["Alicia", "Bob"]
