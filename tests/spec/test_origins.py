"""Origins: no foreign page may use somebody's cookie, and only configured origins may use the API at all."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.cast import Guest, Server, assert_refused, succeed

FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://["},
    {"origin": "http://127.0.0.1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
)


async def cookie_session(server: Server) -> httpx.AsyncClient:
    browser = await server.browser("/api/v1")
    succeed(await browser.post("/session", json={"name": "Ada"}))
    return browser


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_foreign_page_changes_nothing_with_a_cookie(server: Server, headers: dict[str, str]) -> None:
    browser = await cookie_session(server)
    succeed(await browser.post("/rooms", json={}))
    assert_refused(await browser.post("/rooms", json={}, headers=headers), "foreign_origin")
    assert_refused(await browser.patch("/session", json={"name": "Eve"}, headers=headers), "foreign_origin")
    assert_refused(await browser.delete("/session", headers=headers), "foreign_origin")
    assert (await browser.get("/session")).json()["person"]["name"] == "Ada"


async def test_a_foreign_page_signs_nobody_in(server: Server) -> None:
    browser = await server.browser("/api/v1")
    response = await browser.post("/session", json={"name": "Eve"}, headers={"origin": "https://evil.example"})
    assert_refused(response, "foreign_origin")
    assert "set-cookie" not in response.headers


async def test_our_own_page_may(server: Server) -> None:
    browser = await cookie_session(server)
    for headers in ({"origin": server.url}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}):
        succeed(await browser.post("/rooms", json={}, headers=headers))


async def test_behind_a_proxy_our_own_page_is_the_one_that_the_proxy_serves(guarded: Server) -> None:
    browser = await guarded.browser("/api/v1")
    proxied = {"x-forwarded-proto": "https", "host": "chat.example.org"}
    for origin, status in (("https://chat.example.org", 201), ("http://chat.example.org", 403)):
        response = await browser.post("/session", json={"name": "Ada"}, headers={**proxied, "origin": origin})
        assert response.status_code == status


async def test_a_bearer_token_proves_that_no_browser_added_it(alice: Guest) -> None:
    succeed(await alice.http.post("/rooms", json={}, headers={"origin": "https://elsewhere.example"}))


async def test_a_form_of_another_site_cannot_pass_for_json(server: Server) -> None:
    browser = await cookie_session(server)
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        response = await browser.post("/rooms", content=b'{"title":"x"}', headers={"content-type": media_type})
        assert_refused(response, "unsupported_media_type")


async def test_by_default_no_other_origin_may_read(server: Server) -> None:
    browser = await cookie_session(server)
    response = await browser.get("/session", headers={"origin": "https://friend.example"})
    assert "access-control-allow-origin" not in response.headers


async def test_a_configured_origin_may_use_the_api(guarded: Server) -> None:
    browser = await cookie_session(guarded)
    friend = {"origin": "https://friend.example"}
    response = succeed(await browser.post("/rooms", json={}, headers=friend))
    assert response.headers["access-control-allow-origin"] == "https://friend.example"
    assert response.headers["access-control-allow-credentials"] == "true"
    asked = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization,content-type"}
    preflight = succeed(await browser.options("/session", headers=friend | asked))
    assert preflight.headers["access-control-allow-origin"] == "https://friend.example"
    assert "PATCH" in preflight.headers["access-control-allow-methods"]


@pytest.mark.parametrize("origin", ["https://evil.example", "http://friend.example", "https://friend.example.evil.org"])
async def test_no_origin_but_the_configured_ones_may(guarded: Server, origin: str) -> None:
    browser = await cookie_session(guarded)
    headers = {"origin": origin, "access-control-request-method": "PATCH"}
    preflight = await browser.options("/session", headers=headers)
    assert "access-control-allow-origin" not in preflight.headers
    assert_refused(await browser.post("/rooms", json={}, headers=headers), "foreign_origin")


async def test_a_foreign_page_gets_no_socket(server: Server, alice: Guest) -> None:
    cookie = f"parlour={alice.token}"
    socket = await server.socket(cookie=cookie, origin=server.url)
    assert (await socket.asks("hello", v=1))["op"] == "welcome"
    for headers in FOREIGN:
        with pytest.raises(InvalidStatus) as refused:
            await server.socket(cookie=cookie, **headers)
        assert refused.value.response.status_code == 403


async def test_what_can_be_no_host_gets_no_socket(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(server.url).port)
    head = (
        "GET /api/v1/live HTTP/1.1",
        'Host: evil"><script>',
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    writer.write("\r\n".join((*head, "", "")).encode())
    assert (await reader.readline()).split()[1] == b"403"
    writer.close()


async def test_a_configured_origin_gets_a_socket(guarded: Server) -> None:
    alice = await guarded.guest()
    socket = await guarded.socket(cookie=f"parlour={alice.token}", origin="https://friend.example")
    assert (await socket.asks("hello", v=1))["op"] == "welcome"
