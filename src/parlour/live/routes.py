"""GET /api/v1/live: the upgrade. From there on the gateway serves.

It stands before the framework: a crowd that comes back asks for thousands of handshakes, and none of its layers has
anything to do there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from litestar import Router, get
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from parlour.accounts.identity import AnyConnection, Origins, address_of, bearer_of, check_host, origin_of, token_of
from parlour.accounts.limits import Doors
from parlour.live.admission import Admission
from parlour.live.gateway import Gateway
from parlour.live.link import Flusher
from parlour.live.websocket import EXTENSION, LiveProtocol, SendLink, TransportLink
from parlour.wire.errors import RESTARTS, CloseCode, Refusal

PATH: Final = "/api/v1/live"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a handshake needs."""

    gateway: Gateway
    admission: Admission
    origins: Origins
    flusher: Flusher
    doors: Doors


class LiveDoor:
    """The application, with the live socket of protocol.md before it."""

    def __init__(self, parts: Parts, app: ASGIApp) -> None:
        self._parts = parts
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a handshake, or pass everything else on (ASGI)."""
        if scope["type"] == ScopeType.WEBSOCKET and scope["path"].rstrip("/") == PATH:
            await _live(self._parts, scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _live(parts: Parts, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    connection: AnyConnection = ASGIConnection(scope)
    try:
        check_host(connection)
        if bearer_of(connection) is None:
            parts.origins.check(connection)
    except Refusal:
        # Closing before accepting answers 403: no foreign page gets a socket that a cookie would open.
        await send({"type": "websocket.close", "code": CloseCode.BYE, "reason": None})
        return
    async with parts.admission.turn("door"):
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    if parts.gateway.is_draining:
        await send({"type": "websocket.close", "code": CloseCode.DRAINING, "reason": RESTARTS})
        return
    try:
        leave_door = parts.doors.enter(address_of(connection))
    except Refusal as refusal:
        await send({"type": "websocket.close", "code": CloseCode.OVERLOADED, "reason": refusal.message})
        return
    visitor = parts.gateway.welcome(token_of(connection), origin_of(connection), leave_door)
    extensions: Any = scope.get("extensions") or {}
    protocol = extensions.get(EXTENSION)
    if isinstance(protocol, LiveProtocol):
        visitor.link = link = TransportLink(parts.flusher, visitor, protocol)
        protocol.attach(link)
    else:
        visitor.link = SendLink(parts.flusher, send)
        await visitor.listen(receive)


@get("/live", include_in_schema=False, sync_to_thread=False)
def read_live() -> None:
    """Asked for without an upgrade, it says so."""
    raise Refusal("upgrade_required")


router = Router("/", route_handlers=[read_live])
