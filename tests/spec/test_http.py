"""The edge of HTTP: whatever comes, the answer is ours, with a public code and the headers that keep people safe."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from parlour.wire.errors import Code
from tests.cast import Guest, Server, assert_refused, succeed

JSON_TYPE = {"content-type": "application/json"}
TEN_MB = 10 * 1024 * 1024


@pytest.fixture
async def browser(server: Server) -> httpx.AsyncClient:
    return await server.browser()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing",
        "/api/v1/rooms/x/nothing",
        "/nothing",
        "/assets/nothing.js",
        "/assets/..%2f..%2fapp.py",
        "/..%2f..%2fetc/passwd",
        "/%00",
        "/assets/%00",
        "/api/v1/codes/%00%ff",
        "/" + "x" * 5_000,
    ],
    ids=lambda path: path[:30],
)
async def test_what_is_not_there_is_not_found(browser: httpx.AsyncClient, path: str) -> None:
    assert_refused(await browser.get(path), "not_found")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/session"), ("GET", "/api/v1/codes/ABCD/join"), ("POST", "/health/live")]
)
async def test_a_method_that_is_not_there_is_not_allowed(browser: httpx.AsyncClient, method: str, path: str) -> None:
    response = await browser.request(method, path)
    assert_refused(response, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_request"),
        (b"{", "bad_request"),
        (b"name=Ada", "bad_request"),
        (b'{"name":"Ada"', "bad_request"),
        (b'{"name":"\xff"}', "bad_request"),
        (b'{"name":NaN}', "bad_request"),
        (b"[" * 60_000, "bad_request"),
        (b'{"name":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001, "bad_request"),
        (b'{"name":"' + b"x" * 70_000 + b'"}', "too_large"),
    ],
    ids=lambda value: ascii(value[:20]),
)
async def test_a_body_that_cannot_be_read_is_refused(browser: httpx.AsyncClient, body: bytes, code: Code) -> None:
    assert_refused(await browser.post("/api/v1/session", content=body, headers=JSON_TYPE), code)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/jsonx", "json", ""])
async def test_a_body_that_does_not_say_that_it_is_json_is_refused(browser: httpx.AsyncClient, media_type: str) -> None:
    headers = {"content-type": media_type}
    response = await browser.post("/api/v1/session", content=b'{"name":"Ada"}', headers=headers)
    assert_refused(response, "unsupported_media_type")


async def test_a_body_comes_as_it_is(browser: httpx.AsyncClient) -> None:
    body = gzip.compress(b'{"name":"Ada"}')
    response = await browser.post("/api/v1/session", content=body, headers=JSON_TYPE | {"content-encoding": "gzip"})
    assert_refused(response, "unsupported_media_type")


async def test_the_socket_asked_for_as_a_page_names_what_it_needs(browser: httpx.AsyncClient) -> None:
    response = await browser.get("/api/v1/live")
    assert_refused(response, "upgrade_required")
    assert response.headers["upgrade"] == "websocket"


async def test_the_page_is_not_sent_again_to_who_has_it(browser: httpx.AsyncClient) -> None:
    page = succeed(await browser.get("/"))
    again = await browser.get("/r/ABCD", headers={"if-none-match": f'"other", W/{page.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == page.headers["etag"]
    succeed(await browser.get("/", headers={"if-none-match": '"other"'}))


@pytest.mark.parametrize("path", ["messages", "events"])
async def test_what_is_large_is_compressed_and_the_live_stream_is_not(alice: Guest, path: str) -> None:
    room = await alice.opens()
    for _ in range(10):
        await alice.posts("🫖" * 4_000)
    packed = succeed(await alice.http.get(f"{room.path}/{path}", headers={"accept-encoding": "gzip"}))
    plain = succeed(await alice.http.get(f"{room.path}/{path}", headers={"accept-encoding": "identity"}))
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 10
    assert packed.content == plain.content
    headers = {"accept": "text/event-stream", "accept-encoding": "gzip"}
    async with alice.http.stream("GET", f"{room.path}/events", headers=headers) as stream:
        assert "content-encoding" not in stream.headers
        assert [line async for line in first_lines(stream, 4)][-1].startswith("data: ")


async def first_lines(stream: httpx.Response, most: int) -> AsyncIterator[str]:
    lines = stream.aiter_lines()
    for _ in range(most):
        yield await anext(lines)


async def test_json_may_say_its_charset(browser: httpx.AsyncClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    succeed(await browser.post("/api/v1/session", content=b'{"name":"Ada"}', headers=headers))


async def test_ten_megabytes_are_too_large_however_they_come(browser: httpx.AsyncClient) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(TEN_MB // 65_536):
            yield b"." * 65_536

    for content in (b"." * TEN_MB, drops()):
        # A server that has answered hangs up while we are still sending: as good a no.
        with suppress(httpx.WriteError):
            assert_refused(await browser.post("/api/v1/session", content=content, headers=JSON_TYPE), "too_large")
    succeed(await browser.get("/health/live"))


@pytest.mark.parametrize("path", ["/", "/r/ABCD", "/api/v1/session", "/health/live", "/nothing"])
async def test_every_answer_keeps_people_safe(browser: httpx.AsyncClient, path: str) -> None:
    headers = (await browser.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "server" not in headers


async def test_nobody_keeps_what_the_api_answers(alice: Guest) -> None:
    await alice.opens()
    for path in ("/session", alice.room.path, f"{alice.room.path}/messages", "/rooms/x"):
        assert (await alice.http.get(path)).headers["cache-control"] == "no-store"


async def test_the_page_is_the_same_for_every_room(browser: httpx.AsyncClient) -> None:
    landing, room = succeed(await browser.get("/")), succeed(await browser.get("/r/ABCD"))
    assert landing.headers["content-type"].startswith("text/html")
    assert (landing.content, landing.headers["cache-control"]) == (room.content, "no-cache")


async def test_the_api_describes_itself(browser: httpx.AsyncClient) -> None:
    described = succeed(await browser.get("/api/openapi.json")).json()
    assert described["openapi"].startswith("3.")
    for path in ("/api/v1/session", "/api/v1/rooms", "/api/v1/rooms/{room_id}/messages"):
        assert path in described["paths"]
    assert "text/html" in succeed(await browser.get("/api/docs")).headers["content-type"]


async def test_long_answers_are_compressed_for_who_can_read_that(alice: Guest) -> None:
    await alice.opens()
    for _ in range(5):
        await alice.posts("the same words again and again " * 50)
    path = f"{alice.room.path}/messages"
    assert (await alice.http.get(path)).headers["content-encoding"] == "gzip"
    plain = await alice.http.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
