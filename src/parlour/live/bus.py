"""Hints between nodes: a room's log has grown. A bus may lose hints; nothing else may depend on them arriving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from parlour.wire.codec import SharedFrame


class Hint(Struct, frozen=True):
    """The log of this room reaches to `seq` now; `frame` is that event, when it was small enough to carry along."""

    room_id: str
    epoch: str
    seq: int
    frame: SharedFrame | None


Receive = Callable[[Hint], None]


class Bus(Protocol):
    """Carries hints to the Hub of every node, this one included."""

    def publish(self, hint: Hint) -> None:
        """Pass the hint on; never waits, may lose it."""

    def subscribe(self, receive: Receive) -> None:
        """Call `receive` with every hint from now on."""


class MemoryBus:
    """The bus of a single node: a call."""

    def __init__(self) -> None:
        self._receivers: list[Receive] = []

    def publish(self, hint: Hint) -> None:
        """Hand the hint to every receiver, now."""
        for receive in self._receivers:
            receive(hint)

    def subscribe(self, receive: Receive) -> None:
        """Call `receive` with every hint from now on."""
        self._receivers.append(receive)
