"""Light and dark: the system's choice or one's own, remembered, and right from the first paint."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.patience import eventually

# Notes the ground of every frame from the moment when there is one, from before the page's own first script.
WATCH_FRAMES: Final = """(() => {
    window.grounds = [];
    const look = () => {
        const ground = document.body && getComputedStyle(document.documentElement).backgroundColor;
        if (ground && ground !== "rgba(0, 0, 0, 0)") window.grounds.push(ground);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""

FRAMES: Final = {"Light": "#f7f2e9", "Dark": "#1a1511"}


async def test_the_page_follows_the_system_until_somebody_chooses(arrive: Arrive) -> None:
    alice = await arrive("Alice", color_scheme="light")
    await alice.opens_room()
    html = alice.page.locator("html")
    light = await _ground(alice)
    await alice.page.emulate_media(color_scheme="dark")
    await expect(html).not_to_have_css("background-color", light)
    dark = await _ground(alice)
    await _choose(alice, "Light")
    await expect(html).to_have_css("background-color", light)
    await _choose(alice, "System")
    await expect(html).to_have_css("background-color", dark)


@pytest.mark.parametrize(("choice", "system"), [("Dark", "light"), ("Light", "dark")])
async def test_a_choice_is_remembered_and_nothing_flashes(arrive: Arrive, choice: str, system: str) -> None:
    alice = await arrive("Alice", color_scheme=system)
    await alice.opens_room()
    by_system = await _ground(alice)
    await _choose(alice, choice)
    await expect(alice.page.locator("html")).not_to_have_css("background-color", by_system)
    chosen = await _ground(alice)
    # Scroll bars and fields are the browser's, and what it draws around the page.
    await expect(alice.page.locator("html")).to_have_css("color-scheme", choice.lower())
    await expect(alice.page.locator("meta[name=theme-color]")).to_have_attribute("content", FRAMES[choice])
    await alice.page.add_init_script(WATCH_FRAMES)
    engine = await _hold_engine(alice)
    await alice.page.goto("/", wait_until="commit")

    async def is_painted() -> bool:
        return bool(await alice.page.evaluate("window.grounds?.length >= 3"))

    await eventually(is_painted)
    engine.set()
    await expect(alice.heading("Talk in a quiet room.")).to_be_visible()
    assert set(await alice.page.evaluate("window.grounds")) == {chosen}


async def _hold_engine(visitor: Visitor) -> asyncio.Event:
    """Keep the page's engine on the way, as a slow network does, until the answer is set."""
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await visitor.page.route("**/assets/*.js", hold)
    return arrived


async def _choose(visitor: Visitor, choice: str) -> None:
    await visitor.button("Room menu").click()
    await visitor.page.get_by_role("group", name="Colours").get_by_text(choice).click()
    await visitor.page.keyboard.press("Escape")


async def _ground(visitor: Visitor) -> str:
    ground: str = await visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return ground
