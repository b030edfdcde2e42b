"""Looks after lost hints: about once a second, compares the logs of the rooms that we serve with what we were told.

A commit whose announcement got lost (a bus that drops it, a COMMIT of unknown outcome) costs two seconds, no message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from parlour.live.bus import Hint
from parlour.live.hub import Hub

ReadHeads = Callable[[Collection[str]], Awaitable[dict[str, int]]]
"""Where the logs of these rooms end."""


class HeadWatch:
    """Compares the Hub with the logs."""

    def __init__(self, hub: Hub, read_heads: ReadHeads) -> None:
        self._hub = hub
        self._read_heads = read_heads
        self._seen: dict[str, int] = {}

    async def tick(self) -> None:
        """What the logs reached a look ago, the Hub must have reached now; a commit just made is still on its way.

        Raises:
            Refusal: storage_unavailable.
        """
        reached = self._hub.heads()
        for room_id, head in self._seen.items():
            if reached.get(room_id, head) < head:
                self._hub.offer(Hint(room_id, "", head, None))
        self._seen = await self._read_heads(reached.keys()) if reached else {}
