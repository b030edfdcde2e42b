"""A person with a browser: verbs that act, and verbs that wait until something is seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, cast

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, WebSocket, expect

from tests.cast import Guest, Server

PATIENCE_MS: Final = 15_000
# The browser notes every refusal of the server in the console, also those that the page asked for:
# "am I signed in?", "is there such a room?".
_REFUSAL: Final = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
_MARKS: Final = "[\u2068\u2069]*"
_ROOM_PATH: Final = re.compile(r"/r/([0-9A-Z]+)$")


@dataclass(frozen=True)
class Screen:
    """What somebody looks at, in CSS pixels."""

    width: int
    height: int
    is_phone: bool = False


DESKTOP: Final = Screen(1280, 800)
PHONE: Final = Screen(360, 740, is_phone=True)


class Visitor:
    """One person, one browser, nothing shared with anybody else's."""

    def __init__(self, name: str, context: BrowserContext, page: Page, origin: str, *, is_phone: bool) -> None:
        self.name = name
        self.is_phone = is_phone
        self.is_signed_in = False
        self.context = context
        self.page = page
        self.origin = origin
        self.complaints: list[str] = []
        self._overlooked: list[str] = []
        page.on("console", self._read_console)
        page.on("pageerror", lambda error: self._complain(f"uncaught: {error}"))
        page.on("request", self._check_request)
        page.on("websocket", self._check_socket)

    @classmethod
    async def arrive(cls, name: str, browser: Browser, origin: str, screen: Screen, options: dict[str, Any]) -> Self:
        context = await browser.new_context(
            **{
                "base_url": origin,
                "viewport": {"width": screen.width, "height": screen.height},
                "has_touch": screen.is_phone,
                "is_mobile": screen.is_phone,
                "locale": "en-GB",
                "timezone_id": "Europe/Lisbon",
                "reduced_motion": "reduce",
                **options,
            }
        )
        context.set_default_timeout(PATIENCE_MS)
        return cls(name, context, await context.new_page(), origin, is_phone=screen.is_phone)

    # What is on the screen.

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def bodies(self) -> Locator:
        """What was said, one locator for each message, oldest first."""
        return self.log.locator("li[data-kind=message] .bubble")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    @property
    def code(self) -> str:
        """The code of the room they are in, as the address says it."""
        found = _ROOM_PATH.search(self.page.url)
        assert found is not None, f"{self.page.url} is no room"
        return found[1]

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", name=name, exact=True)

    def dialog(self, name: str) -> Locator:
        return self.page.get_by_role("dialog", name=name, exact=True)

    def note(self, words: str) -> Locator:
        """A line about what happened in the room; the marks that isolate the names in it do not count."""
        pattern = _MARKS + rf"{_MARKS}\s{_MARKS}".join(map(re.escape, words.split())) + _MARKS
        return self.page.locator("main li[data-kind=note]").filter(has_text=re.compile(rf"^\s*{pattern}\s*$"))

    async def conversation(self) -> list[str]:
        return await self.bodies.all_inner_texts()

    # Coming in.

    async def visits(self, path: str = "/") -> None:
        await self.page.goto(path)

    async def says_name(self) -> None:
        """Fill the field in, on the start page or at a room's door."""
        await self.page.get_by_label("Your name").fill(self.name)

    async def opens_room(self, title: str = "") -> str:
        """From the start page; the code of the new room."""
        await self.visits()
        await self.says_name()
        await self.page.get_by_label("What is it about?").fill(title)
        await self.button("Create a room").click()
        return await self.is_inside()

    async def enters(self, code: str) -> None:
        """By the link."""
        await self.visits(f"/r/{code}")
        if not self.is_signed_in:
            await self.says_name()
            await self.button("Go in").click()
        await self.is_inside()

    async def is_inside(self) -> str:
        """Wait for the room, and for the live connection to it; its code."""
        await expect(self.composer).to_be_visible()
        await self.is_online()
        self.is_signed_in = True
        return self.code

    async def without_a_page(self, server: Server) -> Guest:
        """The same person, with the same session, as a program."""
        secret = next(cookie for cookie in await self.context.cookies() if cookie["httpOnly"])
        http = await server.browser("/api/v1")
        http.headers["authorization"] = f"Bearer {secret['value']}"
        signed_in = (await http.get("/session")).json() | {"token": secret["value"]}
        return Guest(server, http, signed_in, None)

    # Being there.

    async def says(self, *bodies: str) -> None:
        for body in bodies:
            await self.composer.fill(body)
            await self.sends()

    async def sends(self) -> None:
        """What stands in the composer. On a phone Enter begins a line."""
        if self.is_phone:
            await self.button("Send").tap()
        else:
            await self.composer.press("Enter")

    async def sees(self, *bodies: str) -> None:
        for body in bodies:
            await expect(self.bodies.get_by_text(body, exact=True)).to_be_visible()

    async def chooses(self, item: str) -> None:
        """From the room's menu."""
        await self.button("Room menu").click()
        await self.page.locator("[popover]").get_by_role("button", name=item).click()

    async def shows_people(self) -> Locator:
        """Open the list of people; the list."""
        await self.page.get_by_role("button", name="Show people").click()
        return self.dialog("People")

    async def is_online(self) -> None:
        await expect(self.page.locator(".pill")).to_be_hidden()

    async def sees_in(self, theme: Literal["light", "dark"]) -> None:
        """Let the system change its colours, and wait until the page has followed."""
        await self.page.emulate_media(color_scheme=theme)
        await expect(self.page.locator("html")).to_have_attribute("data-theme", theme)

    async def loses_the_network(self) -> None:
        """As the browser notices it; a socket that is open stays open until nobody answers on it."""
        await self.context.set_offline(True)

    async def scrolls_back(self, top_px: int = 0) -> None:
        """Away from the end, until the page has noticed."""
        await self.scrolls_to(top_px)
        await expect(self.page.get_by_role("button", name="Jump to the latest message")).to_be_visible()

    async def scrolls_to(self, top_px: int) -> None:
        await self.log.evaluate("(log, top) => { log.scrollTop = top; }", top_px)

    async def has_sent_everything(self) -> None:
        await expect(self.log.get_by_text("Sending…")).to_have_count(0)

    # What goes wrong.

    def overlooks(self, *parts: str) -> None:
        """In this test the browser has reason to complain like this."""
        self._overlooked += parts

    def _complain(self, complaint: str) -> None:
        if not any(part in complaint for part in self._overlooked):
            self.complaints.append(complaint)

    def _read_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _REFUSAL.match(message.text):
            self._complain(f"{message.type}: {message.text}")

    def _check_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin + "/", "blob:", "data:")):
            self._complain(f"asked {request.url}")

    def _check_socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(self.origin.replace("http", "ws", 1) + "/"):
            self._complain(f"opened {socket.url}")


async def measure(locator: Locator, script: str) -> Any:  # noqa: ANN401 -- whatever the script answers
    """What a script answers about an element."""
    return cast("Any", await locator.evaluate(script))
