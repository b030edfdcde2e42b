"""Rooms: opened by somebody, found by a code, joined, left. Who is no member reads nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.cast import Guest, Room, Server, assert_refused, succeed
from tests.sockets import Frame

UNKNOWN = Room(id="A" * 22, code="ZZZZ", title="", url="", epoch="", head=0)


async def test_whoever_opens_a_room_owns_it_and_is_in_it(alice: Guest, server: Server) -> None:
    response = await alice.http.post("/rooms", json={"title": "Tea"})
    assert response.status_code == 201
    room = response.json()
    assert (room["title"], room["head"], room["needs_password"], room["empty_ttl_s"]) == ("Tea", 2, False, 86_400)
    assert room["me"] == {"person_id": alice.id, "role": "owner"}
    assert [(member["person_id"], member["name"], member["role"]) for member in room["members"]] == [
        (alice.id, "Alice", "owner")
    ]
    assert room["url"] == f"{server.url}/r/{room['code']}"
    assert len(room["id"]) == 22


async def test_a_room_needs_neither_title_nor_body(alice: Guest) -> None:
    assert succeed(await alice.http.post("/rooms")).json()["title"] == ""
    assert succeed(await alice.http.post("/rooms", json={"title": None})).json()["title"] == ""


async def test_the_log_begins_with_the_room_and_its_owner(alice: Guest) -> None:
    await alice.opens("Tea")
    created, joined = await alice.reads_log()
    assert (created["seq"], created["kind"], created["by"], created["data"]) == (
        1,
        "room.created",
        alice.id,
        {"title": "Tea"},
    )
    assert (joined["seq"], joined["kind"]) == (2, "member.joined")
    assert joined["data"] == {"person_id": alice.id, "name": "Alice", "role": "owner"}


async def test_a_code_tells_a_stranger_the_title_and_no_more(alice: Guest, server: Server) -> None:
    room = await alice.opens("Tea", password="sesame")
    stranger = await server.browser("/api/v1")
    door = succeed(await stranger.get(f"/codes/{room.code}")).json()
    assert door == {"code": room.code, "title": "Tea", "needs_password": True}


async def test_joining_makes_a_member_and_everyone_hears_of_it(alice: Guest, bob: Guest) -> None:
    room = await alice.opens("Tea")
    await alice.enters()
    answer = succeed(await bob.http.post(f"/codes/{room.code}/join", json={})).json()
    assert answer["me"] == {"person_id": bob.id, "role": "member"}
    assert [member["name"] for member in answer["members"]] == ["Alice", "Bob"]
    assert (answer["member_count"], answer["here"], answer["room"]["head"]) == (2, [alice.id], 3)
    event = await alice.socket.hears(op="event", kind="member.joined")
    assert event["data"] == {"person_id": bob.id, "name": "Bob", "role": "member"}


async def test_joining_twice_is_joining_once(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    again = await bob.joins(room.code)
    assert again.head == 3
    assert [event["kind"] for event in await bob.reads_log()] == ["room.created", "member.joined", "member.joined"]


async def test_a_code_is_read_as_it_was_meant(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    first, rest = room.code[:1], room.code[1:]
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in room.code)
    for typed in (room.code.lower(), f" {first} {rest} ", f"{first}-{rest}", f"{first}–{rest}", wide):
        assert (await bob.joins(typed)).id == room.id


async def test_signs_that_no_code_has_are_read_as_the_letters_they_look_like(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    while not set(room.code) & {"Q", "L"}:
        room = await alice.opens()
    for seen, typed in (("Q", "0"), ("Q", "o"), ("L", "1"), ("L", "i")):
        assert (await bob.joins(room.code.replace(seen, typed))).id == room.id


@pytest.mark.parametrize("code", ["A", "ABC", "A" * 13, "A" * 5_000, "AB D!", "💥💥💥💥", "..%2F..", "' OR 1"])
async def test_what_can_be_no_code_leads_nowhere(alice: Guest, code: str) -> None:
    assert (await alice.http.get(f"/codes/{code}")).status_code == 404
    assert (await alice.http.post(f"/codes/{code}/join")).status_code == 404


async def test_leaving_ends_the_membership(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await alice.enters()
    response = await bob.http.post(f"{room.path}/leave")
    assert (response.status_code, response.content) == (204, b"")
    assert (await alice.socket.hears(op="event", kind="member.left"))["data"] == {"person_id": bob.id}
    assert [member["name"] for member in (await alice.http.get(room.path)).json()["members"]] == ["Alice"]
    assert_refused(await bob.http.post(f"{room.path}/leave"), "not_found")


async def test_an_owner_who_leaves_hands_over_to_who_has_been_there_longest(
    alice: Guest, bob: Guest, mallory: Guest
) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await mallory.joins(room.code)
    await alice.leaves()
    role, left = (await bob.reads_log())[-2:]
    assert (role["kind"], role["by"], role["data"]) == (
        "member.role",
        alice.id,
        {"person_id": bob.id, "role": "owner"},
    )
    assert (left["kind"], left["by"]) == ("member.left", alice.id)
    assert (await bob.http.get(room.path)).json()["me"]["role"] == "owner"
    assert (await mallory.http.get(room.path)).json()["me"]["role"] == "member"


async def test_who_comes_back_is_a_member_and_no_owner(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await alice.leaves()
    await alice.joins(room.code)
    members = (await alice.http.get(room.path)).json()["members"]
    assert [(member["name"], member["role"]) for member in members] == [("Bob", "owner"), ("Alice", "member")]


async def test_who_comes_back_to_a_room_that_all_have_left_owns_it(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await alice.leaves()
    await bob.joins(room.code)
    assert (await bob.http.get(room.path)).json()["me"]["role"] == "owner"


async def test_their_own_leaving_is_the_last_that_they_hear(alice: Guest, bob: Guest) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await bob.enters()
    phone, laptop = bob.socket, await bob.connects()
    await bob.enters()
    await alice.posts("before")
    await bob.leaves()
    await alice.posts("after")
    for socket in (phone, laptop):
        await socket.settles()
        last = socket.events(room.id)[-1]
        assert (last["kind"], last["data"]) == ("member.left", {"person_id": bob.id})
        assert (await socket.asks("fill", room=room.id, after=0))["code"] == "not_entered"


async def test_a_password_keeps_out_who_does_not_know_it(alice: Guest, bob: Guest) -> None:
    room = await alice.opens("Tea", password="sesame")
    for wrong in ("Sesame", "", "sesame ", None):
        response = await bob.http.post(f"/codes/{room.code}/join", json={"password": wrong})
        assert_refused(response, "wrong_password")
        assert_refused(await bob.http.get(room.path), "not_found")
    await bob.joins(room.code, "sesame")
    assert (await alice.http.get(room.path)).json()["member_count"] == 2


async def test_who_is_in_needs_no_password_again(alice: Guest) -> None:
    room = await alice.opens(password="sesame")
    await alice.joins(room.code)


async def test_passwords_are_kept_as_a_slow_hash(alice: Guest, server: Server) -> None:
    room = await alice.opens(password="a password to look for")
    ((kept,),) = server.process.query("SELECT password_hash FROM rooms WHERE id = ?", room.id)
    assert kept.startswith("$argon2id$")


async def answers_about(guest: Guest, room: Room) -> dict[str, tuple[int, bytes]]:
    """What every call and command answers to a guest about a room: status and bytes."""
    message = {"cid": str(uuid4()), "body": "hi"}
    said = {
        "room": await guest.http.get(room.path),
        "history": await guest.http.get(f"{room.path}/messages"),
        "around": await guest.http.get(f"{room.path}/messages", params={"around": 3}),
        "post": await guest.http.post(f"{room.path}/messages", json=message),
        "events": await guest.http.get(f"{room.path}/events"),
    }
    async with guest.http.stream("GET", f"{room.path}/events", headers={"accept": "text/event-stream"}) as stream:
        said["stream"] = stream
        if stream.is_error:
            await stream.aread()
    said["leave"] = await guest.http.post(f"{room.path}/leave")
    return {call: (answer.status_code, answer.content if answer.is_error else b"") for call, answer in said.items()}


async def commands_about(guest: Guest, room: Room) -> list[Frame]:
    """What every command of the socket answers to a guest about a room, without its ref and room."""
    socket = await guest.connects()
    answers = [
        await socket.asks("enter", room=room.id),
        await socket.asks("enter", room=room.id, after=0),
        await socket.asks("enter", room=room.id, after=10**6, epoch=room.epoch),
        await socket.asks("fill", room=room.id, after=0),
        await socket.asks("post", room=room.id, cid=str(uuid4()), body="hi"),
        await socket.asks("exit", room=room.id),
    ]
    return [{name: value for name, value in answer.items() if name not in ("ref", "room")} for answer in answers]


async def test_a_room_of_others_an_unknown_one_and_a_left_one_answer_alike(
    alice: Guest, bob: Guest, mallory: Guest
) -> None:
    room = await alice.opens("Secret")
    await alice.posts("the secret")
    await bob.joins(room.code)
    assert not any(answer["op"] == "refused" for answer in await commands_about(bob, room))
    assert all(status < 300 for status, _ in (await answers_about(bob, room)).values())
    unknown = await answers_about(mallory, UNKNOWN), await commands_about(mallory, UNKNOWN)
    assert {status for status, _ in unknown[0].values()} == {404}
    assert [answer["code"] for answer in unknown[1]] == ["not_found"] * 3 + ["not_entered"] * 3
    for outsider in (mallory, bob):
        assert (await answers_about(outsider, room), await commands_about(outsider, room)) == unknown


async def test_a_code_that_is_free_and_one_that_is_none_answer_alike(mallory: Guest) -> None:
    answers = [await mallory.http.get(f"/codes/{code}") for code in ("ZZZZ", "ZZZZZZ", "!", "ABC")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert_refused(answers[0], "not_found")
