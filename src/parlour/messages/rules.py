"""What a message may be. Bodies are kept as they came, to the character. Pure."""

from __future__ import annotations

import re
from typing import Final

from parlour.wire.errors import Refusal
from parlour.wire.text import has_forbidden_characters, is_visible

BODY_CHARS: Final = 4_000
PAGE_MESSAGES: Final = 50
MOST_PAGE_MESSAGES: Final = 200
MOST_PAGE_EVENTS: Final = 200

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def check_body(body: str) -> None:
    """Refuse a body that says nothing, says too much, or could reorder or break the page around it.

    Raises:
        Refusal: body_too_long, forbidden_characters, empty_body.
    """
    if len(body) > BODY_CHARS:
        raise Refusal("body_too_long")
    # Most messages are plain printable text, and this path is the message's: one C-speed look settles them.
    if body.isprintable() and body.isascii() and not body.isspace() and body:
        return
    if has_forbidden_characters(body, is_line=False):
        raise Refusal("forbidden_characters")
    if not is_visible(body):
        raise Refusal("empty_body")


def clean_cid(cid: str) -> str:
    """A client's id for a message, in lower case: the same UUID is the same message however it is written."""
    if _UUID.fullmatch(cid) is None:
        raise Refusal("bad_cid")
    return cid.lower()
