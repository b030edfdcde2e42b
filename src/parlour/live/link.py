"""The sending half of a connection: frames gather during a turn of the loop and leave together in one write.

Never waits: a receiver that does not keep up is `is_congested`, and the Hub puts it aside.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol

from parlour.wire.codec import SharedFrame, SharedRun
from parlour.wire.errors import CloseCode

DROP_ABOVE_BYTES: Final = 64 * 1024
"""Above this much unsent data, frames that may be lost (presence, heads) are."""
CONGESTED_ABOVE_BYTES: Final = 256 * 1024
"""Above this much unsent data, a receiver is put aside and refilled from the log when it has drained."""
SLICE_LINKS: Final = 256
"""A big room is written to in slices of this many links, with a turn of the loop between two."""


class Flusher:
    """Writes what waits for each link at the end of the loop's turn, in slices."""

    def __init__(self) -> None:
        self._dirty: list[Link] = []
        self._is_scheduled = False

    def mark(self, link: Link) -> None:
        """This link has something to write."""
        self._dirty.append(link)
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        turn, self._dirty = self._dirty[:SLICE_LINKS], self._dirty[SLICE_LINKS:]
        self._is_scheduled = bool(self._dirty)
        if self._is_scheduled:
            asyncio.get_running_loop().call_soon(self._flush)
        for link in turn:
            link.flush()


Waiting = SharedFrame | SharedRun


def frames_of(waiting: Sequence[Waiting]) -> list[SharedFrame]:
    """One by one."""
    return [frame for part in waiting for frame in (part.frames if isinstance(part, SharedRun) else (part,))]


class Owner(Protocol):
    """Whom the other side of a connection talks to."""

    def hear(self, text: bytes | None) -> None:
        """It said this; None for a binary message."""

    def notice(self) -> None:
        """It gave a sign of life below the protocol."""

    def gone(self) -> None:
        """It will say nothing more."""


class Link(ABC):
    """One connection as its senders see it."""

    def __init__(self, flusher: Flusher) -> None:
        self.is_congested = False
        self.is_closed = False
        self._flusher = flusher
        self._waiting: list[Waiting] = []
        self._drained: asyncio.Event | None = None

    def send(self, frame: SharedFrame) -> None:
        """Send with the next write."""
        if self.is_closed:
            return
        if not self._waiting:
            self._flusher.mark(self)
        self._waiting.append(frame)

    def send_run(self, run: SharedRun) -> None:
        """Send what everybody in a room gets in this turn, with the next write."""
        if not self._waiting:
            if self.is_closed:
                return
            self._flusher.mark(self)
        self._waiting.append(run)

    def send_droppable(self, frame: SharedFrame) -> None:
        """Send, unless so much waits already that something which may be lost had better be."""
        if self.buffered_bytes() <= DROP_ABOVE_BYTES:
            self.send(frame)

    def flush(self) -> None:
        """Write what waits, now."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            if not self.is_closed:
                self._write(waiting)

    def close(self, code: CloseCode, reason: str) -> None:
        """Write what waits, then close with this code. Closing twice is closing once."""
        if not self.is_closed:
            self.flush()
            self.is_closed = True
            self.resume()
            self._close(code, reason)

    async def finish(self) -> None:  # noqa: B027 -- optional, as ping is
        """After `close`: wait until the close has been sent."""

    def lost(self) -> None:
        """The other side is gone: nothing more is written, nobody waits for room any more."""
        self.is_closed = True
        self._waiting.clear()
        self.resume()

    def pause(self) -> None:
        """The unsent data rose above the limit. A closed link has no limit: nothing more is sent."""
        if not self.is_closed:
            self.is_congested = True
            self._drained = self._drained or asyncio.Event()

    def resume(self) -> None:
        """The unsent data sank low enough."""
        self.is_congested = False
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    async def drained(self, timeout_s: float) -> bool:
        """Wait until there is room again; False when that took too long."""
        if self._drained is None:
            return True
        try:
            await asyncio.wait_for(self._drained.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def ping(self) -> None:  # noqa: B027 -- optional: only a real socket has a sign of life below the protocol
        """Ask for a sign of life."""

    def pause_reading(self) -> None:  # noqa: B027 -- optional: who reads one message at a time waits by himself
        """Let the other side wait before it says more."""

    def resume_reading(self) -> None:  # noqa: B027 -- as above
        """It may go on."""

    @abstractmethod
    def buffered_bytes(self) -> int:
        """How much was written but not yet sent, in bytes."""

    @abstractmethod
    def _write(self, waiting: Sequence[Waiting]) -> None: ...

    @abstractmethod
    def _close(self, code: CloseCode, reason: str) -> None: ...
