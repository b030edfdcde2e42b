"""Running the application under uvicorn: the socket's protocol class, and the drain before the stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from contextlib import suppress
from typing import Final, TypedDict

import structlog
import uvicorn

from parlour.app import Parlour, make_app
from parlour.greeting import greeting
from parlour.http.protocol import BoundedProtocol
from parlour.live.websocket import LiveProtocol
from parlour.settings import Settings
from parlour.storage.claim import AlreadyServedError, claim_database
from parlour.storage.dialects import is_sqlite, resolve_url
from parlour.storage.migrations import migrate
from parlour.wire.frames import FRAME_BYTES


class SocketOptions(TypedDict):
    """What uvicorn is told about WebSockets."""

    ws_max_size: int
    ws_ping_interval: float | None
    ws_per_message_deflate: bool


STOP_WITHIN_S = 8
SOCKET_OPTIONS: Final = SocketOptions(ws_max_size=FRAME_BYTES, ws_ping_interval=None, ws_per_message_deflate=False)
"""Pings are the gateway's. Nothing is deflated: a frame is the same bytes for everyone, and history is HTTP's."""
SWITCH_EVERY_S = 0.001
"""How long the loop may keep the interpreter while the database's thread has an answer for it."""
COLLECT_EVERY = (20_000, 10, 10)
"""How many objects come into being before the collector looks for cycles. Posts make none, and come in thousands."""
_log = structlog.get_logger("parlour")


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which lets everyone finish before it closes what is open."""

    def __init__(self, config: uvicorn.Config, parlour: Parlour) -> None:
        super().__init__(config)
        self._parlour = parlour

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say where."""
        await super().startup(sockets)
        if self.started:
            _settle_down()
            port = self.servers[0].sockets[0].getsockname()[1]
            sys.stdout.write(greeting(self._parlour.settings, port))
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close."""
        for server in self.servers:
            server.close()
        await self._parlour.drain()
        await super().shutdown(sockets)
        _log.info("stopped")


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        AlreadyServedError: another server has the database; also when it took it while PostgreSQL was gone.
        NewerSchemaError: the embedded database is of a newer version.
    """
    url = resolve_url(settings.effective_database_url)
    is_lost = asyncio.Event()
    async with claim_database(url, is_lost.set):
        if is_sqlite(url):
            await migrate(settings.effective_database_url)
        server = _make_server(settings)
        watch = asyncio.create_task(_stop_when(is_lost, server), name="claim lost")
        await server.serve()
        watch.cancel()
    if is_lost.is_set():
        raise AlreadyServedError(url.render_as_string(hide_password=True))


def _settle_down() -> None:
    """Everything that lives as long as the server is there: the collector need not look through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)
    sys.setswitchinterval(SWITCH_EVERY_S)


async def _stop_when(event: asyncio.Event, server: uvicorn.Server) -> None:
    await event.wait()
    server.should_exit = True


def _make_server(settings: Settings) -> DrainingServer:
    parlour = Parlour(settings)
    config = uvicorn.Config(
        make_app(parlour),
        host=settings.host,
        port=settings.port,
        http=BoundedProtocol,
        ws=LiveProtocol,
        **SOCKET_OPTIONS,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=STOP_WITHIN_S,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
    )
    return DrainingServer(config, parlour)


def run(settings: Settings) -> None:
    """Serve on the fastest event loop there is here."""
    loop_factory = uvicorn.Config("", log_config=None).get_loop_factory()
    # uvicorn raises SIGINT again once it has stopped cleanly; on a terminal there is nothing left to say.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(serve(settings))
