"""The live socket: hello, commands and their answers. What is refused costs an answer, not the connection."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.cast import Guest, Server
from tests.conftest import Serve
from tests.sockets import Frame, Socket

FRAME_BYTES = 65_536
NOT_JSON_OBJECTS = ("", "hi", "[]", "null", "7", '"hello"', "{", '{"op":"ping","ref":1}}', '{"op":NaN}', "[" * 30_000)


async def greeted(server: Server, guest: Guest) -> Socket:
    """A new socket after its hello."""
    socket = await server.socket()
    assert (await socket.asks("hello", v=1, client="spec/1.0", token=guest.token))["op"] == "welcome"
    return socket


async def test_hello_is_answered_by_welcome(server: Server, alice: Guest) -> None:
    socket = await server.socket()
    welcome = await socket.asks("hello", v=1, client="spec/1.0", token=alice.token)
    assert welcome["me"] == {"id": alice.id, "name": "Alice", "kind": "guest"}
    assert (welcome["heartbeat_s"], welcome["now"][-1]) == (25, "Z")
    assert welcome["limits"] == {
        "frame_bytes": FRAME_BYTES,
        "body_chars": 4_000,
        "name_chars": 40,
        "title_chars": 80,
        "posts_in_flight": 16,
        "fill_events": 300,
    }
    assert welcome["connection"]


async def test_who_connects_is_said_by_cookie_header_or_token(server: Server, alice: Guest) -> None:
    for headers, fields in (
        ({"cookie": f"parlour={alice.token}"}, {}),
        ({"authorization": f"Bearer {alice.token}"}, {}),
        ({}, {"token": alice.token}),
    ):
        socket = await server.socket(**headers)
        assert (await socket.asks("hello", v=1, **fields))["me"]["id"] == alice.id


@pytest.mark.parametrize("token", [None, "", "made-up", "A" * 22])
async def test_who_is_not_signed_in_is_told_to_and_let_go(server: Server, token: str | None) -> None:
    socket = await server.socket()
    answer = await socket.asks("hello", v=1, token=token)
    assert (answer["code"], answer["final"]) == ("unauthenticated", True)
    assert await socket.is_closed_with() == 4100


async def test_hello_comes_first(server: Server, alice: Guest) -> None:
    socket = await server.socket()
    for op, fields in (("ping", {}), ("enter", {"room": "x"}), ("post", {"room": "x", "cid": "x", "body": "x"})):
        assert (await socket.asks(op, **fields))["code"] == "hello_first"
    assert (await socket.asks("hello", v=1, token=alice.token))["op"] == "welcome"


async def test_hello_comes_once(server: Server, alice: Guest, bob: Guest) -> None:
    socket = await greeted(server, alice)
    assert (await socket.asks("hello", v=1, token=bob.token))["code"] == "already_greeted"
    await socket.settles()


async def test_another_version_is_not_spoken(server: Server, alice: Guest) -> None:
    for version in (0, 2, -1):
        socket = await server.socket()
        await socket.says("hello", v=version, token=alice.token)
        assert await socket.is_closed_with() == 4201


@pytest.mark.slow
async def test_who_says_no_hello_within_10_seconds_is_let_go(server: Server, alice: Guest) -> None:
    silent, polite = await server.socket(), await greeted(server, alice)
    assert await silent.is_closed_with(within_s=15) == 4004
    await polite.settles()


async def test_every_answer_carries_the_ref_of_its_command(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    for ref in (0, 7, 7, 2**53 - 1):
        await socket.send_raw(json.dumps({"op": "ping", "ref": ref}))
        assert (await socket.hears(ref=ref))["op"] == "pong"


@pytest.mark.parametrize("op", ["dance", "", "edit", "typing", "PING", "posted"])
async def test_an_unknown_op_is_refused(server: Server, alice: Guest, op: str) -> None:
    socket = await greeted(server, alice)
    answer = await socket.asks(op, room="x")
    assert (answer["op"], answer["code"], answer["final"]) == ("refused", "unknown_op", True)
    await socket.settles()


@pytest.mark.parametrize(
    "command",
    [
        {"op": "enter"},
        {"op": "enter", "room": 7},
        {"op": "enter", "room": ""},
        {"op": "enter", "room": "x" * 65},
        {"op": "enter", "room": "x", "after": -1},
        {"op": "enter", "room": "x", "after": "3"},
        {"op": "enter", "room": "x", "after": 2**53},
        {"op": "enter", "room": "x", "epoch": {}},
        {"op": "post", "room": "x", "cid": "x"},
        {"op": "post", "room": "x", "cid": 1, "body": "hi"},
        {"op": "post", "room": "x", "cid": "x", "body": ["hi"]},
        {"op": "fill", "room": "x"},
        {"op": "fill", "room": "x", "after": 0, "limit": 0},
        {"op": "fill", "room": "x", "after": 0, "limit": 301},
        {"op": "fill", "room": "x", "after": 1.5},
        {"op": "hello"},
        {"op": "hello", "v": "1"},
        {"op": "hello", "v": 1, "client": "x" * 201},
        {"op": 7},
        {"op": None},
        {},
    ],
    ids=json.dumps,
)
async def test_wrong_types_and_missing_fields_are_refused(server: Server, alice: Guest, command: Frame) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw(json.dumps(command | {"ref": 42}))
    answer = await socket.hears(ref=42)
    assert (answer["op"], answer["code"], answer["final"]) == ("refused", "bad_frame", True)
    await socket.settles()


@pytest.mark.parametrize("ref", [None, -1, 1.5, "1", 2**53, 2**70, True, []])
async def test_without_a_readable_ref_the_refusal_has_none(server: Server, alice: Guest, ref: object) -> None:
    socket = await greeted(server, alice)
    for command in ({"op": "ping", "ref": ref}, {"op": "ping"}):
        await socket.send_raw(json.dumps(command))
        assert "ref" not in await socket.hears(op="refused", code="bad_frame")
    await socket.settles()


async def test_fields_that_are_not_known_are_skipped(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    assert (await socket.asks("ping", from_the_future={"deep": [1, 2, 3]}))["op"] == "pong"


@pytest.mark.parametrize("text", NOT_JSON_OBJECTS, ids=lambda text: ascii(text[:24]))
async def test_what_is_no_json_object_ends_the_connection(server: Server, alice: Guest, text: str) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw(text)
    assert await socket.is_closed_with() == 4200


async def test_nesting_is_skipped_as_far_as_anybody_needs_it(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw('{"op":"ping","ref":1,"deep":' + "[" * 500 + "]" * 500 + "}")
    assert (await socket.hears(ref=1))["op"] == "pong"


async def test_a_bottomless_object_ends_the_connection_and_nothing_else(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw('{"op":"ping","ref":1,"deep":' + "[" * 30_000 + "]" * 30_000 + "}")
    assert await socket.is_closed_with() == 4200
    await (await greeted(server, alice)).settles()


async def test_a_binary_message_ends_the_connection(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw(b'{"op":"ping","ref":1}')
    assert await socket.is_closed_with() == 4200


async def test_text_that_is_not_utf_8_ends_the_connection(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    await socket.send_text_bytes(b'{"op":"ping","ref":1,"x":"\xff\xfe"}')
    assert await socket.is_closed_with() == 1007


async def test_a_message_of_64_kib_is_read(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    ping = '{"op":"ping","ref":1,"padding":""}'
    await socket.send_raw(ping.replace('""', f'"{"." * (FRAME_BYTES - len(ping))}"'))
    assert (await socket.hears(ref=1))["op"] == "pong"


async def test_a_message_of_64_kib_and_a_byte_is_too_big(server: Server, alice: Guest) -> None:
    socket = await greeted(server, alice)
    await socket.send_raw("." * (FRAME_BYTES + 1))
    assert await socket.is_closed_with() == 1009


async def test_commands_about_a_room_need_to_be_in_it(alice: Guest) -> None:
    room = await alice.opens()
    socket = await alice.connects()
    for op, fields in (("post", {"cid": str(uuid4()), "body": "hi"}), ("fill", {"after": 0}), ("exit", {})):
        answer = await socket.asks(op, room=room.id, **fields)
        assert (answer["code"], answer["room"]) == ("not_entered", room.id)
    await alice.enters()
    await alice.says("hi")


async def test_at_most_16_posts_wait_in_a_room(server: Server, alice: Guest) -> None:
    room, other = await alice.opens(), await alice.opens()
    await alice.enters(room)
    await alice.enters(other)
    with server.process.hold_writes():
        refs = [await alice.socket.says("post", room=room.id, cid=str(uuid4()), body="hi") for _ in range(17)]
        answer = await alice.socket.hears(ref=refs[16])
        assert (answer["code"], answer["final"], answer["room"]) == ("too_many_in_flight", False, room.id)
        elsewhere = await alice.socket.says("post", room=other.id, cid=str(uuid4()), body="hi")
    for ref in (*refs[:16], elsewhere):
        assert (await alice.socket.hears(ref=ref))["op"] == "posted"
    await alice.says("there is room again", room)


async def test_a_flood_is_asked_to_wait(serve: Serve) -> None:
    server = await serve()
    alice = await server.guest()
    room = await alice.opens()
    await alice.enters()
    answers = []
    for _ in range(5):
        refs = [await alice.socket.says("post", room=room.id, cid=str(uuid4()), body="hi") for _ in range(16)]
        answers += [await alice.socket.hears(ref=ref) for ref in refs]
    posted = [answer for answer in answers if answer["op"] == "posted"]
    limited = [answer for answer in answers if answer["op"] == "refused"]
    assert len(posted) >= 60
    assert {(answer["code"], answer["final"], answer["retry_after_s"] > 0) for answer in limited} == {
        ("rate_limited", False, True)
    }
    assert len(await alice.reads_log()) == 2 + len(posted)
