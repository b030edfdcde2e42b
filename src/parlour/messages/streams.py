"""The log as Server-Sent Events (WHATWG HTML, section 9.2): the Hub's listener behind another kind of link."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from typing_extensions import override

from parlour.accounts.actions import Accounts
from parlour.live.hub import Hub, Listener
from parlour.live.link import CONGESTED_ABOVE_BYTES, Flusher, Link, Waiting, frames_of
from parlour.rooms.actions import Rooms
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import RESTARTS, CloseCode, Refusal

KEEP_ALIVE_S: Final = 15.0
CLOSE_WITHIN_S: Final = 1.0
"""So long a reader may take to read what was written before the end; then its connection is cut."""
_RETRY: Final = b"retry: 1000\n\n"
_KEEP_ALIVE: Final = b": keep-alive\n\n"
_ENDS_AT_ONCE: Final = frozenset((CloseCode.REMOVED, CloseCode.ROOM_CLOSED))


@dataclass(frozen=True, slots=True)
class Exchange:
    """An HTTP exchange as ASGI gives it. `hang_up` cuts the connection, whatever still waits to be sent."""

    start: Callable[[], Awaitable[None]]
    send: Callable[[Any], Awaitable[None]]
    receive: Callable[[], Awaitable[Any]]
    hang_up: Callable[[], None]

    async def write(self, body: bytes, *, is_last: bool = False) -> None:
        """A piece of the response."""
        await self.send({"type": "http.response.body", "body": body, "more_body": not is_last})

    async def gone(self) -> None:
        """Wait until the other side has gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class StreamLink(Link):
    """Holds events until the response takes them. `on_end` is called once, as soon as nothing more will be held."""

    def __init__(self, flusher: Flusher, keep_alive_s: float, on_end: Callable[[CloseCode | None], None]) -> None:
        super().__init__(flusher)
        self._keep_alive_s = keep_alive_s
        self._on_end = on_end
        self._queue: deque[SharedFrame] = deque()
        self._queued_bytes = 0
        self._filled = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._hang_up: Callable[[], None] = lambda: None

    def buffered_bytes(self) -> int:
        """How much waits to be taken, in bytes."""
        return self._queued_bytes

    @override
    def send_droppable(self, frame: SharedFrame) -> None:
        """A stream holds events and nothing else."""

    async def carry(self, exchange: Exchange, preface: bytes) -> None:
        """Write until the reader has gone or the link is closed, and what waits is written or given up."""
        self._hang_up = exchange.hang_up
        self._writing = asyncio.create_task(self._write_out(exchange, preface), name="stream")
        hearing = asyncio.create_task(self._hear(exchange), name="stream_reader")
        try:
            # Not awaited itself: to be cut is an end like any other, and no cancellation of this request.
            await asyncio.wait([self._writing])
        finally:
            hearing.cancel()
            self._writing.cancel()
            self.lost()
        # ASGI: sending to a reader who has gone may raise OSError.
        with suppress(asyncio.CancelledError, OSError):
            self._writing.result()

    @override
    def lost(self) -> None:
        was_closed = self.is_closed
        super().lost()
        self._queue.clear()
        self._filled.set()
        if not was_closed:
            self._on_end(None)

    def _write(self, waiting: Sequence[Waiting]) -> None:
        frames = frames_of(waiting)
        self._queue.extend(frames)
        self._queued_bytes += sum(len(frame.payload) for frame in frames)
        if self._queued_bytes > CONGESTED_ABOVE_BYTES:
            self.pause()
        self._filled.set()

    def _close(self, code: CloseCode, _reason: str) -> None:
        # A stream has no close code; its reader comes back by itself and is answered then.
        self._filled.set()
        asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._cut)
        self._on_end(code)

    def _cut(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._hang_up()
            self._writing.cancel()

    async def _hear(self, exchange: Exchange) -> None:
        await exchange.gone()
        self.lost()

    async def _write_out(self, exchange: Exchange, preface: bytes) -> None:
        await exchange.start()
        await exchange.write(preface)
        while not self.is_closed or self._queue:
            chunk = await self._take()
            if chunk or not self.is_closed:
                await exchange.write(chunk or _KEEP_ALIVE)
        await exchange.write(b"", is_last=True)

    async def _take(self) -> bytes:
        """The events that have come; nothing when none has for the time of a keep-alive, or the link is closed."""
        if not self.is_closed:
            try:
                await asyncio.wait_for(self._filled.wait(), self._keep_alive_s)
            except TimeoutError:
                return b""
        self._filled.clear()
        chunk = b"".join([b"id: %d\ndata: %s\n\n" % (frame.seq, frame.payload) for frame in self._queue])
        self._queue.clear()
        self._queued_bytes = 0
        if self.is_congested:
            self.resume()
        return chunk


class Attendance(Protocol):
    """Counts who is present; a reader of a stream is."""

    def arrive(self, room_id: str, person_id: str) -> None:
        """A connection of this person is in the room now."""

    def depart(self, room_id: str, person_id: str, *, at_once: bool) -> None:
        """A connection of this person is gone."""


@dataclass(eq=False, slots=True)
class _Reader:
    """One stream of one person in one room."""

    session: str
    listener: Listener
    is_here: bool = False


class Streams:
    """Every event stream of this node.

    Args:
        accounts: who reads.
        rooms: what they may read.
        hub: where the events come from.
        presence: hears that they are here.
        flusher: writes.
    """

    def __init__(self, accounts: Accounts, rooms: Rooms, hub: Hub, presence: Attendance, flusher: Flusher) -> None:
        self.keep_alive_s = KEEP_ALIVE_S
        self._accounts = accounts
        self._rooms = rooms
        self._hub = hub
        self._presence = presence
        self._flusher = flusher
        self._readers: set[_Reader] = set()
        self._is_draining = False

    async def follow(self, token: str | None, room_id: str, after: int, exchange: Exchange) -> None:
        """Write the events behind `after`, then live ones, until the reader goes or loses session or room.

        Raises:
            Refusal: unauthenticated, not_found, overloaded; before anything was written.
        """
        if self._is_draining:
            raise Refusal("overloaded", RESTARTS, retry_after_s=1)
        person = await self._accounts.load_person(token)
        link = StreamLink(self._flusher, self.keep_alive_s, lambda code: self._leave(reader, code))
        listener = self._hub.attach(room_id, link, person.id, lambda code: link.close(code, ""))
        reader = _Reader(person.session, listener)
        self._readers.add(reader)
        try:
            # Asked again now that the place is taken: whoever lost session or seat since would not be found there.
            await self._accounts.load_person(token)
            seat = await self._rooms.load_seat(person, room_id)
            head = seat.room.head
            if listener.is_attached:
                reader.is_here = True
                self._presence.arrive(room_id, person.id)
                self._hub.follow(listener, min(after, head))
            await link.carry(exchange, _RETRY if after <= head else _RETRY + _reset(head))
        finally:
            link.lost()

    def end_session(self, session: str) -> None:
        """Whoever reads with this session must sign in again."""
        for reader in list(self._readers):
            if reader.session == session:
                reader.listener.link.close(CloseCode.SIGN_IN, "")

    def drain(self) -> None:
        """The server stops: readers come back with Last-Event-ID, to another one."""
        self._is_draining = True
        for reader in list(self._readers):
            reader.listener.link.close(CloseCode.RESTART, "")

    def _leave(self, reader: _Reader, code: CloseCode | None) -> None:
        """At once, whatever the response still waits for: who hears nothing any more is not here."""
        self._readers.discard(reader)
        self._hub.detach(reader.listener)
        if reader.is_here:
            self._presence.depart(reader.listener.room_id, reader.listener.key, at_once=code in _ENDS_AT_ONCE)


class _Position(msgspec.Struct):
    """Where a log ends."""

    head: int


def _reset(head: int) -> bytes:
    """For a position that this log never reached: it is of another history, as after a backup was restored."""
    return b"event: reset\nid: %d\ndata: %s\n\n" % (head, msgspec.json.encode(_Position(head)))
