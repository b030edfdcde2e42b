"""GET /api/v1/live: the upgrade. From there on the gateway serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Router, WebSocket, get, websocket

from parlour.accounts.identity import Origins, address_of, bearer_of, origin_of, token_of
from parlour.accounts.limits import Doors
from parlour.live.admission import Admission
from parlour.live.gateway import Gateway
from parlour.live.link import Flusher
from parlour.live.websocket import EXTENSION, LiveProtocol, SendLink, TransportLink
from parlour.wire.errors import RESTARTS, CloseCode, Refusal


@dataclass(frozen=True, slots=True)
class Parts:
    """What a handshake needs."""

    gateway: Gateway
    admission: Admission
    origins: Origins
    flusher: Flusher
    doors: Doors


async def _live(parts: Parts, socket: WebSocket[Any, Any, Any]) -> None:
    """The live socket of protocol.md."""
    try:
        if bearer_of(socket) is None:
            parts.origins.check(socket)
    except Refusal:
        # Closing before accepting answers 403: no foreign page gets a socket that a cookie would open.
        await socket.close()
        return
    async with parts.admission.turn("door"):
        await socket.accept()
    if parts.gateway.is_draining:
        await socket.close(CloseCode.DRAINING, RESTARTS)
        return
    try:
        leave_door = parts.doors.enter(address_of(socket))
    except Refusal as refusal:
        await socket.close(CloseCode.OVERLOADED, refusal.message)
        return
    visitor = parts.gateway.welcome(token_of(socket), origin_of(socket), leave_door)
    # Past the framework from here on: its wrappers cost more than the frames.
    protocol = socket.scope.get("extensions", {}).get(EXTENSION)  # type: ignore[union-attr]  # ASGI: may be absent
    if isinstance(protocol, LiveProtocol):
        visitor.link = link = TransportLink(parts.flusher, visitor, protocol)
        protocol.attach(link)
    else:
        visitor.link = SendLink(parts.flusher, socket.send)
        await visitor.listen(socket.receive)


@get("/live", include_in_schema=False, sync_to_thread=False)
def read_live() -> None:
    """Asked for without an upgrade, it says so."""
    raise Refusal("upgrade_required")


def make_router(parts: Parts) -> Router:
    """The routes. The parts are no dependencies: the framework resolves those in a task group at every handshake."""

    @websocket("/live")
    async def live(socket: WebSocket[Any, Any, Any]) -> None:
        await _live(parts, socket)

    return Router("/", route_handlers=[live, read_live])
