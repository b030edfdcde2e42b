"""The server dies while people talk, and comes back: nothing is lost, nothing is said twice, nobody is disturbed."""

from __future__ import annotations

import asyncio

from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import Arrive, Serve
from tests.browser.visitor import PATIENCE_MS, PHONE, Visitor
from tests.cast import Guest
from tests.patience import eventually


async def test_a_killed_server_costs_no_message_and_no_keystroke(arrive: Arrive, serve: Serve) -> None:
    server = await serve(rate_limits="off")
    alice, bob = await arrive("Alice", at=server), await arrive("Bob", at=server, screen=PHONE)
    for visitor in (alice, bob):
        visitor.overlooks("WebSocket connection", "ERR_CONNECTION_REFUSED")
    await bob.enters(await alice.opens_room("Tea at four"))
    before, during, after = ([f"{when} {number}" for number in range(5)] for when in ("before", "during", "after"))

    posting = asyncio.create_task(alice.says(*before))
    await bob.sees(before[0])
    await server.is_killed()
    await posting
    await alice.says(*during)
    await alice.composer.press_sequentially("half a sen")
    await _knows_of_no_server(alice, bob)

    await server.starts()
    await alice.composer.press_sequentially("tence")
    await alice.is_online()
    await expect(alice.composer).to_be_focused()
    await expect(alice.composer).to_have_value("half a sentence")
    await bob.is_online()
    await bob.says(*after)

    said = [*before, *during, *after]

    async def all_is_read() -> bool:
        on_both = await alice.conversation(), await bob.conversation()
        return on_both[0] == on_both[1] and sorted(on_both[0]) == sorted(said)

    await eventually(all_is_read)
    read = await alice.conversation()
    assert [body for body in read if body not in after] == [*before, *during], "a sender's order is kept"
    await alice.has_sent_everything()


async def test_a_server_that_stops_and_starts_is_found_again(arrive: Arrive, serve: Serve) -> None:
    server = await serve(rate_limits="off")
    alice = await arrive("Alice", at=server)
    alice.overlooks("WebSocket connection", "ERR_CONNECTION_REFUSED")
    await alice.opens_room()
    await server.stops()
    await _knows_of_no_server(alice)
    await server.starts()
    await alice.button("Try now").click()
    await alice.is_online()


async def test_an_answer_that_is_lost_makes_no_message_twice(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    is_lost = await _lose_the_first_answer(alice)
    await alice.enters((await carol.opens()).code)
    await alice.says("Once is enough")
    await asyncio.wait_for(is_lost.wait(), PATIENCE_MS / 1000)
    await alice.says("and this comes after")
    await alice.sees("Once is enough", "and this comes after")
    await alice.has_sent_everything()
    assert [message["body"] for message in (await carol.reads())["messages"]] == await alice.conversation()
    assert await alice.conversation() == ["Once is enough", "and this comes after"]


async def _lose_the_first_answer(visitor: Visitor) -> asyncio.Event:
    """The connection breaks between the commit and the first word of it."""
    is_lost = asyncio.Event()

    def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        async def pass_on(frame: str | bytes) -> None:
            if is_lost.is_set() or "posted" not in str(frame):
                socket.send(frame)
                return
            is_lost.set()
            await socket.close(code=1012)

        server.on_message(pass_on)

    await visitor.page.route_web_socket("**/api/v1/live", listen)
    return is_lost


async def _knows_of_no_server(*visitors: Visitor) -> None:
    for visitor in visitors:
        await expect(visitor.page.locator(".pill")).to_contain_text("Reconnecting")
        spoken = visitor.page.get_by_role("main").get_by_role("status").filter(has_text="The connection is lost")
        await expect(spoken).to_be_attached()
