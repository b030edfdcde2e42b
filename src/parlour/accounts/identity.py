"""Who a request comes from: its token, its origin, its address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from parlour.accounts.actions import Accounts, Person
from parlour.accounts.rules import check_origin
from parlour.settings import Settings
from parlour.wire.errors import Refusal

AnyRequest = Request[Any, Any, Any]
AnyConnection = ASGIConnection[Any, Any, Any, Any]

SAFE_METHODS: Final = frozenset(("GET", "HEAD", "OPTIONS"))
_HOST: Final = re.compile(r"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]*", re.ASCII)
_COOKIE: Final = "parlour"
_SECURE_COOKIE: Final = "__Host-parlour"
"""Under https: the prefix makes browsers refuse a cookie that a sibling domain or plain http has planted."""
_SIGN_COOKIE: Final = "parlour_signed_in"
"""Opens nothing: the page cannot read the secret cookie, and asking in vain is an error in its console."""


def origin_of(connection: AnyConnection) -> str:
    """This server's own origin, as the client addressed it; behind a trusted proxy, as the proxy says."""
    scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
    return f"{scheme}://{connection.headers.get('host', '')}"


def check_host(connection: AnyConnection) -> None:
    """Refuse a Host header that could be none, as the framework does where it is asked: it becomes part of links.

    Raises:
        Refusal: bad_request.
    """
    if _HOST.fullmatch(connection.headers.get("host", "")) is None:
        raise Refusal("bad_request")


def address_of(connection: AnyConnection) -> str:
    """The client's IP address; behind a trusted proxy, the one that the proxy names."""
    client = connection.scope.get("client")
    return client[0] if client else ""


def bearer_of(connection: AnyConnection) -> str | None:
    """The token of the Authorization header."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def cookie_of(connection: AnyConnection) -> str | None:
    """The session token of the cookie: under https of the prefixed one alone, which no sibling domain can plant."""
    return connection.cookies.get(_SECURE_COOKIE if _is_secure(connection) else _COOKIE)


def token_of(connection: AnyConnection) -> str | None:
    """The session token: the Bearer header's, else the cookie's."""
    return bearer_of(connection) or cookie_of(connection)


def _is_secure(connection: AnyConnection) -> bool:
    return connection.scope["scheme"] in ("https", "wss")


@dataclass(frozen=True, slots=True)
class Origins:
    """Which origins may speak for a cookie."""

    settings: Settings

    def check(self, connection: AnyConnection) -> None:
        """Refuse a foreign page.

        Raises:
            Refusal: foreign_origin.
        """
        settings = self.settings
        own = {settings.public_url, *settings.allowed_origins} - {""}
        check_origin(connection.headers, own=origin_of(connection), allowed=own)

    def check_request(self, request: AnyRequest) -> None:
        """Refuse an unsafe request of a foreign page. A Bearer token proves that no browser added it unasked."""
        if request.method not in SAFE_METHODS and bearer_of(request) is None:
            self.check(request)


async def provide_person(request: AnyRequest, accounts: NamedDependency[Accounts]) -> Person:
    """The person of a request.

    Raises:
        Refusal: unauthenticated.
    """
    return await accounts.load_person(token_of(request))


def session_cookies(connection: AnyConnection, token: str, ttl_s: float) -> list[Cookie]:
    """The cookies that keep a session in a browser: the secret one, and one by which the page knows of it."""
    return _cookies(connection, token, "1", int(ttl_s))


def expired_cookies(connection: AnyConnection) -> list[Cookie]:
    """The cookies that make a browser forget its session."""
    return _cookies(connection, "", "", 0)


def _cookies(connection: AnyConnection, secret: str, sign: str, max_age_s: int) -> list[Cookie]:
    is_secure = _is_secure(connection)
    name = _SECURE_COOKIE if is_secure else _COOKIE
    shared: dict[str, Any] = {"max_age": max_age_s, "path": "/", "secure": is_secure, "samesite": "lax"}
    return [
        Cookie(key=name, value=secret, httponly=True, **shared),
        Cookie(key=_SIGN_COOKIE, value=sign, httponly=False, **shared),
    ]


def check_json(request: AnyRequest) -> None:
    """A body must say that it is JSON, and come as it is: then no plain HTML form can have sent it.

    Raises:
        Refusal: unsupported_media_type.
    """
    length, encoding = request.headers.get("content-length", "0"), request.headers.get("transfer-encoding")
    if length == "0" and encoding is None:
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refusal("unsupported_media_type")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal("unsupported_media_type", "Send the body without a Content-Encoding.")
