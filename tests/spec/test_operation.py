"""Operation: what an operator sees. Health, numbers, and logs that hold nothing that people said."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from parlour.settings import SettingError, load_settings
from tests.cast import Guest, Server, assert_refused, succeed
from tests.conftest import Serve

METRIC = re.compile(r"^(\w+)(?:\{[^}]*\})? ([0-9.e+-]+)$", re.MULTILINE)


async def numbers_of(server: Server) -> dict[str, float]:
    text = succeed(await (await server.browser()).get("/metrics")).text
    return {name: float(value) for name, value in METRIC.findall(text)}


async def test_a_server_that_is_well_says_so(server: Server) -> None:
    operator = await server.browser()
    assert succeed(await operator.get("/health/live")).json()["status"] == "ok"
    ready = succeed(await operator.get("/health/ready")).json()
    assert ready["status"] == "ok"
    assert set(ready["checks"].values()) == {"ok"}


async def test_the_numbers_follow_what_happens(server: Server) -> None:
    before = await numbers_of(server)
    alice = await server.guest()
    await alice.opens()
    await alice.enters()
    await alice.says("hi")
    await alice.sees("hi")
    after = await numbers_of(server)
    for name in ("parlour_connections", "parlour_rooms_occupied", "parlour_codes_occupied", "parlour_deliveries_total"):
        assert after[name] > before[name], name
    assert after["parlour_journal_changes_total"] == before["parlour_journal_changes_total"] + 1
    assert (after["parlour_journal_writable"], after["parlour_code_chars"]) == (1, 4)


async def test_numbers_are_for_this_machine_only(server: Server, guarded: Server) -> None:
    succeed(await (await server.browser()).get("/metrics"))
    assert_refused(await (await server.browser(address="127.0.0.9")).get("/metrics"), "not_found")
    proxied = {"x-forwarded-for": "203.0.113.7"}
    assert_refused(await (await guarded.browser()).get("/metrics", headers=proxied), "not_found")


async def test_with_a_token_numbers_are_for_who_knows_it(serve: Serve) -> None:
    server = await serve(metrics_token="sesame")
    for address in (None, "127.0.0.9"):
        operator = await server.browser(address=address)
        for wrong in ("", "Bearer", "Bearer open", "Bearer sésame", "Basic sesame"):
            response = await operator.get("/metrics", headers={b"authorization": wrong.encode()})
            assert_refused(response, "not_found")
        assert (
            "parlour_connections"
            in succeed(await operator.get("/metrics", headers={"authorization": "Bearer sesame"})).text
        )


async def test_logs_hold_nothing_that_people_said(serve: Serve) -> None:
    server = await serve()
    alice, bob = await server.guest("Name-to-look-for"), await server.guest("Bob")
    room = await alice.opens("Title to look for", password="Password to look for")
    await bob.joins(room.code, "Password to look for")
    await bob.enters()
    message = {"cid": str(uuid4()), "body": "Body to look for"}
    await bob.says("Body to look for")
    await alice.posts("Body to look for")
    await bob.socket.asks("post", room="unknown", **message)
    await bob.socket.send_raw('{"op":"post","ref":1,"body":"Body to look for","token":"Token to look for"')
    await bob.socket.is_closed_with()
    stranger = await server.browser("/api/v1")
    await stranger.post(f"{room.path}/messages", json=message, headers={"authorization": "Bearer Token-to-look-for"})
    await stranger.get(f"/codes/{room.code}?query=to-look-for")
    await stranger.get(f"/r/{room.code}/nothing")
    await server.stops()
    log = server.process.log
    routes = {line["route"] for line in server.process.log_lines if line["event"] == "request"}
    assert {"/api/v1/rooms/{room_id}/messages", "/api/v1/codes/{code}"} <= routes
    assert "look" not in log
    for secret in (alice.token, bob.token, room.code):
        assert not re.search(rf"\b{re.escape(secret)}\b", log)


async def test_every_line_of_the_log_is_json_with_a_moment_and_a_level(server: Server, alice: Guest) -> None:
    await alice.opens()
    lines = server.process.log_lines
    assert {"rate_limits_off", "request"} <= {line["event"] for line in lines}
    assert all({"event", "level", "at"} <= line.keys() for line in lines)


async def test_a_server_for_load_tests_warns_that_it_is_one(server: Server, guarded: Server) -> None:
    assert any(line["event"] == "rate_limits_off" for line in server.process.log_lines)
    assert not any(line["event"] == "rate_limits_off" for line in guarded.process.log_lines)


async def test_a_setting_that_cannot_be_used_is_named_and_nothing_starts(serve: Serve) -> None:
    with pytest.raises(RuntimeError, match="PARLOUR_SESSION_TTL_S='soon'"):
        await serve(session_ttl_s="soon")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PARLOUR_ALLOWED_ORIGINS", "friend.example"),
        ("PARLOUR_ALLOWED_ORIGINS", "https://friend.example/page"),
        ("PARLOUR_TRUSTED_PROXIES", "everybody"),
        ("PARLOUR_EMPTY_ROOM_TTL_S", "0"),
        ("PARLOUR_EMPTY_ROOM_TTL_S", "nan"),
        ("PARLOUR_SESSION_TTL_S", "inf"),
        ("PARLOUR_PORT", "65536"),
        ("PARLOUR_RATE_LIMITS", "maybe"),
        ("PARLOUR_LOG_FORMAT", "xml"),
    ],
)
def test_every_setting_says_what_is_wrong_with_it(setting: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{setting}={value!r}: ."):
        load_settings({}, {setting: value})
