"""One line for each request: method, route, status, milliseconds. No codes, no tokens, no bodies, no queries."""

from __future__ import annotations

import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from parlour.http.problems import route_of

_log = structlog.get_logger("parlour.http")
_QUIET = ("/health/", "/metrics", "/assets/")


def log_requests(app: ASGIApp) -> ASGIApp:
    """The middleware."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith(_QUIET):
            await app(scope, receive, send)
            return
        started_s, status = time.perf_counter(), 0

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, noting_send)
        finally:
            took_ms = round((time.perf_counter() - started_s) * 1000, 1)
            method, route = scope.get("method"), route_of(scope)
            _log.info("request", method=method, route=route, status=status, took_ms=took_ms)

    return logged
