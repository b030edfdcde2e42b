"""Headers that every answer carries: what a page of ours may load, and who may keep or frame it."""

from __future__ import annotations

from typing import Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

_CSP_PAGE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_CSP_DOCS: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)
"""The API's reference page starts itself with an inline script; it shows nothing that people wrote."""
_COMMON: Final = {
    "x-content-type-options": "nosniff",
    # A room's code is in its address: no other site may learn it.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}


async def add_headers(message: Message, scope: Scope) -> None:
    """Complete the start of a response."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    path = scope["path"]
    for name, value in _COMMON.items():
        headers.setdefault(name, value)
    if path.startswith("/api/v1"):
        headers.setdefault("cache-control", "no-store")
    is_docs = path.startswith("/api/") and not path.startswith("/api/v1")
    headers.setdefault("content-security-policy", _CSP_DOCS if is_docs else _CSP_PAGE)
