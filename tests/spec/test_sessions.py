"""Sessions: a guest is a person with a name and a session, kept in a cookie or a Bearer token."""

from __future__ import annotations

import hashlib
import time

import httpx

from tests.cast import Guest, Server, assert_refused, succeed
from tests.conftest import Serve
from tests.patience import until

ATTRIBUTES = {"httponly", "samesite=lax", "path=/"}


def attributes_of(response: httpx.Response) -> tuple[str, set[str]]:
    """The name of the cookie that was set, and its attributes in lower case."""
    pair, *attributes = response.headers["set-cookie"].split("; ")
    return pair.partition("=")[0], {attribute.lower() for attribute in attributes}


async def test_a_name_is_all_it_takes_to_be_a_guest(server: Server) -> None:
    browser = await server.browser("/api/v1")
    response = await browser.post("/session", json={"name": "Ada"})
    assert response.status_code == 201
    answer = response.json()
    assert answer["person"] == {"id": answer["person"]["id"], "name": "Ada", "kind": "guest"}
    assert len(answer["person"]["id"]) == 22


async def test_the_cookie_is_the_session(server: Server) -> None:
    browser = await server.browser("/api/v1")
    person = (await browser.post("/session", json={"name": "Ada"})).json()["person"]
    assert succeed(await browser.get("/session")).json() == {"person": person}


async def test_the_token_works_as_a_bearer_token(alice: Guest) -> None:
    assert not alice.http.cookies
    assert (await alice.http.get("/session")).json()["person"]["id"] == alice.id


async def test_without_a_session_nothing_is_answered_but_unauthenticated(server: Server) -> None:
    browser = await server.browser("/api/v1")
    for method, path in (("GET", "/session"), ("POST", "/rooms"), ("GET", "/rooms/x"), ("GET", "/rooms/x/messages")):
        response = await browser.request(method, path)
        assert_refused(response, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_made_up_token_is_no_session(server: Server) -> None:
    browser = await server.browser("/api/v1")
    for token in ("x", "A" * 22, "A" * 10_000, "é", "' OR 1=1 --"):
        response = await browser.get("/session", headers={b"authorization": f"Bearer {token}".encode()})
        assert_refused(response, "unauthenticated")


async def test_on_http_the_cookie_is_out_of_reach_of_scripts_and_other_sites(server: Server) -> None:
    browser = await server.browser("/api/v1")
    name, attributes = attributes_of(await browser.post("/session", json={"name": "Ada"}))
    assert name == "parlour"
    assert attributes >= ATTRIBUTES
    assert "secure" not in attributes
    assert "max-age=2592000" in attributes


async def test_the_page_can_tell_that_there_is_a_session_but_not_which(server: Server) -> None:
    browser = await server.browser("/api/v1")
    signed_in = await browser.post("/session", json={"name": "Ada"})
    (sign,) = [cookie for cookie in signed_in.headers.get_list("set-cookie") if cookie.startswith("parlour_signed_in=")]
    assert sign.startswith("parlour_signed_in=1; ")
    assert "httponly" not in sign.lower()
    assert "max-age=2592000" in sign.lower()
    await browser.delete("/session")
    assert "parlour_signed_in" not in browser.cookies


async def test_behind_a_trusted_proxy_that_speaks_https_the_cookie_is_secure(guarded: Server) -> None:
    browser = await guarded.browser("/api/v1")
    response = await browser.post("/session", json={"name": "Ada"}, headers={"x-forwarded-proto": "https"})
    name, attributes = attributes_of(response)
    assert name == "__Host-parlour"
    assert attributes >= ATTRIBUTES | {"secure"}
    assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_the_secure_cookie_is_the_session_too(guarded: Server) -> None:
    alice = await guarded.guest("Alice")
    browser = await guarded.browser("/api/v1")
    headers = {"x-forwarded-proto": "https", "cookie": f"__Host-parlour={alice.token}"}
    assert succeed(await browser.get("/session", headers=headers)).json()["person"]["id"] == alice.id


async def test_under_https_the_cookie_without_the_prefix_is_nothing(guarded: Server) -> None:
    alice = await guarded.guest("Alice")
    browser = await guarded.browser("/api/v1")
    headers = {"x-forwarded-proto": "https", "cookie": f"parlour={alice.token}"}
    assert_refused(await browser.get("/session", headers=headers), "unauthenticated")


async def test_a_bearer_token_is_never_made_a_cookie(alice: Guest) -> None:
    answer = succeed(await alice.http.get("/session", headers={"cookie": "theme=dark"}))
    assert "set-cookie" not in answer.headers


async def test_a_session_that_a_socket_uses_does_not_end(serve: Serve) -> None:
    server = await serve(session_ttl_s=2)
    alice, bob = await server.guest("Alice"), await server.guest("Bob")
    await alice.opens()
    await alice.enters()

    bobs = hashlib.sha256(bob.token.encode()).hexdigest()
    ((ends_at_ms,),) = server.process.query("SELECT expires_at_ms FROM sessions WHERE token_hash = ?", bobs)

    # Neither asks anything until Bob's session has ended; Alice only holds her socket.
    await until(time.monotonic() + ends_at_ms / 1000 - time.time())
    assert_refused(await bob.http.get("/session"), "unauthenticated")
    succeed(await alice.http.get("/session"))


async def test_who_is_no_trusted_proxy_cannot_claim_https(guarded: Server) -> None:
    browser = await guarded.browser("/api/v1", address="127.0.0.8")
    response = await browser.post("/session", json={"name": "Ada"}, headers={"x-forwarded-proto": "https"})
    assert attributes_of(response)[0] == "parlour"


async def test_a_new_name_reaches_every_room(alice: Guest, bob: Guest) -> None:
    tea, cake = await alice.opens("Tea"), await alice.opens("Cake")
    for room in (tea, cake):
        await bob.joins(room.code)
        await bob.enters(room)
    await alice.renames("Alicia")
    for room in (tea, cake):
        event = await bob.socket.hears(op="event", room=room.id, kind="member.renamed")
        assert event["data"] == {"person_id": alice.id, "name": "Alicia"}
        members = (await bob.http.get(room.path)).json()["members"]
        assert [member["name"] for member in members] == ["Alicia", "Bob"]


async def test_messages_keep_the_name_that_their_author_had(alice: Guest) -> None:
    await alice.opens()
    await alice.enters()
    await alice.says("one")
    await alice.renames("Alicia")
    await alice.says("two")
    page = await alice.reads()
    assert [message["author"]["name"] for message in page["messages"]] == ["Alice", "Alicia"]


async def test_signing_out_ends_the_session(alice: Guest) -> None:
    succeed(await alice.http.get("/session"))
    await alice.signs_out()
    assert_refused(await alice.http.get("/session"), "unauthenticated")


async def test_signing_out_makes_the_browser_forget(server: Server) -> None:
    browser = await server.browser("/api/v1")
    await browser.post("/session", json={"name": "Ada"})
    assert browser.cookies
    await browser.delete("/session")
    assert not browser.cookies


async def test_signing_out_closes_every_socket_of_the_session(alice: Guest, bob: Guest) -> None:
    first, second, other = await alice.connects(), await alice.connects(), await bob.connects()
    await alice.signs_out()
    assert await first.is_closed_with() == 4100
    assert await second.is_closed_with() == 4100
    await other.settles()


async def test_a_session_ends_after_a_while_without_use(serve: Serve) -> None:
    server = await serve(session_ttl_s=1)
    alice = await server.guest("Alice")
    succeed(await alice.http.get("/session"))
    last_used_s = time.monotonic()
    await until(last_used_s + 1.05)
    assert_refused(await alice.http.get("/session"), "unauthenticated")
    socket = await server.socket()
    assert (await socket.asks("hello", v=1, token=alice.token))["code"] == "unauthenticated"
    assert await socket.is_closed_with() == 4100


async def test_a_session_in_use_goes_on(serve: Serve) -> None:
    server = await serve(session_ttl_s=2)
    alice, idle = await server.guest("Alice"), await server.guest("Idle")
    began_s = time.monotonic()
    for step in range(1, 6):
        await until(began_s + step * 0.5)
        succeed(await alice.http.get("/session"))
    assert_refused(await idle.http.get("/session"), "unauthenticated")


async def test_the_database_holds_no_token_only_its_hash(server: Server, alice: Guest) -> None:
    hashes = [row[0] for row in server.process.query("SELECT token_hash FROM sessions")]
    assert hashlib.sha256(alice.token.encode()).hexdigest() in hashes
    kept = b"".join(file.read_bytes() for file in server.process.data_dir.iterdir())
    assert alice.id.encode() in kept
    assert alice.token.encode() not in kept


async def test_tokens_are_128_random_bits(server: Server) -> None:
    tokens = {(await server.guest()).token for _ in range(20)}
    assert len(tokens) == 20
    assert {len(token) for token in tokens} == {22}
