"""Entering a room: fresh, resumed or reset, and from then on every event once, in order, none missing."""

from __future__ import annotations

import pytest

from tests.cast import Guest
from tests.sockets import Frame, Socket

FILL_BYTES = 256 * 1024


def seqs(socket: Socket, room_id: str) -> list[int]:
    return [event["seq"] for event in socket.events(room_id)]


async def hears_the_end(guest: Guest) -> None:
    """Say something and hear it: all that came before has come."""
    posted = await guest.posts("the end")
    await guest.socket.hears(op="event", seq=posted["seq"])


@pytest.fixture
async def talker(alice: Guest) -> Guest:
    """Alice, who opened a room and said three things over HTTP: its head is 5."""
    await alice.opens("Tea")
    for body in ("one", "two", "three"):
        await alice.posts(body)
    return alice


async def test_entering_fresh_shows_the_room_as_it_is(talker: Guest) -> None:
    room = talker.room
    entered = await talker.enters()
    assert (entered["room"], entered["epoch"], entered["head"], entered["mode"]) == (room.id, room.epoch, 5, "fresh")
    snapshot = entered["snapshot"]
    assert snapshot.keys() == {"room", "me", "members", "member_count", "here", "messages", "has_more"}
    assert (snapshot["room"]["code"], snapshot["room"]["title"], snapshot["room"]["head"]) == (room.code, "Tea", 5)
    assert snapshot["me"] == {"person_id": talker.id, "role": "owner"}
    assert snapshot["messages"] == (await talker.reads())["messages"]
    assert (snapshot["has_more"], snapshot["member_count"]) == (False, 1)


async def test_a_snapshot_says_the_same_as_a_fetch(talker: Guest, bob: Guest) -> None:
    await bob.joins(talker.room.code)
    await bob.enters()
    snapshot = (await talker.enters())["snapshot"]
    fetched = (await talker.http.get(talker.room.path)).json()
    for part in ("room", "me", "members", "member_count"):
        assert snapshot[part] == fetched[part]
    assert snapshot["here"] == [bob.id]
    assert fetched["here"] == [bob.id, talker.id]


async def test_a_snapshot_holds_the_last_50_messages(talker: Guest) -> None:
    for number in range(48):
        await talker.posts(str(number))
    snapshot = (await talker.enters())["snapshot"]
    assert [message["seq"] for message in snapshot["messages"]] == list(range(4, 54))
    assert snapshot["has_more"] is True


async def test_after_a_fresh_entry_come_the_events_behind_the_snapshot(talker: Guest) -> None:
    await talker.enters()
    await talker.posts("four")
    await hears_the_end(talker)
    assert seqs(talker.socket, talker.room.id) == [6, 7]


@pytest.mark.parametrize("after", range(6))
async def test_resuming_brings_what_was_missed_and_then_what_comes(talker: Guest, after: int) -> None:
    entered = await talker.enters(epoch=talker.room.epoch, after=after)
    assert (entered["mode"], entered["snapshot"], entered["head"]) == ("resumed", None, 5)
    await hears_the_end(talker)
    assert seqs(talker.socket, talker.room.id) == list(range(after + 1, 7))


async def test_without_an_epoch_a_position_is_taken_at_its_word(talker: Guest) -> None:
    assert (await talker.enters(after=3))["mode"] == "resumed"


async def test_resuming_tells_who_is_here(talker: Guest, bob: Guest) -> None:
    await bob.joins(talker.room.code)
    await bob.enters()
    await talker.enters(after=3)
    assert set((await talker.socket.hears(op="presence"))["here"]) == {talker.id, bob.id}


@pytest.mark.parametrize("position", [{"epoch": "another", "after": 3}, {"after": 6}, {"after": 2**53 - 1}])
async def test_a_position_of_another_log_is_reset(talker: Guest, position: Frame) -> None:
    entered = await talker.enters(**position)
    assert (entered["mode"], entered["epoch"], entered["head"]) == ("reset", talker.room.epoch, 5)
    assert [message["body"] for message in entered["snapshot"]["messages"]] == ["one", "two", "three"]
    await hears_the_end(talker)
    assert seqs(talker.socket, talker.room.id) == [6]


async def test_resuming_a_long_absence_brings_every_event_once(talker: Guest) -> None:
    room = talker.room
    await talker.enters()
    for number in range(40):
        for answer in [
            await talker.socket.says("post", room=room.id, cid=cid(number, n), body="x" * 400) for n in range(16)
        ]:
            assert (await talker.socket.hears(ref=answer))["op"] == "posted"
    await talker.connects()
    await talker.enters(epoch=room.epoch, after=0)
    await hears_the_end(talker)
    assert seqs(talker.socket, room.id) == list(range(1, 5 + 40 * 16 + 2))


def cid(number: int, place: int) -> str:
    return f"00000000-0000-4000-8000-{number:06x}{place:06x}"


async def test_who_enters_while_others_talk_misses_nothing(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    await bob.joins(room.code)
    for round_ in range(20):
        refs = [await alice.socket.says("post", room=room.id, cid=cid(round_, n), body="hi") for n in range(8)]
        socket = await bob.connects()
        entered = await bob.enters()
        for ref in refs:
            await alice.socket.hears(ref=ref)
        await hears_the_end(bob)
        heard = seqs(socket, room.id)
        assert heard == list(range(entered["head"] + 1, heard[-1] + 1))
        await socket.close()


async def test_entering_again_begins_anew(talker: Guest) -> None:
    await talker.enters()
    entered = await talker.enters(after=4)
    assert entered["mode"] == "resumed"
    await hears_the_end(talker)
    assert seqs(talker.socket, talker.room.id) == [5, 6]


async def test_exit_ends_the_listening_and_not_the_membership(talker: Guest, bob: Guest) -> None:
    await bob.joins(talker.room.code)
    await bob.enters()
    await talker.enters()
    assert (await talker.socket.asks("exit", room=talker.room.id))["op"] == "ok"
    posted = await bob.posts("unheard")
    await bob.sees("unheard")
    await talker.socket.settles()
    assert not talker.socket.has_heard(op="event", seq=posted["seq"])
    assert (await talker.enters(after=posted["seq"] - 1))["mode"] == "resumed"
    await talker.sees("unheard")


async def test_one_connection_may_be_in_many_rooms(alice: Guest, bob: Guest) -> None:
    rooms = [await alice.opens() for _ in range(5)]
    for room in rooms:
        await bob.joins(room.code)
        await bob.enters(room)
    for room in rooms:
        await alice.posts(room.code, room)
    for room in rooms:
        assert (await bob.sees(room.code))["room"] == room.id


async def test_filling_brings_a_run_of_the_log(talker: Guest) -> None:
    await talker.enters()
    filled = await talker.socket.asks("fill", room=talker.room.id, after=1, limit=2)
    assert (filled["op"], filled["head"]) == ("filled", 5)
    assert filled["events"] == (await talker.reads_log(after=1))[:2]


@pytest.mark.parametrize("after", [5, 6, 2**53 - 1])
async def test_filling_behind_the_head_brings_nothing(talker: Guest, after: int) -> None:
    await talker.enters()
    filled = await talker.socket.asks("fill", room=talker.room.id, after=after)
    assert (filled["events"], filled["head"]) == ([], 5)


async def test_a_fill_is_bounded_in_bytes_and_goes_on_from_its_last_seq(alice: Guest) -> None:
    await alice.opens()
    await alice.enters()
    for _ in range(30):
        await alice.says("🦊" * 4_000)
    events: list[Frame] = []
    runs = 0
    while not events or events[-1]["seq"] < 32:
        after = events[-1]["seq"] if events else 0
        filled = await alice.socket.asks("fill", room=alice.room.id, after=after, limit=300)
        assert filled["events"]
        assert sum(len(event["data"].get("body", "").encode()) for event in filled["events"]) <= FILL_BYTES
        events += filled["events"]
        runs += 1
    assert [event["seq"] for event in events] == list(range(1, 33))
    assert runs >= 2


@pytest.mark.slow
async def test_a_quiet_room_says_where_its_log_ends(talker: Guest) -> None:
    await talker.enters()
    await talker.posts("the last word")
    assert (await talker.socket.hears(op="event"))["seq"] == 6
    head = await talker.socket.hears_first(lambda frame: frame["op"] == "head", within_s=15)
    assert head == {"op": "head", "room": talker.room.id, "head": 6}
