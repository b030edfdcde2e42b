"""Every error as problem details (RFC 9457) with a stable code. Rendered here and nowhere else."""

from __future__ import annotations

import math
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import Scope
from msgspec import UNSET, Struct, UnsetType

from parlour.wire.errors import Code, Refusal

MEDIA_TYPE: Final = "application/problem+json"
_log = structlog.get_logger("parlour.http")

_CODES_BY_STATUS: Final[dict[int, Code]] = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


class Problem(Struct, frozen=True):
    """RFC 9457 problem details; `code` is what programs look at."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    retry_after_s: float | UnsetType = UNSET


def render_refusal(_request: Request[Any, Any, Any], refusal: Refusal) -> Response[Problem]:
    """A verb said no."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(refusal.retry_after_s))
    if refusal.code == "unauthenticated":
        headers["www-authenticate"] = "Bearer"
    if refusal.code == "upgrade_required":
        headers |= {"upgrade": "websocket", "connection": "upgrade"}
    problem = Problem(
        title=refusal.code.replace("_", " ").capitalize(),
        status=refusal.status,
        code=refusal.code,
        detail=refusal.message,
        retry_after_s=UNSET if refusal.retry_after_s is None else refusal.retry_after_s,
    )
    return Response(problem, status_code=refusal.status, headers=headers, media_type=MEDIA_TYPE)


def render_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """The framework said no: a wrong path, method, type or size."""
    code = _CODES_BY_STATUS.get(error.status_code)
    if code is None:
        return render_bug(request, error)
    response = render_refusal(request, Refusal(code, _explain(error) if code == "bad_request" else None))
    if error.headers and "allow" in error.headers:
        # RFC 9110, section 15.5.6: a 405 says which methods there are.
        response.headers["allow"] = error.headers["allow"]
    return response


def render_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Something that nobody expected: logged whole, told in one public word."""
    _log.error("request_failed", method=request.method, route=route_of(request.scope), exc_info=error)
    return render_refusal(request, Refusal("internal"))


def _explain(error: HTTPException) -> str | None:
    """Which field was wrong, in words of the contract; never internals."""
    if not isinstance(error, ValidationException) or not isinstance(error.extra, list):
        return None
    parts = [f"{item.get('key') or 'body'}: {item.get('message')}" for item in error.extra if isinstance(item, dict)]
    return "; ".join(parts) or None


def route_of(scope: Scope) -> str:
    """The path as its route names it, without what it holds: a code in a path is a secret."""
    return str(scope.get("path_template") or "unknown")
