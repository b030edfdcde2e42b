"""The pictures of the README, in both themes: made anew with PARLOUR_PICTURES=1, else only shown to be possible."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, Serve
from tests.browser.stage import CODE, NOW, play
from tests.browser.visitor import Visitor
from tests.cast import Server

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
TITLE: Final = "Sunday walk"
MOST_BYTES: Final = 300_000
# So that the end of one day and the beginning of the next are seen, and the jump button hides no word.
BRING_LOW: Final = """(line) => {
    line.closest("[role=log]").scrollTop += line.getBoundingClientRect().top - 610;
}"""
ENDINGS: Final[dict[Literal["light", "dark"], str]] = {"light": "", "dark": "-dark"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if os.environ.get("PARLOUR_PICTURES") != "1":
        return tmp_path
    PICTURES.mkdir(exist_ok=True)
    return PICTURES


async def test_the_start_page_and_a_new_room(arrive: Arrive, serve: Serve, folder: Path) -> None:
    ines = await _sits_down(arrive, await serve(rate_limits="off"))
    await ines.visits()
    await ines.says_name()
    await _take(ines, folder, "landing")
    await ines.opens_room(TITLE)
    await expect(ines.page.get_by_text("after the last person leaves.")).to_be_visible()
    await _take(ines, folder, "create")


async def test_an_evening_of_talk_and_its_history(arrive: Arrive, serve: Serve, folder: Path) -> None:
    server = await serve(rate_limits="off")
    ines = await _sits_down(arrive, server)
    code = await ines.opens_room(TITLE)
    await ines.visits("about:blank")
    people = await play(server, await ines.without_a_page(server), code)
    for name, guest in people.items():
        if name != "Tomás":
            await guest.enters()
    await ines.visits(f"/r/{CODE}")
    await ines.is_inside()
    await ines.sees("I'll bring the cake this time. The almond one.")
    await ines.shows_people()
    await _take(ines, folder, "chat")
    await ines.dialog("People").get_by_role("button", name="Close").click()
    await ines.scrolls_back()
    await ines.log.get_by_text("Yesterday", exact=True).evaluate(BRING_LOW)
    await people["Ruth Adler"].says("And who has a tent?")
    await expect(ines.page.get_by_role("button", name="1 new message")).to_be_visible()
    await _take(ines, folder, "history")


async def _sits_down(arrive: Arrive, server: Server) -> Visitor:
    """Ines, at a sharp screen, on the evening of the pictures."""
    ines = await arrive("Ines", at=server, device_scale_factor=2, timezone_id="UTC")
    await ines.page.clock.set_fixed_time(NOW)
    return ines


async def _take(visitor: Visitor, folder: Path, name: str) -> None:
    await visitor.page.mouse.move(0, 0)
    for theme, ending in ENDINGS.items():
        await visitor.sees_in(theme)
        path = folder / f"{name}{ending}.png"
        await visitor.page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size <= MOST_BYTES, path
    await visitor.sees_in("light")
