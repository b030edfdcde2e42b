"""What holds on every screen, in both themes, on a phone and on a desk: all can use it, and nothing sticks out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import pytest

from tests.browser.conftest import Arrive
from tests.browser.screens import SCREENS, Stage, closed
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.cast import Guest, Server

AXE: Final = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text()
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
RUN_AXE: Final = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const where = (nodes) => nodes.map(({ html }) => html.slice(0, 120)).join(" | ");
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${where(nodes)}`);
}"""
# What reaches beyond the sides of the screen, or makes something scroll sideways. A title may be cut with an ellipsis.
STICKING_OUT: Final = """() => {
    const width = document.documentElement.clientWidth;
    const name = (element) => `${element.tagName}.${element.className}`;
    const isWide = (box) => box.scrollWidth > box.clientWidth;
    const isDrawn = (element) =>
        element.checkVisibility({ opacityProperty: true }) && !element.closest(".visually-hidden, .skip-link, h1");
    const isOutside = (element) => {
        const { left, right } = element.getBoundingClientRect();
        return isDrawn(element) && (left < -0.5 || right > width + 0.5);
    };
    const boxes = [...document.querySelectorAll("html, main, dialog, .list, [role=log]")];
    const elements = [...document.querySelectorAll("body *")];
    return [
        ...boxes.filter(isWide).map((box) => `${name(box)} holds ${box.scrollWidth} in ${box.clientWidth}`),
        ...elements.filter(isOutside).map((element) => `${name(element)} is outside`),
    ];
}"""


@pytest.mark.parametrize("name", SCREENS)
async def test_the_screen_is_accessible_and_fits(arrive: Arrive, carol: Guest, forgetful: Server, name: str) -> None:
    way = SCREENS[name]
    visitor = await arrive("Ada", at=forgetful if way is closed else None, screen=PHONE)
    await way(Stage(visitor, carol, forgetful, arrive))
    await visitor.page.evaluate(AXE)
    for screen in (PHONE, DESKTOP):
        await visitor.page.set_viewport_size({"width": screen.width, "height": screen.height})
        assert await visitor.page.evaluate(STICKING_OUT) == [], f"{name} at {screen.width} px"
        await _assert_accessible(visitor, f"{name} at {screen.width} px")


async def _assert_accessible(visitor: Visitor, where: str) -> None:
    for theme in THEMES:
        await visitor.sees_in(theme)
        violations: list[Any] = await visitor.page.evaluate(RUN_AXE)
        assert violations == [], f"{where}, {theme}"
