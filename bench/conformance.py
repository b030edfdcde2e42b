"""`bin/bench conformance`: the WebSocket cases of the Autobahn suite, by kosoku, against the socket of Parlour.

The protocol class, the frame limit and uvicorn's options are those of the product; behind them is an echo, as the cases
ask for. Once it answers through ASGI, and once through a link, as Parlour's own visitors do: that has no use for binary
messages, and so is asked about texts only.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import uvicorn
from kosoku import FailureError, run_fuzzingclient

from bench.results import Row
from parlour.live.link import Flusher
from parlour.live.websocket import EXTENSION, LiveProtocol, TransportLink
from parlour.serving import SOCKET_OPTIONS
from parlour.wire.codec import text_frame

GROUPS: Final = {
    "9.*": "messages of up to 16 MiB; a frame of Parlour is at most 64 KiB, a longer one is answered with 1009",
    "12.*": "permessage-deflate, which Parlour does not offer: frames are shared, and history comes compressed by HTTP",
    "13.*": "as 12.*",
}
"""What bin/test leaves out, and why."""
BINARY: Final = "1.2.*"
"""Echoes of binary messages: a link has no use for any."""
DEVIATIONS: Final = {
    "7.1.5": "a close in the middle of a message is answered with 1002, not 1000: the websockets package takes a "
    "message that was cut for a fault of its sender",
}
POLL_S: Final = 0.01
PASSED: Final = ("OK", "NON-STRICT", "INFORMATIONAL")


class Echo:
    """The owner of a link who says what it hears."""

    def __init__(self, flusher: Flusher, protocol: LiveProtocol) -> None:
        self._protocol = protocol
        self._link = TransportLink(flusher, self, protocol)

    @property
    def link(self) -> TransportLink:
        """Its own."""
        return self._link

    def hear(self, text: bytes | None) -> None:
        """Say it again."""
        if text is not None:
            self._protocol.transport.write(text_frame(text))

    def notice(self) -> None:
        """Nothing depends on it."""

    def gone(self) -> None:
        """Nothing is kept."""


async def echo(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 -- ASGI's
    """The application: `/link` echoes through a link, anything else through ASGI."""
    await receive()
    await send({"type": "websocket.accept"})
    protocol = scope["extensions"][EXTENSION]
    if scope["path"] == "/link":
        protocol.attach(Echo(Flusher(), protocol).link)
        return
    # uvicorn's way to say that the peer has closed meanwhile.
    with suppress(RuntimeError):
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The echo's address."""
    config = uvicorn.Config(
        echo, host="127.0.0.1", port=0, ws=LiveProtocol, lifespan="off", log_config=None, **SOCKET_OPTIONS
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 -- uvicorn tells nobody
        await asyncio.sleep(POLL_S)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def examine(path: str, cases: Sequence[str] | None, left_out: Sequence[str]) -> list[Any]:
    """The result of every case, in order."""
    async with serving() as address:
        try:
            results = await run_fuzzingclient(f"{address}{path}", cases, left_out, concurrency=8)
        except FailureError as failure:
            results = failure.results
    return list(results)


def faults(results: Sequence[Any]) -> dict[str, str]:
    """The cases that were not passed, and how."""
    return {
        result.case_id: f"{result.behavior.value}, closing {result.behavior_close.value}"
        for result in results
        if result.behavior.value not in PASSED or result.behavior_close.value not in {"OK", "INFORMATIONAL"}
    }


def reason_for(case: str) -> str:
    """Why the case is not passed, as far as that is by design."""
    return DEVIATIONS.get(case) or GROUPS.get(f"{case.partition('.')[0]}.*", "not expected")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench conformance`."""
    parser.add_argument("--all", action="store_true", help="also what Parlour does not do by design (groups 9, 12, 13)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Examine both ways to answer; prints each case that was not passed."""
    left_out = () if arguments.all else tuple(GROUPS)
    for path, without in (("/asgi", left_out), ("/link", (*left_out, BINARY))):
        results = asyncio.run(examine(path, None, without))
        for case, how in faults(results).items():
            print(f"{case}: {how}; {reason_for(case)}")
        yield {
            "what": f"conformance, {path[1:]}",
            "cases": len(results),
            **Counter(f"{result.behavior.value.lower()}" for result in results),
        }
