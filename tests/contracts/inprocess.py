"""The whole application in the test's own loop, under uvicorn, with either way of writing to a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from uvicorn.config import WSProtocolType

from parlour.app import Parlour, make_app
from parlour.http.protocol import BoundedProtocol
from parlour.live.websocket import LiveProtocol
from parlour.serving import STOP_WITHIN_S, DrainingServer
from parlour.settings import Settings
from parlour.wire.frames import FRAME_BYTES
from tests.cast import Server
from tests.patience import eventually

SocketProtocol = type[LiveProtocol] | WSProtocolType
DIRECT: SocketProtocol = LiveProtocol
"""Shared frames go straight to the transport, as `parlour serve` does it."""
PLAIN: SocketProtocol = "websockets-sansio"
"""Frames go through ASGI's `send`, as under any other server."""


class ServerHere(Server):
    """A server whose parts the test can look at."""

    def __init__(self, parlour: Parlour, port: int, stop: Callable[[], Awaitable[None]]) -> None:
        self.parlour = parlour
        self.port = port
        self._stop = stop
        self.departures = AsyncExitStack()

    async def stops(self) -> int:
        """Stop as SIGTERM would make it."""
        await self._stop()
        return 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def live_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/api/v1/live"


@asynccontextmanager
async def server_here(url: str, protocol: SocketProtocol = DIRECT) -> AsyncIterator[ServerHere]:
    """A server on this database, until the end of the block."""
    parlour = Parlour(Settings(host="127.0.0.1", port=0, database_url=url, rate_limits=False))
    config = uvicorn.Config(
        make_app(parlour),
        host="127.0.0.1",
        port=0,
        http=BoundedProtocol,
        ws=protocol,
        ws_max_size=FRAME_BYTES,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        log_config=None,
        access_log=False,
        lifespan="on",
    )
    running = DrainingServer(config, parlour)
    serving = asyncio.create_task(running.serve(), name="serving")

    async def is_up() -> bool:
        return running.started or serving.done()

    async def stop() -> None:
        running.should_exit = True
        await serving

    await eventually(is_up)
    server = ServerHere(parlour, running.servers[0].sockets[0].getsockname()[1], stop)
    try:
        yield server
    finally:
        await server.departures.aclose()
        await stop()
