"""What a screen reader says by itself: what is new, once, and nothing else."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import Guest

OVERRIDE = "\u202e"


async def test_what_is_new_is_read_out_with_the_name(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.opens("Tea at four")
    await carol.posts("said before")
    await alice.enters(carol.room.code)
    await expect(alice.log).to_have_accessible_name("Messages")
    await expect(alice.log).to_have_attribute("aria-live", "off")
    await expect(_voice(alice)).to_have_text("")
    await carol.posts("Is the kettle on?")
    await carol.posts("Is the kettle on?")
    await expect(_voice(alice).locator("p")).to_have_text(["Carol: Is the kettle on?"] * 2)
    await alice.says("It is.")
    await alice.sees("It is.")
    await alice.says(f"{OVERRIDE}refused")
    await expect(_voice(alice)).to_contain_text("Not sent.")
    await expect(_voice(alice)).not_to_contain_text("It is.")


async def test_what_is_old_is_not_read_out(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.opens("Tea at four")
    for number in range(120):
        await carol.posts(f"message {number}")
    await alice.enters(carol.room.code)
    await alice.scrolls_back()
    await expect(alice.bodies).not_to_have_count(50)
    await expect(_voice(alice)).to_have_text("")
    await carol.posts("further down")
    await expect(alice.page.get_by_role("status").filter(has_text="1 new message")).to_have_count(1)
    await expect(_voice(alice)).to_have_text("")


async def test_an_invitation_is_no_log(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    code = await alice.opens_room()
    await expect(alice.log).to_have_count(0)
    await carol.joins(code)
    await carol.posts("hello")
    await expect(alice.log.get_by_role("button")).to_have_count(0)
    await expect(_voice(alice)).to_contain_text("Carol: hello")


async def test_what_still_fits_is_not_said_with_every_key(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    count = alice.page.locator("form").get_by_role("status")
    await alice.composer.fill("x" * 3650)
    await expect(count).to_have_text("350 characters left")
    await alice.composer.press("x")
    await expect(alice.page.get_by_text("349 characters left")).to_be_visible()
    await expect(count).to_have_text("350 characters left")
    await alice.composer.fill("x" * 3901)
    await expect(count).to_have_text("99 characters left")


def _voice(visitor: Visitor) -> Locator:
    return visitor.page.locator("main [role=status][aria-atomic=false]")
