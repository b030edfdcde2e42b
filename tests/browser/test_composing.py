"""Writing: what sends, what begins a new line, how much fits, and what happens to what is refused."""

from __future__ import annotations

from typing import Any

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import PHONE, Visitor, measure
from tests.cast import Guest

OVERRIDE = "\u202e"


@pytest_asyncio.fixture(loop_scope="session")
async def alice(arrive: Arrive, carol: Guest) -> Visitor:
    visitor = await arrive("Alice")
    await visitor.enters((await carol.opens("Tea at four")).code)
    return visitor


async def test_enter_sends_and_shift_with_enter_begins_a_line(alice: Visitor) -> None:
    await expect(alice.composer).to_be_focused()
    await alice.page.keyboard.type("one")
    await alice.page.keyboard.press("Shift+Enter")
    await alice.page.keyboard.type("two")
    assert await alice.conversation() == []
    await alice.page.keyboard.press("Enter")
    await alice.sees("one\ntwo")
    await expect(alice.composer).to_have_value("")
    await expect(alice.composer).to_be_focused()


async def test_the_button_sends_and_the_keyboard_stays_up(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob", screen=PHONE)
    await bob.enters((await carol.opens()).code)
    await bob.composer.tap()
    await bob.page.keyboard.type("from the tram")
    await bob.button("Send").tap()
    await bob.sees("from the tram")
    await expect(bob.composer).to_be_focused()


async def test_on_a_phone_enter_begins_a_line(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob", screen=PHONE)
    await bob.enters((await carol.opens()).code)
    await bob.composer.tap()
    await bob.page.keyboard.type("one")
    await bob.page.keyboard.press("Enter")
    await bob.page.keyboard.type("two")
    assert await bob.conversation() == []
    await bob.button("Send").tap()
    await bob.sees("one\ntwo")


async def test_nothing_but_space_is_not_sent(alice: Visitor) -> None:
    await expect(alice.button("Send")).to_have_attribute("aria-disabled", "true")
    await alice.says("  \n ")
    await alice.says("something")
    await alice.sees("something")
    assert await alice.conversation() == ["something"]


async def test_the_field_grows_with_the_text_and_then_scrolls(alice: Visitor) -> None:
    height = "field => field.clientHeight"
    low = await measure(alice.composer, height)
    await alice.composer.fill("\n".join("12345"))
    middle = await measure(alice.composer, height)
    await alice.composer.fill("\n".join("1234567890" * 4))
    high = await measure(alice.composer, height)
    assert low < middle < high <= 256
    assert await measure(alice.composer, "field => field.scrollHeight") > high
    await alice.composer.fill("")
    assert await measure(alice.composer, height) == low


async def test_the_count_appears_when_it_matters(alice: Visitor) -> None:
    count = alice.page.locator("form").get_by_role("status")
    await alice.composer.fill("x" * 3600)
    await expect(count).to_have_text("")
    # An emoji of one code point is one character, as the server counts.
    await alice.composer.fill("🍋" * 3999)
    await expect(count).to_have_text("1 character left")
    await alice.composer.fill("x" * 4001)
    await expect(count).to_have_text("1 character too many")
    await alice.composer.press("Enter")
    await expect(alice.composer).to_have_value("x" * 4001)
    await alice.composer.fill("🍋" * 4000)
    await alice.composer.press("Enter")
    await alice.sees("🍋" * 4000)


async def test_enter_that_chooses_a_word_does_not_send(alice: Visitor) -> None:
    method = await alice.context.new_cdp_session(alice.page)
    await method.send("Input.imeSetComposition", {"text": "おちゃ", "selectionStart": 3, "selectionEnd": 3})
    await expect(alice.composer).to_have_value("おちゃ")
    await _press_enter_with_the_input_method(method)
    await method.send("Input.insertText", {"text": "お茶"})
    await expect(alice.composer).to_have_value("お茶")
    assert await alice.conversation() == []
    await alice.composer.press("Enter")
    await alice.sees("お茶")


async def test_a_refused_message_stays_and_says_why(alice: Visitor) -> None:
    await alice.says(f"{OVERRIDE}turned around")
    refused = alice.page.get_by_role("group", name="Not sent.")
    await expect(refused).to_contain_text("There are invisible or control characters in it that cannot be used.")
    await refused.get_by_role("button", name="Discard").click()
    await expect(refused).to_be_hidden()
    await expect(alice.composer).to_be_focused()
    assert await alice.conversation() == []


async def test_a_refused_message_is_taken_back_and_mended(alice: Visitor) -> None:
    await alice.says(f"{OVERRIDE}turned around")
    await alice.composer.fill("begun meanwhile")
    refused = alice.page.get_by_role("group", name="Not sent.")
    await refused.get_by_role("button", name="Edit").click()
    await expect(refused).to_be_hidden()
    await expect(alice.composer).to_have_value(f"{OVERRIDE}turned around\nbegun meanwhile")
    await expect(alice.composer).to_be_focused()
    await alice.composer.press("ControlOrMeta+a")
    await alice.page.keyboard.type("the right way round")
    await alice.page.keyboard.press("Enter")
    await alice.sees("the right way round")


async def test_a_refused_message_does_not_hold_up_the_next(alice: Visitor, carol: Guest) -> None:
    await alice.says(f"{OVERRIDE}refused", "welcome")
    await expect(alice.page.get_by_role("group", name="Not sent.")).to_be_visible()
    await alice.sees("welcome")
    await alice.has_sent_everything()
    assert [message["body"] for message in (await carol.reads())["messages"]] == ["welcome"]


async def _press_enter_with_the_input_method(method: Any) -> None:  # noqa: ANN401 -- Playwright does not export the type
    """As Chromium reports a key that the input method has taken."""
    key = {"key": "Process", "code": "Enter", "windowsVirtualKeyCode": 229}
    for kind in ("rawKeyDown", "keyUp"):
        await method.send("Input.dispatchKeyEvent", {"type": kind, **key})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    for kind in ("rawKeyDown", "keyUp"):
        await method.send("Input.dispatchKeyEvent", {"type": kind, **enter})
