"""Two people talk: one opens a room and says its code, the other comes with a phone, and both read the same."""

from __future__ import annotations

import asyncio
import re

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import PHONE, Visitor
from tests.cast import Server
from tests.patience import eventually

Pair = tuple[Visitor, Visitor]


@pytest_asyncio.fixture(loop_scope="session")
async def pair(arrive: Arrive) -> Pair:
    """Alice at a desk and Bob with a phone, in the room that she opened."""
    alice, bob = await arrive("Alice"), await arrive("Bob", screen=PHONE)
    await bob.enters(await alice.opens_room("Tea at four"))
    await expect(alice.note("Bob came in")).to_be_visible()
    return alice, bob


async def test_a_name_and_one_click_open_a_room(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    code = await alice.opens_room("Tea at four")
    await expect(alice.heading("Tea at four")).to_be_visible()
    await expect(alice.heading("You are the first one here.")).to_be_visible()
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{4}", code)
    assert await alice.page.locator("figure .tile").all_inner_texts() == list(code)


async def test_a_room_without_a_title_is_called_by_its_code(arrive: Arrive) -> None:
    alice, bob = await arrive("Alice"), await arrive("Bob")
    code = await alice.opens_room()
    await expect(alice.heading(f"Room {code}")).to_be_visible()
    await expect(alice.composer).to_have_attribute("placeholder", f"Write to Room {code}")
    await bob.visits(f"/r/{code}")
    await expect(bob.heading(f"Room {code}")).to_be_visible()


async def test_four_characters_in_lower_case_bring_a_friend_in(arrive: Arrive) -> None:
    alice, bob = await arrive("Alice"), await arrive("Bob", screen=PHONE)
    code = await alice.opens_room("Tea at four")
    await bob.visits()
    await bob.says_name()
    await bob.page.get_by_label("Have a code?").press_sequentially(code.lower())
    await bob.button("Join").tap()
    await expect(bob.heading("Tea at four")).to_be_visible()
    assert bob.code == code
    await expect(alice.note("Bob came in")).to_be_visible()


async def test_each_reads_what_the_other_says(pair: Pair) -> None:
    alice, bob = pair
    await alice.says("Is the kettle on?")
    await bob.sees("Is the kettle on?")
    await bob.says("It sings already.")
    await alice.sees("It sings already.")
    assert await alice.conversation() == await bob.conversation() == ["Is the kettle on?", "It sings already."]


async def test_both_read_the_same_order_when_both_talk_at_once(pair: Pair) -> None:
    alice, bob = pair
    await asyncio.gather(
        alice.says(*(f"alice {number}" for number in range(10))), bob.says(*(f"bob {number}" for number in range(10)))
    )

    async def have_all() -> bool:
        read_by_alice, read_by_bob = await alice.conversation(), await bob.conversation()
        return len(read_by_alice) == 20 and read_by_alice == read_by_bob

    await eventually(have_all)


async def test_a_message_that_takes_its_time_says_so_until_it_is_kept(pair: Pair, server: Server) -> None:
    alice, bob = pair
    with server.process.hold_writes():
        await alice.says("Slow as honey")
        await expect(alice.log.get_by_text("Sending…")).to_be_visible()
        assert await bob.conversation() == []
    await bob.sees("Slow as honey")
    await alice.has_sent_everything()
    assert await alice.conversation() == ["Slow as honey"]


async def test_the_room_shows_who_is_here_and_who_went(pair: Pair) -> None:
    alice, bob = pair
    await expect(alice.page.get_by_role("button", name="2 here")).to_be_visible()
    people = await alice.shows_people()
    await expect(people.get_by_role("listitem")).to_have_text([re.compile(r"Alice\s*you\s*owner"), re.compile("Bob")])
    await expect(people.get_by_role("heading", name="Here now · 2")).to_be_visible()
    await bob.visits("about:blank")
    await expect(people.get_by_role("heading", name="Away · 1")).to_be_visible()
    await expect(alice.page.get_by_role("button", name="1 here")).to_be_visible()


async def test_a_new_name_is_everybodys_to_see(pair: Pair) -> None:
    alice, bob = pair
    await bob.says("Guess who")
    await bob.chooses("Change your name")
    await bob.page.get_by_label("What should people call you?").fill("Robert")
    await bob.button("Save").tap()
    await expect(alice.note("Bob is now called Robert")).to_be_visible()
    await expect(alice.log.locator(".author")).to_have_text("Robert")


async def test_a_click_on_the_code_copies_the_link(arrive: Arrive) -> None:
    alice = await arrive("Alice", permissions=["clipboard-read", "clipboard-write"])
    code = await alice.opens_room()
    await alice.page.get_by_role("banner").get_by_role("button", name=f"Room code {code}").click()
    await expect(alice.page.get_by_role("status").filter(has_text="Link copied")).to_be_attached()
    assert await alice.page.evaluate("navigator.clipboard.readText()") == f"{alice.origin}/r/{code}"


async def test_the_invitation_has_the_link_as_letters_and_as_a_picture(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    code = await alice.opens_room()
    await alice.chooses("Invite people")
    invitation = alice.dialog("Invite people")
    await expect(invitation.get_by_text(f"{alice.origin}/r/{code}")).to_be_visible()
    await expect(invitation.get_by_role("img", name="QR code of the link to this room")).to_be_visible()
    await expect(invitation.get_by_text("This room closes 24 hours after the last person leaves.")).to_be_visible()
