"""A long conversation: older messages come while scrolling up, and what one reads never moves under the eye."""

from __future__ import annotations

from typing import Any

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import Guest
from tests.patience import eventually

MOST_ROWS = 200
# Scrolls, and tells in the same breath which row is at the middle of what is seen and where it stands.
LOOK_AT = """(log, top) => {
    log.scrollTop = top;
    const box = log.getBoundingClientRect();
    const row = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2).closest("[data-key]")
        ?? [...log.querySelectorAll("[data-key]")].find((row) => row.getBoundingClientRect().bottom > box.y);
    return { key: row.dataset.key, top: row.getBoundingClientRect().top };
}"""
FIND_AGAIN = """(log, key) => {
    const row = log.querySelector(`[data-key="${CSS.escape(key)}"]`);
    return row && row.getBoundingClientRect().top;
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def evening(arrive: Arrive, carol: Guest) -> Visitor:
    """Alice, at the end of 300 messages that Carol wrote."""
    return await _read_the_end(arrive, carol, messages=300)


@pytest_asyncio.fixture(loop_scope="session")
async def hour(arrive: Arrive, carol: Guest) -> Visitor:
    """Alice, at the end of 60 messages that Carol wrote."""
    return await _read_the_end(arrive, carol, messages=60)


async def test_the_end_is_shown_first(hour: Visitor) -> None:
    await expect(hour.bodies.last).to_be_in_viewport()
    assert (await hour.conversation())[-1] == "message 60"
    assert len(await hour.conversation()) == 50


async def test_older_messages_come_without_moving_what_is_read(evening: Visitor) -> None:
    for _ in range(3):
        first = (await evening.conversation())[0]
        looked_at: dict[str, Any] = await evening.log.evaluate(LOOK_AT, 400)

        async def older_came(first: str = first) -> bool:
            return (await evening.conversation())[0] != first

        await eventually(older_came)
        top = await evening.log.evaluate(FIND_AGAIN, looked_at["key"])
        assert abs(top - looked_at["top"]) <= 1, looked_at


async def test_the_whole_evening_can_be_read_back_and_forth_with_few_rows_on_the_page(evening: Visitor) -> None:
    most = 0

    async def scroll_up() -> bool:
        nonlocal most
        most = max(most, await evening.log.locator("[data-key]").count())
        await evening.scrolls_to(0)
        return (await evening.conversation())[0].startswith("message 1\n")

    await eventually(scroll_up)
    await evening.scrolls_to(0)
    await expect(evening.log.get_by_text("This is where the room began.")).to_be_in_viewport()

    async def scroll_down() -> bool:
        nonlocal most
        most = max(most, await evening.log.locator("[data-key]").count())
        await evening.scrolls_to(10**9)
        return (await evening.conversation())[-1] == "message 300"

    await eventually(scroll_down)
    assert 100 < most <= MOST_ROWS
    read = await evening.conversation()
    assert [body.split("\n")[0] for body in read] == [f"message {301 - number}" for number in range(len(read), 0, -1)]


async def test_news_below_is_counted_and_one_press_away(hour: Visitor, carol: Guest) -> None:
    await hour.scrolls_back(1000)
    looked_at: dict[str, Any] = await hour.log.evaluate(LOOK_AT, 1000)
    for body in ("first news", "second news"):
        await carol.says(body)
    await expect(hour.page).to_have_title("(2) The long evening · Parlour")
    assert abs(await hour.log.evaluate(FIND_AGAIN, looked_at["key"]) - looked_at["top"]) <= 1
    await hour.page.get_by_role("button", name="2 new messages. Jump to the latest message").click()
    await expect(hour.bodies.last).to_be_in_viewport()
    await expect(hour.bodies.last).to_have_text("second news")
    await expect(hour.log).to_be_focused()
    await expect(hour.page).to_have_title("The long evening · Parlour")
    await expect(hour.page.get_by_role("button", name="Jump to the latest message")).to_be_hidden()


async def test_at_the_end_news_stays_in_sight(hour: Visitor, carol: Guest) -> None:
    await carol.says("as it comes")
    await expect(hour.bodies.get_by_text("as it comes")).to_be_in_viewport()
    await expect(hour.page.get_by_role("button", name="Jump to the latest message")).to_be_hidden()


async def test_a_line_stands_where_reading_stopped(hour: Visitor, carol: Guest) -> None:
    await hour.visits()
    for body in ("while you were out", "and once more"):
        await carol.says(body)
    await hour.enters(carol.room.code)
    rows = hour.log.locator("[data-kind=unread], [data-kind=unread] ~ [data-kind=message]")
    await expect(rows).to_contain_text(["New since you left", "while you were out", "and once more"])
    await expect(hour.log.get_by_text("New since you left")).to_be_in_viewport()


async def test_whoever_answers_is_taken_to_the_end(hour: Visitor) -> None:
    await hour.scrolls_back(1000)
    await hour.says("I read it all")
    await expect(hour.bodies.get_by_text("I read it all")).to_be_in_viewport()


async def _read_the_end(arrive: Arrive, carol: Guest, messages: int) -> Visitor:
    alice = await arrive("Alice")
    await carol.opens("The long evening")
    await carol.enters()
    for number in range(1, messages + 1):
        await carol.says(f"message {number}" + "\nand more of it" * (number % 4))
    await alice.enters(carol.room.code)
    return alice
