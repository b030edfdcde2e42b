"""Words that mean harm stay words: nobody's name or message becomes part of the page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.screens import ARABIC, FAMILY, MARKUP
from tests.browser.visitor import PHONE, measure
from tests.cast import Guest


async def test_markup_in_names_titles_and_messages_is_text(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice", screen=PHONE)
    await carol.renames("<b>Carol</b><img src=x>")
    await carol.opens("<h1>Tea</h1>")
    await alice.enters(carol.room.code)
    await carol.enters()
    await carol.says(MARKUP)
    await alice.sees(MARKUP)
    await expect(alice.heading("<h1>Tea</h1>")).to_be_visible()
    await expect(alice.log.get_by_text("<b>Carol</b><img src=x>")).to_be_visible()
    await expect(alice.page.locator("#app :is(script, b, img)")).to_have_count(0)
    await expect(alice.page).to_have_title("<h1>Tea</h1> · Parlour")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>"])
async def test_only_web_addresses_become_links(arrive: Arrive, carol: Guest, address: str) -> None:
    alice = await arrive("Alice")
    await carol.opens()
    await carol.posts(f"{address} and https://example.org/tea.")
    await alice.enters(carol.room.code)
    links = alice.log.get_by_role("link")
    await expect(links).to_have_text("https://example.org/tea")
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow ugc")
    await expect(links).to_have_attribute("target", "_blank")


async def test_a_name_that_turns_the_line_around_is_refused(arrive: Arrive) -> None:
    mallory = await arrive("\u202emoor eht fo renwo")
    await mallory.visits()
    await mallory.says_name()
    await mallory.button("Create a room").click()
    refusal = "There are invisible or control characters in it that cannot be used."
    await expect(mallory.page.get_by_role("alert")).to_have_text(refusal)


async def test_a_right_to_left_name_turns_only_itself(arrive: Arrive, carol: Guest) -> None:
    """The words after the name stand to its right, as they do after any other name."""
    alice = await arrive("Alice")
    await alice.enters((await carol.opens()).code)
    nour = await arrive(ARABIC, screen=PHONE)
    await nour.enters(carol.room.code)
    note = alice.note(f"{ARABIC} came in")
    await expect(note).to_be_visible()
    where = """(row) => {
        const text = document.createTreeWalker(row, NodeFilter.SHOW_TEXT).nextNode();
        const place = (part) => {
            const range = new Range();
            range.setStart(text, text.data.indexOf(part));
            range.setEnd(text, text.data.indexOf(part) + part.length);
            return range.getBoundingClientRect().left;
        };
        return [place("%s"), place("came in")];
    }"""
    name_left, words_left = await measure(note, where.replace("%s", ARABIC))
    assert name_left < words_left


async def test_a_family_of_one_character_is_whole_in_its_picture(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.renames(FAMILY)
    await carol.opens()
    await carol.posts("hello")
    await alice.enters(carol.room.code)
    await expect(alice.log.locator(".avatar")).to_have_text(FAMILY.split()[0])
