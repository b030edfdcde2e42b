"""Messages: posted over HTTP or the socket, once each, and read back in one order from either end."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.cast import JSON, Guest, Server, assert_refused, succeed

SAID = 10
FIRST = 3
"""The seq of the first message: the room and its owner's joining come before."""
LAST = FIRST + SAID - 1
ALL = list(range(FIRST, LAST + 1))


def seqs(page: JSON) -> list[int]:
    return [message["seq"] for message in page["messages"]]


@pytest.fixture
async def talker(alice: Guest) -> Guest:
    """Alice in a room with ten messages, of seq 3 to 12."""
    await alice.opens()
    await alice.enters()
    for number in range(SAID):
        await alice.says(f"message {number}")
    return alice


async def test_a_post_over_http_has_its_place_at_once(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await bob.enters()
    cid = str(uuid4())
    response = await alice.http.post(f"{room.path}/messages", json={"cid": cid, "body": "hi"})
    assert response.status_code == 201
    posted = response.json()
    assert posted == {"seq": 4, "cid": cid, "at": posted["at"]}
    event = await bob.sees("hi")
    assert (event["seq"], event["by"], event["at"]) == (4, alice.id, posted["at"])
    author = {"id": alice.id, "name": "Alice"}
    assert event["data"] == {"cid": cid, "body": "hi", "reply_to": None, "author": author}


async def test_a_post_over_the_socket_has_its_place_at_once(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    await bob.joins(room.code)
    await bob.enters()
    posted = await alice.says("hi")
    assert (posted["room"], posted["seq"], posted["dup"]) == (room.id, 4, False)
    assert (await bob.sees("hi"))["seq"] == 4
    assert (await alice.sees("hi"))["data"]["cid"] == posted["cid"]


async def test_a_message_read_back_has_every_field_of_the_contract(alice: Guest) -> None:
    await alice.opens()
    first = await alice.posts("hi")
    second = await alice.posts("ho", reply_to=first["seq"])
    assert (await alice.reads())["messages"][1] == {
        "seq": 4,
        "cid": second["cid"],
        "author": {"id": alice.id, "name": "Alice"},
        "body": "ho",
        "at": second["at"],
        "edited_at": None,
        "deleted": False,
        "reply_to": 3,
        "reactions": [],
    }


async def test_the_same_cid_is_the_same_message_however_it_comes(alice: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    cid = str(uuid4())
    first = await alice.posts("hi", cid=cid)
    again = await alice.http.post(f"{room.path}/messages", json={"cid": cid.upper(), "body": "hi"})
    assert (again.status_code, again.json()["seq"], again.json()["at"]) == (200, first["seq"], first["at"])
    posted = await alice.says("hi", cid=cid)
    assert (posted["seq"], posted["at"], posted["dup"]) == (first["seq"], first["at"], True)
    assert seqs(await alice.reads()) == [first["seq"]]


async def test_a_message_sent_many_times_at_once_is_there_once(alice: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    message = {"room": room.id, "cid": str(uuid4()), "body": "hi"}
    refs = [await alice.socket.says("post", **message) for _ in range(10)]
    answers = [await alice.socket.hears(ref=ref) for ref in refs]
    assert {answer["seq"] for answer in answers} == {FIRST}
    assert [answer["dup"] for answer in answers] == [False] + [True] * 9
    assert len(await alice.reads_log()) == FIRST


async def test_a_cid_belongs_to_its_author_and_its_room(alice: Guest, bob: Guest) -> None:
    cid = str(uuid4())
    room = await alice.opens()
    await bob.joins(room.code)
    assert (await alice.posts("mine", cid=cid))["seq"] == 4
    assert (await bob.posts("mine, too", cid=cid))["seq"] == 5
    await alice.opens()
    assert (await alice.posts("elsewhere", cid=cid))["seq"] == FIRST


async def test_nothing_is_acknowledged_before_it_is_committed(server: Server, alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    await bob.joins(room.code)
    await bob.enters()
    with server.process.hold_writes():
        ref = await alice.socket.says("post", room=room.id, cid=str(uuid4()), body="hi")
        for guest in (alice, bob):
            await guest.socket.settles()
            assert not guest.socket.has_heard(kind="message.posted")
        assert not alice.socket.has_heard(ref=ref)
    assert (await alice.socket.hears(ref=ref))["op"] == "posted"
    await bob.sees("hi")


async def test_the_posts_of_one_sender_keep_their_order(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    await bob.joins(room.code)
    await bob.enters()
    await asyncio.gather(*(alice.says(str(number)) for number in range(16)))
    await bob.sees("15")
    bodies = [event["data"]["body"] for event in bob.socket.events(room.id)]
    assert bodies == [str(number) for number in range(16)]
    assert [event["seq"] for event in bob.socket.events(room.id)] == list(range(4, 20))


async def test_a_reply_names_a_message_that_is_there(talker: Guest) -> None:
    cid = str(uuid4())
    for reply_to in (LAST + 1, LAST + 2, 2**53 - 1):
        message = {"cid": cid, "body": "re", "reply_to": reply_to}
        assert_refused(await talker.http.post(f"{talker.room.path}/messages", json=message), "unknown_message")
        answer = await talker.socket.asks("post", room=talker.room.id, **message)
        assert (answer["code"], answer["final"]) == ("unknown_message", True)
    assert (await talker.posts("re", reply_to=LAST))["seq"] == LAST + 1


@pytest.mark.parametrize("reply_to", [0, -1, 1.5, "one", 2**53, 2**70, True])
async def test_a_reply_to_what_is_no_seq_is_a_bad_request(talker: Guest, reply_to: object) -> None:
    message = {"cid": str(uuid4()), "body": "re", "reply_to": reply_to}
    assert_refused(await talker.http.post(f"{talker.room.path}/messages", json=message), "bad_request")
    assert (await talker.socket.asks("post", room=talker.room.id, **message))["code"] == "bad_frame"


async def test_the_latest_messages_come_oldest_first(talker: Guest) -> None:
    page = await talker.reads(limit=4)
    assert (seqs(page), page["has_more"], page["has_newer"]) == ([9, 10, 11, 12], True, False)
    page = await talker.reads()
    assert (seqs(page), page["has_more"], page["has_newer"]) == (ALL, False, False)


Found = tuple[list[int], bool, bool]
"""The seqs of a page, whether there are more in the direction asked, and whether there are newer ones."""


@pytest.mark.parametrize(
    ("before", "limit", "found"),
    [
        (12, 3, ([9, 10, 11], True, True)),
        (6, 3, ([3, 4, 5], False, True)),
        (7, 3, ([4, 5, 6], True, True)),
        (3, 3, ([], False, True)),
        (0, 3, ([], False, True)),
        (13, 3, ([10, 11, 12], True, False)),
        (10**6, 3, ([10, 11, 12], True, False)),
        (2**53 - 1, 200, (ALL, False, False)),
    ],
)
async def test_before_looks_towards_the_beginning(talker: Guest, before: int, limit: int, found: Found) -> None:
    page = await talker.reads(before=before, limit=limit)
    assert (seqs(page), page["has_more"], page["has_newer"]) == found


@pytest.mark.parametrize(
    ("after", "limit", "found"),
    [
        (0, 3, ([3, 4, 5], True, True)),
        (3, 3, ([4, 5, 6], True, True)),
        (9, 3, ([10, 11, 12], False, False)),
        (8, 3, ([9, 10, 11], True, True)),
        (12, 3, ([], False, False)),
        (10**6, 3, ([], False, False)),
    ],
)
async def test_after_looks_towards_the_head(talker: Guest, after: int, limit: int, found: Found) -> None:
    page = await talker.reads(after=after, limit=limit)
    assert (seqs(page), page["has_more"], page["has_newer"]) == found


@pytest.mark.parametrize(
    ("around", "limit", "found"),
    [
        (7, 4, ([5, 6, 7, 8], True, True)),
        (7, 5, ([5, 6, 7, 8, 9], True, True)),
        (3, 4, ([3, 4], False, True)),
        (12, 4, ([10, 11, 12], True, False)),
        (7, 1, ([7], True, True)),
        (7, 20, (ALL, False, False)),
        (10**6, 4, ([11, 12], True, False)),
    ],
)
async def test_around_looks_both_ways_and_shows_the_message_itself(
    talker: Guest, around: int, limit: int, found: Found
) -> None:
    page = await talker.reads(around=around, limit=limit)
    assert (seqs(page), page["has_more"], page["has_newer"]) == found


async def test_pages_walked_from_either_end_are_the_whole_history(talker: Guest) -> None:
    forwards: list[int] = []
    backwards: list[int] = []
    after, more = 0, True
    while more:
        page = await talker.reads(after=after, limit=3)
        forwards += seqs(page)
        after, more = forwards[-1], page["has_more"]
    before, more = LAST + 1, True
    while more:
        page = await talker.reads(before=before, limit=3)
        backwards = seqs(page) + backwards
        before, more = backwards[0], page["has_more"]
    assert (forwards, backwards) == (ALL, ALL)


LONG = "🫖" * 4_000
"""16 KB: of the longest messages, a page of 256 KB holds 16."""


async def test_a_page_that_would_be_too_large_holds_what_is_nearest_to_what_was_asked(alice: Guest) -> None:
    await alice.opens()
    await alice.enters()
    for _ in range(4):
        await asyncio.gather(*(alice.says(LONG) for _ in range(10)))
    latest, first, middle = await alice.reads(), await alice.reads(after=0), await alice.reads(around=20)
    assert (seqs(latest), latest["has_more"], latest["has_newer"]) == (list(range(27, 43)), True, False)
    assert (seqs(first), first["has_more"], first["has_newer"]) == (list(range(3, 19)), True, True)
    assert (len(seqs(middle)), middle["has_more"], middle["has_newer"]) == (16, True, True)
    assert 20 in seqs(middle)[7:9]
    assert seqs(await alice.reads(before=27, limit=200)) == list(range(11, 27))


async def test_a_page_has_50_messages_unless_asked_and_never_more_than_200(alice: Guest) -> None:
    await alice.opens()
    await alice.enters()
    for start in range(0, 204, 12):
        await asyncio.gather(*(alice.says(str(start + number)) for number in range(12)))
    assert len(seqs(await alice.reads())) == 50
    assert len(seqs(await alice.reads(limit=200))) == 200
    assert_refused(await alice.http.get(f"{alice.room.path}/messages", params={"limit": 201}), "bad_request")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.0",
        "limit=%EF%BC%99",
        "before=",
        "before=-1",
        f"before={2**53}",
        "before=5&after=3",
        "after=x",
        "after=1e5",
        "after=1&after=2",
        "around=1.5",
    ],
)
async def test_a_query_that_makes_no_sense_is_a_bad_request(talker: Guest, query: str) -> None:
    assert_refused(await talker.http.get(f"{talker.room.path}/messages?{query}"), "bad_request")


async def test_history_is_empty_in_a_new_room(alice: Guest) -> None:
    await alice.opens()
    assert await alice.reads() == {"messages": [], "has_more": False, "has_newer": False}


async def test_times_are_rfc_3339_in_utc_with_milliseconds(alice: Guest) -> None:
    room = succeed(await alice.http.post("/rooms", json={})).json()
    await alice.joins(room["code"])
    posted = await alice.posts("hi")
    for moment in (room["created_at"], room["members"][0]["joined_at"], posted["at"]):
        assert len(moment) == len("2026-11-24T06:30:00.123Z")
        assert (moment[10], moment[19], moment[23]) == ("T", ".", "Z")
