"""Every screen that there is, and how to get there. What holds on each of them is said in the chapters that use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import expect

from tests.browser.conftest import Arrive, room_closes
from tests.browser.visitor import Visitor
from tests.cast import Guest, Server

LONGEST_NAME: Final = "Wolfeschlegelsteinhausenbergerdorffwelch"
FAMILY: Final = "👩‍👩‍👧‍👦 Zoë"
ARABIC: Final = "نور الهدى"
LONG_WORD: Final = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
MARKUP: Final = '<img src=x onerror="document.title=1"><b>bold</b> &amp; <script>alert(1)</script>'
LONG_LINK: Final = "https://example.org/" + "a-very-long-path/" * 12
TALK: Final = (
    "Is the kettle on?",
    "first line\nsecond line\n\n\tand a paragraph",
    "مرحبا بالجميع، الشاي جاهز",
    LONG_WORD,
    MARKUP,
    LONG_LINK,
    "🫖",
    FAMILY,
)


@dataclass(frozen=True)
class Stage:
    """What a way to a screen may use."""

    visitor: Visitor
    carol: Guest
    forgetful: Server
    arrive: Arrive


Way = Callable[[Stage], Awaitable[None]]


async def landing(stage: Stage) -> None:
    await stage.visitor.visits()
    await expect(stage.visitor.button("Create a room")).to_be_visible()


async def landing_without_a_name(stage: Stage) -> None:
    await landing(stage)
    await stage.visitor.button("Create a room").click()
    await expect(stage.visitor.page.get_by_role("alert")).to_be_visible()


async def landing_with_an_unknown_code(stage: Stage) -> None:
    await landing(stage)
    await stage.visitor.page.get_by_label("Have a code?").press_sequentially("2222")
    await stage.visitor.button("Join").click()
    await expect(stage.visitor.page.get_by_role("alert")).to_be_visible()


async def door(stage: Stage) -> None:
    await stage.visitor.visits(f"/r/{(await stage.carol.opens(f'About {LONG_WORD[:70]}')).code}")
    await expect(stage.visitor.button("Go in")).to_be_visible()


async def door_with_a_password(stage: Stage) -> None:
    visitor = stage.visitor
    await visitor.visits(f"/r/{(await stage.carol.opens('Tea at four', password='milk')).code}")
    await visitor.says_name()
    await visitor.button("Go in").click()
    await visitor.page.get_by_label("Password of this room").fill("lemon")
    await visitor.button("Go in").click()
    await expect(visitor.page.get_by_role("alert")).to_be_visible()


async def empty_room(stage: Stage) -> None:
    await stage.visitor.opens_room("Tea at four")
    await expect(stage.visitor.heading("You are the first one here.")).to_be_visible()


async def full_room(stage: Stage) -> None:
    """Every kind of row, names and words that are hard to lay out, more than fits, and somebody at its end."""
    visitor, carol = stage.visitor, stage.carol
    await carol.opens("Tea at four, and " + LONG_WORD[:60])
    await visitor.enters(carol.room.code)
    await carol.enters()
    for body in TALK:
        await carol.says(body)
    for name in (LONGEST_NAME, FAMILY, ARABIC, "<i>Mallory</i>"):
        await carol.renames(name)
        await carol.says(f"from {name}")
    await visitor.says(*TALK)
    await expect(visitor.bodies).to_have_count(2 * len(TALK) + 4)
    await visitor.has_sent_everything()


async def full_room_scrolled_back(stage: Stage) -> None:
    await full_room(stage)
    await stage.visitor.scrolls_back()
    await stage.carol.says("News from below")
    await expect(stage.visitor.page.get_by_role("button", name="1 new message")).to_be_visible()


async def refused_message(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.says("\u202erefused", "\u202e" + LONG_WORD)
    await expect(stage.visitor.page.get_by_role("group", name="Not sent.")).to_have_count(2)


async def people(stage: Stage) -> None:
    await full_room(stage)
    await expect(await stage.visitor.shows_people()).to_be_visible()


async def menu(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.button("Room menu").click()
    await expect(stage.visitor.page.locator("[popover]")).to_be_visible()


async def invitation(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.chooses("Invite people")
    await expect(stage.visitor.page.get_by_role("img", name="QR code")).to_be_visible()


async def renaming(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.chooses("Change your name")
    await stage.visitor.page.get_by_label("What should people call you?").fill(LONGEST_NAME + "s")
    await stage.visitor.button("Save").click()
    await expect(stage.visitor.page.get_by_role("alert")).to_be_visible()


async def leaving(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.chooses("Leave this room")
    await expect(stage.visitor.dialog("Leave this room?")).to_be_visible()


async def signing_out(stage: Stage) -> None:
    await empty_room(stage)
    await stage.visitor.chooses("Sign out")
    await expect(stage.visitor.dialog("Sign out?")).to_be_visible()


async def left(stage: Stage) -> None:
    await leaving(stage)
    await stage.visitor.dialog("Leave this room?").get_by_role("button", name="Leave", exact=True).click()
    await expect(stage.visitor.heading("You have left the room.")).to_be_visible()


async def closed(stage: Stage) -> None:
    code = await stage.visitor.opens_room("Tea at four")
    await stage.visitor.visits()
    await room_closes(stage.forgetful, code)
    await stage.visitor.visits(f"/r/{code}")
    await expect(stage.visitor.heading("This room has closed.")).to_be_visible()


async def not_found(stage: Stage) -> None:
    await stage.visitor.visits("/r/2222")
    await expect(stage.visitor.heading("There is no room behind this code.")).to_be_visible()


async def unknown_address(stage: Stage) -> None:
    await stage.visitor.visits("/attic")
    await expect(stage.visitor.heading("There is nothing at this address.")).to_be_visible()


async def offline(stage: Stage) -> None:
    """The network is gone: probed within three seconds, then said."""
    await empty_room(stage)
    stage.visitor.overlooks("ERR_INTERNET_DISCONNECTED", "WebSocket connection")
    await stage.visitor.loses_the_network()
    await expect(stage.visitor.page.locator(".pill")).to_contain_text("You are offline.")
    await stage.visitor.says("Kept for later")
    await expect(stage.visitor.log.get_by_text("Sending…")).to_be_visible()


SCREENS: Final[dict[str, Way]] = {
    way.__name__: way
    for way in (
        landing, landing_without_a_name, landing_with_an_unknown_code, door, door_with_a_password, empty_room,
        full_room, full_room_scrolled_back, refused_message, people, menu, invitation, renaming, leaving, signing_out,
        left, closed, not_found, unknown_address, offline,
    )
}  # fmt: skip
