"""A reload loses nothing: neither who one is, nor where, nor what one was about to say."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Arrive, Serve
from tests.cast import Guest, Server


async def test_a_reload_keeps_the_session_the_room_and_the_draft(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.joins(await alice.opens_room("Tea at four"))
    await carol.posts("Milk or lemon?")
    await alice.sees("Milk or lemon?")
    await alice.composer.fill("Lemon, but only\nif")
    await alice.page.reload()
    await alice.is_inside()
    await expect(alice.composer).to_have_value("Lemon, but only\nif")
    await alice.sees("Milk or lemon?")
    await expect(alice.page.get_by_role("button", name="Show people")).to_contain_text("1 here")


async def test_a_draft_belongs_to_its_room(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob")
    await bob.opens_room("Tea at four")
    await bob.composer.fill("meant for tea")
    await bob.enters((await carol.opens("Cake")).code)
    await expect(bob.composer).to_have_value("")
    await bob.page.go_back()
    await bob.is_inside()
    await expect(bob.composer).to_have_value("meant for tea")


async def test_what_was_written_without_a_network_leaves_after_a_reload_and_only_once(
    arrive: Arrive, serve: Serve
) -> None:
    server = await serve(rate_limits="off")
    alice, carol = await arrive("Alice", at=server), await server.guest("Carol")
    await carol.joins(await alice.opens_room("Tea at four"))
    alice.overlooks("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
    await alice.context.set_offline(True)
    await server.stops()
    await expect(alice.page.locator(".pill")).to_have_text("You are offline. What you write is kept and sent later.")
    await alice.says("one", "two", "three")
    await expect(alice.log.get_by_text("Sending…")).to_have_count(3)
    await server.starts()
    await alice.context.set_offline(False)
    await alice.page.reload()
    await alice.is_inside()
    await alice.sees("one", "two", "three")
    await alice.has_sent_everything()
    assert [message["body"] for message in (await carol.reads())["messages"]] == ["one", "two", "three"]
    assert await alice.conversation() == ["one", "two", "three"]


async def test_a_reload_while_a_message_is_under_way_does_not_send_it_twice(
    arrive: Arrive, server: Server, carol: Guest
) -> None:
    alice = await arrive("Alice")
    await carol.joins(await alice.opens_room())
    with server.process.hold_writes():
        await alice.says("Once is enough")
        for _ in range(2):
            await alice.page.reload(wait_until="commit")
    await alice.is_inside()
    await alice.sees("Once is enough")
    await alice.has_sent_everything()
    assert [message["body"] for message in (await carol.reads())["messages"]] == ["Once is enough"]
    assert await alice.conversation() == ["Once is enough"]
