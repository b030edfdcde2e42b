"""One Chromium for all chapters, and a browser of their own for everybody who comes.

Every visit ends with a look at what the browser had to say: an error in the console, or a request to
somewhere else, fails the test in which it happened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.visitor import DESKTOP, PATIENCE_MS, Screen, Visitor
from tests.cast import Guest, Server
from tests.patience import eventually
from tests.server import ServerProcess
from tools.chromium import MISSING, find_chromium
from tools.web import Web

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Serve = Callable[..., Awaitable[Server]]


class Arrive(Protocol):
    """Somebody comes, whom nobody knows yet. Further keywords are Playwright's, for the context."""

    async def __call__(
        self, name: str = "Alice", *, at: Server | None = None, screen: Screen = DESKTOP, **browser: object
    ) -> Visitor: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser lives longer than a test, and so must the loop that talks to it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session", autouse=True)
def build_page() -> None:
    """Before any server starts that would show the page."""
    if not Web().is_fresh():
        Web().build()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server(server: Server) -> AsyncIterator[Server]:
    """The shared server, whose visitors leave in the loop in which they came."""
    yield server
    await server.departures.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def carol(server: Server) -> Guest:
    """Who talks without a browser."""
    return await server.guest("Carol")


@pytest_asyncio.fixture(loop_scope="session")
async def serve(serve: Serve) -> AsyncIterator[Serve]:
    """Servers of the test's own, whose visitors leave in the loop in which they came."""
    started: list[Server] = []

    async def start(**settings: object) -> Server:
        started.append(await serve(**settings))
        return started[-1]

    yield start
    for server in started:
        await server.departures.aclose()


@pytest.fixture(scope="session")
def forgetful_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("forgetful"), rate_limits="off", empty_room_ttl_s=0.5)
    process.start()
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.close()


@pytest_asyncio.fixture(loop_scope="session")
async def forgetful(forgetful_process: ServerProcess) -> AsyncIterator[Server]:
    """A shared server whose rooms close as soon as nobody is there."""
    server = Server(forgetful_process)
    yield server
    await server.departures.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser, server: Server) -> AsyncIterator[Arrive]:
    visitors: list[Visitor] = []

    async def open_browser(
        name: str = "Alice", *, at: Server | None = None, screen: Screen = DESKTOP, **browser: object
    ) -> Visitor:
        visitors.append(await Visitor.arrive(name, chromium, (at or server).url, screen, browser))
        return visitors[-1]

    yield open_browser
    for visitor in visitors:
        await visitor.context.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []


async def room_closes(server: Server, code: str) -> None:
    """Wait until nothing is behind the code any more."""
    http = await server.browser("/api/v1")

    async def is_gone() -> bool:
        return (await http.get(f"/codes/{code}")).status_code == HTTPStatus.NOT_FOUND

    await eventually(is_gone)
