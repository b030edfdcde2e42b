"""docs/guides/bots.md: the bot on the page runs, and is as sturdy as the page says."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.cast import Server
from tests.conftest import Serve
from tests.docs.snippets import snippets_of
from tests.sockets import WITHIN_S

# Its author would wait; the library's first wait after a restart is up to five seconds.
IMPATIENT = {"WEBSOCKETS_BACKOFF_INITIAL_DELAY": "0.1", "WEBSOCKETS_BACKOFF_MIN_DELAY": "0.1"}


@asynccontextmanager
async def _bot(folder: Path, url: str, code: str) -> AsyncIterator[asyncio.subprocess.Process]:
    script = folder / "echo.py"
    script.write_text(snippets_of("docs/guides/bots.md")["echo"])
    environment = {**os.environ, **IMPATIENT}
    bot = await asyncio.create_subprocess_exec(
        sys.executable, script, url, code, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield bot
    finally:
        if bot.returncode is None:
            bot.kill()
        await bot.wait()


async def test_the_bot_answers_and_goes_on_after_a_restart_of_the_server(serve: Serve, tmp_path: Path) -> None:
    server = await serve()
    alice = await server.guest()
    room = await alice.opens()
    await alice.enters()
    async with _bot(tmp_path, server.url, room.code):
        await alice.socket.hears_first(lambda frame: frame["op"] == "presence" and frame.get("joined"))
        await alice.says("!echo one")
        await alice.sees("one")
        await server.stops()
        await server.starts()
        await alice.posts("!echo two")
        await alice.enters(after=0)
        await alice.sees("two")
    bodies = [message["body"] for message in (await alice.reads())["messages"]]
    assert bodies == ["!echo one", "one", "!echo two", "two"]


async def test_the_bot_ends_where_there_is_no_such_room(server: Server, tmp_path: Path) -> None:
    async with _bot(tmp_path, server.url, "ZZZZ") as bot:
        _, complaint = await asyncio.wait_for(bot.communicate(), WITHIN_S)
    assert bot.returncode == 1
    assert b"404 Not Found" in complaint
