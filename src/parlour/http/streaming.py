"""A response that its maker writes itself, piece by piece, for as long as it likes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send
from typing_extensions import override

from parlour.messages.streams import Exchange

HANG_UP: Final = "parlour.hang_up"
"""The key of the ASGI scope's extensions under which our server puts a call that cuts the connection."""

_NO_WEIGHT: Final = re.compile(r"q\s*=\s*0(\.0*)?")

Carry = Callable[[Exchange], Awaitable[None]]
"""Writes the response; may raise a Refusal as long as it has not begun."""


def wants_events(accept: str) -> bool:
    """Whether an Accept header asks for Server-Sent Events (RFC 9110, section 12.5.1; `q=0` asks for anything else)."""
    for item in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in item.split(";"))
        if media_range == "text/event-stream":
            return not any(_NO_WEIGHT.fullmatch(parameter) for parameter in parameters)
    return False


class EventStream(Response[None]):
    """Server-Sent Events. Litestar's own Stream waits without bound for a reader that has stopped reading."""

    def __init__(self, carry: Carry) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        super().__init__(None, media_type="text/event-stream", headers=headers)
        self._carry = carry

    @override
    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **_defaults: Any) -> ASGIResponse:
        return _Carried(self._carry, self.headers)


class _Carried(ASGIResponse):
    def __init__(self, carry: Carry, headers: dict[str, Any]) -> None:
        super().__init__(media_type="text/event-stream", headers=headers)
        # Its length is not known, and that of an empty body is not its own.
        self.headers.pop("content-length", None)
        self._carry = carry

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        extensions: dict[str, Any] = scope.get("extensions") or {}
        hang_up = extensions.get(HANG_UP, lambda: None)
        await self._carry(Exchange(lambda: self.start_response(send), send, receive, hang_up))
