"""Words: what a name, a title and a body may be. What is refused changes nothing and has a public code."""

from __future__ import annotations

from uuid import uuid4

import pytest

from parlour.wire.errors import Code
from tests.cast import Guest, Server, assert_refused, succeed

BIDI_OVERRIDE = "evil\u202egnp.exe"
ZERO_WIDTH_ONLY = "\u200b\u200d\ufeff"
BLANK = ("", " ", "\u00a0\u3000", ZERO_WIDTH_ONLY, "\u2800", "\u3164", "\u0301")
CONTROL = ("nul\x00", "bell\x07", "escape\x1b[31m", "delete\x7f", "c1\x85", BIDI_OVERRIDE, "separator\u2028")
BAD_LINES: tuple[tuple[str, str], ...] = (
    *((text, "empty") for text in BLANK),
    *((text, "forbidden_characters") for text in CONTROL),
    ("line\nbreak", "forbidden_characters"),
    ("tab\t", "forbidden_characters"),
    ("isolate\u2067", "forbidden_characters"),
)
FAMILY = "👩‍👩‍👧‍👦"
KEPT_BODIES = {
    "emoji joined by zero-width joiners": f"{FAMILY} 🏳️‍🌈 👍🏽",
    "right to left": "שלום עולם، مرحبا \u2067بالعالم\u2069",
    "carriage returns": "one\r\ntwo\rthree\n\n\tfour ",
    "decomposed letters": "Cafe\u0301 und A\u030a",
    "outer spaces": "  \n hi \n ",
    "what looks like markup": "<script>alert(1)</script> &amp; '\"\\ \\u0000 %s {{x}}",
    "beyond the basic plane": "𝕳𝖊𝖑𝖑𝖔 𠜎 🀄",
    "a byte order mark in it": "\ufeffhi",
}


@pytest.mark.parametrize(("name", "fault"), BAD_LINES, ids=ascii)
async def test_a_bad_name_makes_nobody_and_renames_nobody(alice: Guest, server: Server, name: str, fault: str) -> None:
    code: Code = "empty_name" if fault == "empty" else "forbidden_characters"
    browser = await server.browser("/api/v1")
    assert_refused(await browser.post("/session", json={"name": name}), code)
    assert_refused(await alice.http.patch("/session", json={"name": name}), code)
    assert (await alice.http.get("/session")).json()["person"]["name"] == "Alice"


@pytest.mark.parametrize(("title", "fault"), BAD_LINES, ids=ascii)
async def test_a_bad_title_opens_no_room(alice: Guest, title: str, fault: str) -> None:
    code: Code = "empty_title" if fault == "empty" else "forbidden_characters"
    assert_refused(await alice.http.post("/rooms", json={"title": title}), code)


async def test_a_name_has_at_most_40_characters_whatever_they_weigh(alice: Guest) -> None:
    await alice.renames("🦊" * 40)
    assert_refused(await alice.http.patch("/session", json={"name": "x" * 41}), "name_too_long")
    assert (await alice.http.get("/session")).json()["person"]["name"] == "🦊" * 40


async def test_a_title_has_at_most_80_characters(alice: Guest) -> None:
    assert (await alice.opens("é" * 80)).title == "é" * 80
    assert_refused(await alice.http.post("/rooms", json={"title": "x" * 81}), "title_too_long")


async def test_names_and_titles_lose_outer_spaces_and_keep_single_inner_ones(alice: Guest) -> None:
    await alice.renames("  Ada   King\u00a0 ")
    assert (await alice.http.get("/session")).json()["person"]["name"] == "Ada King"
    assert (await alice.opens("  Tea   at  five ")).title == "Tea at five"


async def test_names_of_every_script_are_names(alice: Guest) -> None:
    for name in ("Zoë", "李小龙", "Мария", "محمد", "אלה", "नेहा", FAMILY, "X Æ A-12"):
        await alice.renames(name)
        assert (await alice.http.get("/session")).json()["person"]["name"] == name


@pytest.mark.parametrize("body", KEPT_BODIES.values(), ids=KEPT_BODIES)
async def test_a_body_is_kept_to_the_character(alice: Guest, bob: Guest, body: str) -> None:
    room = await alice.opens()
    await bob.joins(room.code)
    await bob.enters()
    posted = await alice.posts(body)
    live = await bob.socket.hears(op="event", seq=posted["seq"])
    page = await bob.reads()
    log = await bob.reads_log(after=posted["seq"] - 1)
    assert [live["data"]["body"], page["messages"][0]["body"], log[0]["data"]["body"]] == [body, body, body]


async def test_a_body_has_at_most_4_000_characters_whatever_they_weigh(alice: Guest) -> None:
    room = await alice.opens()
    await alice.enters()
    for character in ("x", "é", "水", "🦊"):
        await alice.posts(character * 4_000)
        await alice.says(character * 4_000)
        message = {"cid": str(uuid4()), "body": character * 4_001}
        assert_refused(await alice.http.post(f"{room.path}/messages", json=message), "body_too_long")
        assert (await alice.socket.asks("post", room=room.id, **message))["code"] == "body_too_long"
    assert [len(message["body"]) for message in (await alice.reads())["messages"]] == [4_000] * 8


@pytest.mark.parametrize(
    ("body", "code"),
    [*((text, "empty_body") for text in (*BLANK, "\r\n\t")), *((text, "forbidden_characters") for text in CONTROL)],
    ids=ascii,
)
async def test_a_bad_body_is_refused_and_the_next_one_is_not(alice: Guest, body: str, code: Code) -> None:
    room = await alice.opens()
    await alice.enters()
    message = {"cid": str(uuid4()), "body": body}
    assert_refused(await alice.http.post(f"{room.path}/messages", json=message), code)
    answer = await alice.socket.asks("post", room=room.id, **message)
    assert (answer["op"], answer["code"], answer["final"]) == ("refused", code, True)
    await alice.says("hi")
    assert [message["body"] for message in (await alice.reads())["messages"]] == ["hi"]


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00 hi"])
async def test_half_a_surrogate_pair_is_no_text(alice: Guest, half: str) -> None:
    room = await alice.opens()
    await alice.enters()
    response = await alice.http.post(
        f"{room.path}/messages",
        content=f'{{"cid":"{uuid4()}","body":"{half}"}}',
        headers={"content-type": "application/json"},
    )
    assert_refused(response, "bad_request")
    await alice.socket.send_raw(f'{{"op":"post","ref":77,"room":"{room.id}","cid":"{uuid4()}","body":"{half}"}}')
    assert (await alice.socket.hears(ref=77))["code"] == "bad_frame"
    await alice.says("hi")


@pytest.mark.parametrize(
    "cid", ["", "1", "x" * 36, "{7b0e9a52-6c1d-4f83-9a57-0d2f6f1c8e44}", "7b0e9a526c1d4f839a570d2f6f1c8e44"]
)
async def test_a_cid_is_a_uuid_in_its_36_character_form(alice: Guest, cid: str) -> None:
    room = await alice.opens()
    await alice.enters()
    message = {"cid": cid, "body": "hi"}
    assert_refused(await alice.http.post(f"{room.path}/messages", json=message), "bad_cid")
    assert (await alice.socket.asks("post", room=room.id, **message))["code"] == "bad_cid"


async def test_a_room_password_has_at_most_200_characters(alice: Guest) -> None:
    assert_refused(await alice.http.post("/rooms", json={"password": "x" * 201}), "password_too_long")
    succeed(await alice.http.post("/rooms", json={"password": "🔑" * 200}))


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": 7}, {"name": ["Ada"]}, [], "Ada", None])
async def test_a_body_of_the_wrong_shape_is_a_bad_request(server: Server, body: object) -> None:
    browser = await server.browser("/api/v1")
    assert_refused(await browser.post("/session", json=body), "bad_request")
