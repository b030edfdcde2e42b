"""What a name may be, and which origin may speak for a cookie. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from parlour.wire.errors import Refusal
from parlour.wire.text import clean_line

NAME_CHARS: Final = 40


def clean_name(text: str) -> str:
    """A person's name as it will be kept."""
    return clean_line(text, most_chars=NAME_CHARS, empty="empty_name", too_long="name_too_long")


def check_origin(headers: Mapping[str, str], *, own: str, allowed: Collection[str]) -> None:
    """Refuse what a foreign page sent with this person's cookie (CSRF, cross-site WebSocket hijacking).

    A browser names the origin of every unsafe request and every socket; programs that are no browser send none.
    """
    origin = headers.get("origin")
    if origin is None:
        if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return
        raise Refusal("foreign_origin")
    if not is_own_origin(origin, own=own, allowed=allowed):
        raise Refusal("foreign_origin")


def is_own_origin(origin: str, *, own: str, allowed: Collection[str]) -> bool:
    """Whether the origin is this server's own or one that its owner allowed."""
    return origin.lower() in {own.lower(), *(item.lower() for item in allowed)}
