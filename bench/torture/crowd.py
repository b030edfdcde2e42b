"""What is done over HTTP: people sign in and join their rooms, and at the end the server is asked what it has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx
import msgspec

from bench.torture.history import Histories
from bench.torture.records import LogEntry, Member, Outcome
from bench.torture.sizes import Size
from bench.torture.talker import Person

AT_ONCE: Final = 32
PAGE: Final = 200
PATIENCE_S: Final = 30.0


class _Events(msgspec.Struct):
    events: list[LogEntry]
    head: int


_events = msgspec.json.Decoder(_Events)


def open_http() -> httpx.AsyncClient:
    """A client for everybody: it keeps no cookies, whoever asks says so by a token."""
    nobody = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(timeout=PATIENCE_S, cookies=nobody)


async def gather(http: httpx.AsyncClient, size: Size) -> list[Person]:
    """So many people, in so many rooms, each in one."""
    gate = asyncio.Semaphore(AT_ONCE)
    people: list[Person] = []

    async def fill_room(room: int) -> None:
        async with gate:
            tokens = [await _sign_in(http, f"Talker {who}") for who in range(room, size.clients, size.rooms)]
            opened = await _ask(http, "POST", "/rooms", tokens[0][1], {"title": f"Room {room}"})
            for _, token in tokens[1:]:
                await _ask(http, "POST", f"/codes/{opened['code']}/join", token)
        whos = range(room, size.clients, size.rooms)
        people.extend(
            Person(who, person, token, room, opened["id"]) for who, (person, token) in zip(whos, tokens, strict=True)
        )

    await asyncio.gather(*(fill_room(room) for room in range(size.rooms)))
    return sorted(people, key=lambda person: person.who)


def introduce(person: Person) -> Member:
    """The person's line in the history."""
    return Member(person.who, person.id)


async def rename(http: httpx.AsyncClient, person: Person, name: str) -> None:
    """Give the person another name."""
    await _ask(http, "PATCH", "/session", person.token, {"name": name})


async def take_down(http: httpx.AsyncClient, people: Sequence[Person], histories: Histories) -> None:
    """Ask for the log, the members and the messages of every room, and keep the answers."""
    for person in {person.room: person for person in people}.values():
        histories.keep_outcome(person.room, await ask_for_all(http, person))


async def ask_for_all(http: httpx.AsyncClient, person: Person) -> Outcome:
    """What the server has of this person's room: its log, members and messages."""
    room = f"/rooms/{person.room_id}"
    gathering = await _ask(http, "GET", room, person.token)
    events: list[LogEntry] = []
    page = _Events([], 1)
    while not events or events[-1].seq < page.head:
        after = events[-1].seq if events else 0
        page = _events.decode(await _fetch(http, "GET", f"{room}/events?after={after}&limit={PAGE}", person.token))
        if not page.events:
            break
        events += page.events
    messages: list[dict[str, Any]] = []
    has_more = True
    while has_more:
        after = messages[-1]["seq"] if messages else 0
        found = await _ask(http, "GET", f"{room}/messages?after={after}&limit={PAGE}", person.token)
        messages += found["messages"]
        has_more = found["has_more"]
    return Outcome(page.head, gathering["room"]["epoch"], events, gathering["members"], messages)


async def _sign_in(http: httpx.AsyncClient, name: str) -> tuple[str, str]:
    signed_in = await _ask(http, "POST", "/session", "", {"name": name})
    return signed_in["person"]["id"], signed_in["token"]


async def _ask(
    http: httpx.AsyncClient, method: str, path: str, token: str, body: dict[str, str] | None = None
) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.json.decode(await _fetch(http, method, path, token, body))
    return answer


async def _fetch(
    http: httpx.AsyncClient, method: str, path: str, token: str, body: dict[str, str] | None = None
) -> bytes:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await http.request(method, path, json=body if method != "GET" else None, headers=headers)
    answer.raise_for_status()
    return answer.content
