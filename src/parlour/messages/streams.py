"""The log as Server-Sent Events (WHATWG HTML, section 9.2): the Hub's listener behind another kind of link."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

import msgspec

from parlour.live.hub import Hub
from parlour.live.link import CONGESTED_ABOVE_BYTES, Flusher, Link
from parlour.rooms.actions import Rooms, Seat
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import CloseCode, Refusal

KEEP_ALIVE_S: Final = 15.0


class _Seq(msgspec.Struct):
    """The one field of an event that a stream needs to know, and the op that tells events from the rest."""

    op: str
    seq: int = 0


_seqs = msgspec.json.Decoder(_Seq)


class StreamLink(Link):
    """Holds frames until the response takes them."""

    def __init__(self, flusher: Flusher) -> None:
        super().__init__(flusher)
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._filled = asyncio.Event()

    def buffered_bytes(self) -> int:
        """How much waits to be taken, in bytes."""
        return self._queued_bytes

    def _write(self, frames: Sequence[SharedFrame]) -> None:
        for frame in frames:
            self._queue.append(frame.payload)
            self._queued_bytes += len(frame.payload)
        if self._queued_bytes > CONGESTED_ABOVE_BYTES:
            self.pause()
        self._filled.set()

    def _close(self, _code: CloseCode, _reason: str) -> None:
        # A stream has no close code; its reader comes back by itself and is answered then.
        self._filled.set()

    async def take(self, timeout_s: float) -> list[bytes]:
        """What has come; an empty list when nothing has for so long, or the link is closed."""
        try:
            await asyncio.wait_for(self._filled.wait(), timeout_s)
        except TimeoutError:
            return []
        self._filled.clear()
        payloads = list(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        if self.is_congested:
            self.resume()
        return payloads


class Attendance(Protocol):
    """Counts who is present; a reader of a stream is."""

    def arrive(self, room_id: str, person_id: str) -> None:
        """A connection of this person is in the room now."""

    def depart(self, room_id: str, person_id: str, *, at_once: bool) -> None:
        """A connection of this person is gone."""


class Streams:
    """Every event stream of this node."""

    def __init__(self, hub: Hub, rooms: Rooms, presence: Attendance, flusher: Flusher) -> None:
        self._hub = hub
        self._rooms = rooms
        self._presence = presence
        self._flusher = flusher
        self._links: set[StreamLink] = set()

    async def follow(self, seat: Seat, after: int) -> AsyncIterator[bytes]:
        """The events behind `after`, then live ones, until the reader goes or loses the room."""
        link = StreamLink(self._flusher)
        room_id, person = seat.room.id, seat.person
        listener = self._hub.attach(room_id, link, person.id, lambda code: link.close(code, ""))
        self._links.add(link)
        try:
            # Asked again now that the place is taken: whoever lost the seat since would not be found by `evict`.
            await self._rooms.load_seat(person, room_id)
            self._presence.arrive(room_id, person.id)
            try:
                self._hub.follow(listener, after)
                yield b"retry: 1000\n\n"
                async for chunk in _chunks(link):
                    yield chunk
            finally:
                self._presence.depart(room_id, person.id, at_once=False)
        except Refusal:
            return
        finally:
            self._links.discard(link)
            self._hub.detach(listener)
            link.lost()

    def close_all(self) -> None:
        """The server stops: readers come back with Last-Event-ID."""
        for link in list(self._links):
            link.close(CloseCode.RESTART, "")


async def _chunks(link: StreamLink) -> AsyncIterator[bytes]:
    while True:
        payloads = await link.take(KEEP_ALIVE_S)
        events = [chunk for payload in payloads if (chunk := _event(payload))]
        if events:
            yield b"".join(events)
        elif not payloads and not link.is_closed:
            yield b": keep-alive\n\n"
        if link.is_closed:
            return


def _event(payload: bytes) -> bytes:
    frame = _seqs.decode(payload)
    return b"id: %d\ndata: %s\n\n" % (frame.seq, payload) if frame.op == "event" else b""
