"""Query parameters: each once, and numbers written as numbers. What would be read in two ways is refused."""

from __future__ import annotations

from typing import Final

from parlour.accounts.identity import AnyRequest
from parlour.wire.errors import Refusal

_NUMBERS: Final = frozenset(("after", "around", "before", "limit"))


def check_query(request: AnyRequest) -> None:
    """Refuse what a lenient reader would guess at: `after=1&after=2`, `after=1e5`, `limit=1.0`.

    Raises:
        Refusal: bad_request.
    """
    for name in request.query_params:
        values = request.query_params.getall(name)
        if len(values) > 1:
            raise Refusal("bad_request", f"{name}: give it once.")
        if name in _NUMBERS and not (values[0].isascii() and values[0].isdigit()):
            raise Refusal("bad_request", f"{name}: give a whole number.")
