"""Visitors with a network of their own between them and the server, and everything that can become of it.

Each fault is a block: it is on inside, and over behind it. What people wrote meanwhile is theirs to say again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Self, cast

from playwright.async_api import BrowserContext, CDPSession, Page, WebSocket, expect

from bench.torture.proxy import Proxy, Wire
from tests.browser.visitor import Visitor
from tests.cast import Server
from tests.patience import eventually

SETTLED_WITHIN_S: Final = 60
"""What a healthy page needs is 5 s; the rest is for a machine that has other things to do."""
# It reports also what stands there twice for less than a frame.
_WATCH_FOR_DOUBLES: Final = """
new MutationObserver(() => {
  const rows = document.querySelectorAll("li[data-kind=message] .bubble");
  const bodies = Array.from(rows, (row) => row.textContent);
  const twice = bodies.filter((body, at) => bodies.indexOf(body) !== at);
  if (twice.length > 0) sawTwice(twice);
}).observe(document, { childList: true, characterData: true, subtree: true });
"""
_SAY_AND_RELOAD: Final = """(composer) => {
  composer.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  location.reload();
}"""
_READ: Final = "Array.from(document.querySelectorAll('li[data-kind=message] .bubble'), (row) => row.innerText)"


class FarServer(Server):
    """The same server, by way of somebody's network."""

    def __init__(self, server: Server, proxy: Proxy) -> None:
        super().__init__(server.process)
        self._proxy = proxy

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._proxy.port}"


class Traveller:
    """A visitor, what they said, and the network that they come by."""

    def __init__(self, visitor: Visitor, proxy: Proxy) -> None:
        self.visitor = visitor
        self.said: list[str] = []
        self.seen_twice: list[str] = []
        self._proxy = proxy
        self.connections = 0
        """Live ones that the page has tried."""
        visitor.page.on("websocket", self._note_socket)

    async def is_watched(self) -> None:
        """From the next page on: nothing may stand on it twice, not even for a moment."""
        self.visitor.overlooks("WebSocket connection", "net::ERR_")
        await self.visitor.context.expose_function("sawTwice", self._note_doubles)
        await self.visitor.context.add_init_script(_WATCH_FOR_DOUBLES)

    @property
    def wires(self) -> list[Wire]:
        return list(self._proxy.open_wires)

    async def says(self, *bodies: str) -> None:
        self.said += bodies
        await self.visitor.says(*bodies)

    async def begins(self, draft: str) -> None:
        """Write, and do not send."""
        await self.visitor.composer.press_sequentially(draft)

    async def still_writes(self, draft: str) -> None:
        """Neither the words nor the place to write them were taken away."""
        await expect(self.visitor.composer).to_have_value(draft)
        await expect(self.visitor.composer).to_be_focused()

    # What becomes of the network.

    @asynccontextmanager
    async def offline(self) -> AsyncIterator[None]:
        """No network, and the browser knows. What was on its way arrives late."""
        wires = self._stall()
        await self.visitor.context.set_offline(True)
        yield
        await self.visitor.context.set_offline(False)
        _release(wires)

    @asynccontextmanager
    async def half_open(self) -> AsyncIterator[None]:
        """The connection is dead, and nobody knows before the network changes.

        Behind the block the page is on another one, and what the dead one had swallowed arrives as well.
        """
        wires = self._stall()
        yield
        await self._changes_network()
        await self._leaves(wires)
        _release(wires)

    @asynccontextmanager
    async def cut_after(self, up_bytes: int) -> AsyncIterator[None]:
        """The connection breaks when so many more bytes were said over it; the block has to say more than that."""
        wires = self.wires
        for wire in wires:
            wire.cut_after(up_bytes=up_bytes)
        yield

        async def is_cut() -> bool:
            return not wires or any(wire.is_over for wire in wires)

        await eventually(is_cut, SETTLED_WITHIN_S)
        for wire in wires:
            wire.cut_after()
        await self._leaves(wires)

    @asynccontextmanager
    async def unanswered(self) -> AsyncIterator[None]:
        """The server hears everything, and no answer arrives; then the connection is reset."""
        wires = self.wires
        for wire in wires:
            wire.deafen()
        yield
        self._reset()
        await self._leaves(wires)

    @asynccontextmanager
    async def asleep(self, ahead_s: int, *, dies: bool = False) -> AsyncIterator[Sleep]:
        """The lid is closed: no timer runs and nothing is read; behind the block it is `ahead_s` later.

        A connection that `dies` of it does so silently, and behind the block the page has noticed.
        """
        sleep = await Sleep.begin(self.visitor.context, self.visitor.page)
        wires = self._stall() if dies else []
        yield sleep
        await sleep.end(ahead_s)
        if dies:
            await self._leaves(wires)
            _release(wires)

    @asynccontextmanager
    async def swallowed(self) -> AsyncIterator[None]:
        """Nothing of what is said arrives anywhere."""
        self._stall()
        yield

    async def reloads(self) -> None:
        """Over new connections: what was under way on the old ones is lost."""
        self._reset()
        await self.visitor.page.reload()
        await self.visitor.is_inside()

    async def says_and_reloads(self, body: str) -> None:
        """In one breath: no script of the page gets a turn between the two."""
        self.said.append(body)
        await self.visitor.composer.fill(body)
        async with self.visitor.page.expect_navigation():
            self._reset()
            await self.visitor.composer.evaluate(_SAY_AND_RELOAD)
        await self.visitor.is_inside()

    async def is_live(self) -> None:
        """Wait until the page is connected, and let the browser tell it once that there is a network."""
        await self._changes_network()
        await expect(self.visitor.page.locator(".pill")).to_be_hidden(timeout=SETTLED_WITHIN_S * 1000)

    async def has_sent_everything(self) -> None:
        """Wait until the network is there and nothing has to go over it any more."""
        await self.is_live()
        unsent = self.visitor.log.get_by_text("Sending…")
        await expect(unsent).to_have_count(0, timeout=SETTLED_WITHIN_S * 1000)

    def _note_socket(self, _socket: WebSocket) -> None:
        self.connections += 1

    def _note_doubles(self, bodies: list[str]) -> None:
        self.seen_twice += bodies

    async def _changes_network(self) -> None:
        """From one to another; only the browser's word for it, nothing breaks."""
        await self.visitor.context.set_offline(True)
        await self.visitor.context.set_offline(False)

    async def _leaves(self, dead: list[Wire]) -> None:
        """Wait until the page is live, over another wire than these."""

        async def is_on_another() -> bool:
            return bool(set(self.wires) - set(dead)) and await self.visitor.page.locator(".pill").is_hidden()

        await eventually(is_on_another, SETTLED_WITHIN_S)

    def _reset(self) -> None:
        for wire in self.wires:
            wire.reset()

    def _stall(self) -> list[Wire]:
        wires = self.wires
        for wire in wires:
            wire.stall()
        return wires


class Sleep:
    """A page whose script stands still; what arrives for it waits.

    CDP's frozen lifecycle leaves a visible page awake, and its virtual time runs every missed timer afterwards. A
    halted debugger stops all, and every timer is late once, as behind a lid.
    """

    def __init__(self, context: BrowserContext, session: CDPSession, frame: str) -> None:
        self._context = context
        self._session = session
        self._frame = frame

    @classmethod
    async def begin(cls, context: BrowserContext, page: Page) -> Self:
        session = await context.new_cdp_session(page)
        halted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        session.once("Debugger.paused", lambda event: halted.set_result(event["callFrames"][0]["callFrameId"]))
        await session.send("Debugger.enable")
        await session.send("Debugger.pause")
        # Halts with the next statement: the page looks at its connection every second.
        return cls(context, session, await asyncio.wait_for(halted, SETTLED_WITHIN_S))

    async def conversation(self) -> list[str]:
        """What stands on the dark screen."""
        return cast("list[str]", await self._evaluate(_READ))

    async def end(self, ahead_s: int) -> None:
        jump = f"{{ const now = Date.now; Date.now = () => now() + {ahead_s * 1000}; }}"
        await self._evaluate(jump)
        await self._session.send("Debugger.resume")
        await self._session.send("Debugger.disable")
        await self._session.detach()
        # The clock stays right also for the pages to come.
        await self._context.add_init_script(jump)

    async def _evaluate(self, script: str) -> Any:  # noqa: ANN401 -- whatever the script answers
        asked = {"callFrameId": self._frame, "expression": script, "returnByValue": True}
        answer = await self._session.send("Debugger.evaluateOnCallFrame", asked)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


def _release(wires: list[Wire]) -> None:
    for wire in wires:
        wire.heal()
