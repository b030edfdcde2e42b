"""Request bodies: what cannot be read as JSON is the sender's fault, and never a failure of ours."""

from __future__ import annotations

from typing import Any

from litestar import Request

from parlour.wire.errors import Refusal


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body is refused, however it is broken. Litestar takes two ways of that for our own failures."""

    async def json(self) -> object:
        """The body.

        Raises:
            Refusal: bad_request, for text that is not UTF-8 and for nesting that no parser should follow.
        """
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError):
            raise Refusal("bad_request", "The body is no JSON that can be read.") from None
