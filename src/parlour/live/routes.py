"""GET /api/v1/live: the upgrade. From there on the gateway serves."""

from __future__ import annotations

from typing import Any

from litestar import Router, WebSocket, get, websocket
from litestar.di import NamedDependency

from parlour.accounts.identity import Origins, address_of, bearer_of, origin_of, token_of
from parlour.accounts.limits import Doors
from parlour.live.gateway import Gateway
from parlour.live.link import Flusher
from parlour.live.websocket import EXTENSION, LiveProtocol, SendLink, TransportLink
from parlour.wire.errors import RESTARTS, CloseCode, Refusal


@websocket("/live")
async def live(
    socket: WebSocket[Any, Any, Any],
    gateway: NamedDependency[Gateway],
    origins: NamedDependency[Origins],
    flusher: NamedDependency[Flusher],
    doors: NamedDependency[Doors],
) -> None:
    """The live socket of protocol.md."""
    try:
        if bearer_of(socket) is None:
            origins.check(socket)
    except Refusal:
        # Closing before accepting answers 403: no foreign page gets a socket that a cookie would open.
        await socket.close()
        return
    await socket.accept()
    if gateway.is_draining:
        await socket.close(CloseCode.DRAINING, RESTARTS)
        return
    try:
        leave_door = doors.enter(address_of(socket))
    except Refusal as refusal:
        await socket.close(CloseCode.OVERLOADED, refusal.message)
        return
    visitor = gateway.welcome(token_of(socket), origin_of(socket), leave_door)
    # Past the framework from here on: its wrappers cost more than the frames.
    protocol = socket.scope.get("extensions", {}).get(EXTENSION)  # type: ignore[union-attr]  # ASGI: may be absent
    if isinstance(protocol, LiveProtocol):
        visitor.link = link = TransportLink(flusher, visitor, protocol)
        protocol.attach(link)
    else:
        visitor.link = SendLink(flusher, socket.send)
        await visitor.listen(socket.receive)


@get("/live", include_in_schema=False, sync_to_thread=False)
def read_live() -> None:
    """Asked for without an upgrade, it says so."""
    raise Refusal("upgrade_required")


router = Router("/", route_handlers=[live, read_live])
