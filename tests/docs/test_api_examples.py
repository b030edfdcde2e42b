"""README.md and docs/guides/bots.md: the calls with curl work as they stand on the page."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from typing import Any

import pytest

from tests.cast import Server
from tests.docs.snippets import SERVER, snippets_of
from tests.sockets import WITHIN_S

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="these examples are written with curl")


@pytest.fixture
def api(server: Server) -> str:
    return snippets_of("README.md")["api"].replace(SERVER, server.url)


async def test_the_calls_of_the_readme_open_a_room_and_talk_in_it(api: str) -> None:
    shell = await _start(api)
    output, _ = await asyncio.wait_for(shell.communicate(), WITHIN_S)
    assert shell.returncode == 0
    room, posted, history, log = _values(output.decode())
    assert room["room"]["title"] == "Tea"
    assert posted["seq"] == 3
    assert [message["body"] for message in history["messages"]] == ["Hello"]
    assert [event["kind"] for event in log["events"]] == ["room.created", "member.joined", "message.posted"]


async def test_a_room_can_be_followed_as_a_stream(api: str, server: Server) -> None:
    stream = snippets_of("docs/guides/bots.md")["stream"].replace(SERVER, server.url)
    shell = await _start(f"{{ {api}\n}} >/dev/null\nexec {stream}")
    assert shell.stdout is not None
    try:
        event = await asyncio.wait_for(shell.stdout.readuntil(b'"body":"Hello"'), WITHIN_S)
    finally:
        shell.kill()
        await shell.wait()
    assert re.findall(rb"^id: (\d+)$", event, re.MULTILINE) == [b"1", b"2", b"3"]


async def _start(script: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec("sh", "-euc", script, stdout=asyncio.subprocess.PIPE)


def _values(text: str) -> list[dict[str, Any]]:
    """JSON values that stand one after another."""
    decoder, values, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
    return values
