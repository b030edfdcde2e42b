"""What a small screen must have room for, and what a finger must be able to do."""

from __future__ import annotations

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import PHONE, Visitor, measure
from tests.cast import Guest

TITLE = "Friday plans for the whole long weekend at the lake house"


@pytest_asyncio.fixture(loop_scope="session")
async def bob(arrive: Arrive, carol: Guest) -> Visitor:
    visitor = await arrive("Bob", screen=PHONE)
    await visitor.enters((await carol.opens(TITLE)).code)
    return visitor


async def test_both_ways_in_are_on_the_first_sight(arrive: Arrive) -> None:
    bob = await arrive("Bob", screen=PHONE)
    await bob.visits()
    await expect(bob.button("Join")).to_be_in_viewport(ratio=1)


async def test_no_word_of_the_composer_is_cut(bob: Visitor) -> None:
    await expect(bob.composer).to_have_attribute("placeholder", "Write a message")


async def test_a_long_title_has_two_lines(bob: Visitor) -> None:
    lines = "h1 => Math.round(h1.clientHeight / parseFloat(getComputedStyle(h1).lineHeight))"
    assert await measure(bob.heading(TITLE), lines) == 2


async def test_the_time_of_a_message_in_a_run_shows_when_it_is_touched(bob: Visitor, carol: Guest) -> None:
    await carol.posts("first")
    await carol.posts("second")
    await bob.sees("first", "second")
    second = bob.log.locator("li").filter(has_text="second")
    await expect(second.locator("time")).to_be_hidden()
    await bob.bodies.get_by_text("second").tap()
    await expect(second.locator("time")).to_be_visible()


async def test_a_qr_code_that_does_not_come_says_what_to_do(bob: Visitor) -> None:
    # The encoder is the one script that is downloaded later.
    bob.overlooks("ERR_FAILED")
    await bob.page.route("**/assets/*.js", lambda route: route.abort())
    await bob.chooses("Invite people")
    dialog = bob.dialog("Invite people")
    await expect(dialog.get_by_text("Copy the link instead.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Copy the link")).to_be_visible()


async def test_the_people_are_behind_a_button_that_a_thumb_can_hit(bob: Visitor) -> None:
    button = bob.page.get_by_role("button", name="Show people")
    height = "button => parseFloat(getComputedStyle(button, '::after').height)"
    assert await measure(button, height) >= 44
