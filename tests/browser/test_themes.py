"""Light and dark: the system's choice or one's own, remembered, and right from the first paint."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor

# Notes the ground of every frame from the first paint on, from before the page's own first script.
WATCH_FRAMES: Final = """(() => {
    window.frames_seen = [];
    const look = () => {
        const isPainted = performance.getEntriesByName("first-paint").length > 0;
        if (isPainted) window.frames_seen.push(getComputedStyle(document.documentElement).backgroundColor);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""


async def test_the_page_follows_the_system_until_somebody_chooses(arrive: Arrive) -> None:
    alice = await arrive("Alice", color_scheme="light")
    await alice.opens_room()
    light = await _ground(alice)
    await alice.page.emulate_media(color_scheme="dark")
    dark = await _ground(alice)
    assert dark != light
    await _choose(alice, "Light")
    assert await _ground(alice) == light
    await _choose(alice, "System")
    assert await _ground(alice) == dark


@pytest.mark.parametrize(("choice", "system"), [("Dark", "light"), ("Light", "dark")])
async def test_a_choice_is_remembered_and_nothing_flashes(arrive: Arrive, choice: str, system: str) -> None:
    alice = await arrive("Alice", color_scheme=system)
    await alice.opens_room()
    by_system = await _ground(alice)
    await _choose(alice, choice)
    chosen = await _ground(alice)
    await alice.page.add_init_script(WATCH_FRAMES)
    for path in (f"/r/{alice.code}", "/"):
        await alice.visits(path)
        await expect(alice.page.get_by_role("main")).to_be_visible()
        assert set(await _frames(alice)) == {chosen}
    assert chosen != by_system


async def _choose(visitor: Visitor, choice: str) -> None:
    await visitor.button("Room menu").click()
    await visitor.page.get_by_role("group", name="Colours").get_by_text(choice).click()
    await visitor.page.keyboard.press("Escape")


async def _ground(visitor: Visitor) -> str:
    ground: str = await visitor.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return ground


async def _frames(visitor: Visitor) -> list[str]:
    seen = await visitor.page.wait_for_function("() => window.frames_seen.length >= 3 && window.frames_seen")
    frames: Any = await seen.json_value()
    return list(frames)
