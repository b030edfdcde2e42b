"""Who listens to which room on this node, and how far each has been told. Sees room ids and bytes, no nouns.

A listener is live (it gets each new event as it comes) or behind (it is being refilled from the log). Entering a room,
resuming after a break and having been too slow are the same thing: a listener that is behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

import structlog

from parlour.live.bus import Hint
from parlour.live.link import CONGESTED_ABOVE_BYTES, Link
from parlour.wire.codec import SharedFrame, SharedRun
from parlour.wire.errors import CloseCode, Refusal
from parlour.wire.frames import Event, Head, LogEvent

REFILL_EVENTS: Final = 128
LAG_S: Final = 30.0
RETRY_S: Final = 0.5
QUIET_S: Final = 10.0
"""A room that was quiet for this long tells its listeners where its log ends, so that a lost tail is found."""


class Run(Protocol):
    """A contiguous run of a room's log, and where the log ends."""

    @property
    def events(self) -> Sequence[LogEvent]:
        """In order, from the position asked for."""

    @property
    def head(self) -> int:
        """The last seq of the log."""


_log = structlog.get_logger("parlour.live")

ReadBehind = Callable[[str, int, int], Awaitable[Run]]
"""read_behind(room_id, after, limit)."""


@dataclass(eq=False, slots=True)
class Listener:
    """One link in one room. `key` says whose it is, to whoever attached it.

    `on_end` is called when the Hub ends the listening: with ROOM_CLOSED, or REMOVED when its owner lost the room.
    """

    room_id: str
    key: str
    link: Link
    on_end: Callable[[CloseCode], None]
    cursor: int = 0
    is_attached: bool = True
    is_following: bool = False
    refill: asyncio.Task[None] | None = None


@dataclass(eq=False, slots=True)
class _Channel:
    """A room with listeners. `head` is the last event that the live ones were given; None until the log was read.

    Until then nobody is live, and `floor` is what the log must reach at least. `ahead` are those who have read what is
    committed and not yet announced: they are live when the live ones have it, too. `run` is what came in this turn of
    the loop: the live ones get it in one piece at its end, or before anybody joins or leaves them.
    """

    room_id: str
    head: int | None = None
    floor: int = 0
    told_at_s: float = 0.0
    listeners: set[Listener] = field(default_factory=set)
    live: set[Listener] = field(default_factory=set)
    ahead: set[Listener] = field(default_factory=set)
    run: list[SharedFrame] = field(default_factory=list)
    reads: dict[int, asyncio.Task[tuple[list[SharedFrame], int]]] = field(default_factory=dict)


class Hub:
    """Gives every listener each event of its room once, in order, none missing.

    Args:
        read_behind: reads a room's log; raises `Refusal` not_found when the room is gone.
        lag_s: a listener that makes no headway for so long is closed as too slow.
    """

    def __init__(self, read_behind: ReadBehind, lag_s: float = LAG_S) -> None:
        self.deliveries = 0
        self.lag_s = lag_s
        self._read_behind = read_behind
        self._channels: dict[str, _Channel] = {}

    @property
    def rooms(self) -> int:
        """How many rooms have listeners on this node."""
        return len(self._channels)

    @property
    def behind(self) -> int:
        """How many listeners on this node are being refilled from the log."""
        return sum(listener.refill is not None for channel in self._channels.values() for listener in channel.listeners)

    def count(self, room_id: str) -> int:
        """How many listen to this room on this node."""
        channel = self._channels.get(room_id)
        return len(channel.listeners) if channel else 0

    def attach(self, room_id: str, link: Link, key: str, on_end: Callable[[CloseCode], None]) -> Listener:
        """Take a place before reading the room: whatever ends the right to listen from now on finds it here."""
        channel = self._channels.get(room_id)
        if channel is None:
            channel = self._channels[room_id] = _Channel(room_id, told_at_s=_now_s())
        listener = Listener(room_id, key, link, on_end)
        channel.listeners.add(listener)
        return listener

    def follow(self, listener: Listener, after: int) -> None:
        """From here on the listener gets the events behind `after`, old and new, none twice and none missing."""
        channel = self._channels.get(listener.room_id)
        if channel is None or not listener.is_attached:
            return
        self._give(channel)
        listener.cursor, listener.is_following = after, True
        if channel.head == after:
            channel.live.add(listener)
        else:
            self._put_behind(channel, listener)

    def detach(self, listener: Listener) -> None:
        """The listener has gone."""
        if not listener.is_attached:
            return
        listener.is_attached = False
        if listener.refill is not None:
            listener.refill.cancel()
        channel = self._channels[listener.room_id]
        self._give(channel)
        channel.listeners.discard(listener)
        channel.live.discard(listener)
        channel.ahead.discard(listener)
        if not channel.listeners:
            del self._channels[listener.room_id]

    def evict(self, room_id: str, key: str) -> None:
        """This owner has lost the room: who is live has heard what was said until now; who is behind hears no more."""
        self._end(room_id, CloseCode.REMOVED, key)

    def close_room(self, room_id: str) -> None:
        """The room is gone for everyone."""
        self._end(room_id, CloseCode.ROOM_CLOSED, None)

    def _end(self, room_id: str, code: CloseCode, key: str | None) -> None:
        channel = self._channels.get(room_id)
        for listener in list(channel.listeners) if channel else ():
            if key is None or listener.key == key:
                self.detach(listener)
                listener.on_end(code)

    def offer(self, hint: Hint) -> None:
        """A room's log has grown: give the event to the live listeners, or send them to the log when one is missing."""
        channel = self._channels.get(hint.room_id)
        if channel is None:
            return
        if channel.head is None:
            # Not for a head: a repetition of something old reminds of an old place, and there may be more behind it.
            channel.floor = max(channel.floor, hint.seq)
        elif hint.seq > channel.head:
            self._grow(channel, hint)

    def _grow(self, channel: _Channel, hint: Hint) -> None:
        before = channel.head or 0
        if hint.frame is None or hint.seq != before + 1:
            self._give(channel)
            for listener in list(channel.live):
                self._fall_behind(channel, listener, before)
        else:
            if not channel.run:
                asyncio.get_running_loop().call_soon(self._give, channel)
            channel.run.append(hint.frame)
        channel.head, channel.told_at_s = hint.seq, _now_s()
        if channel.ahead:
            self._give(channel)
            for listener in list(channel.ahead):
                self._fall_in(channel, listener)

    def _give(self, channel: _Channel) -> None:
        """Send what came in this turn to everyone who is live and keeps up."""
        if not channel.run or channel.head is None:
            return
        run, channel.run = SharedRun(channel.run), []
        congested = []
        for listener in channel.live:
            if listener.link.is_congested:
                congested.append(listener)
            else:
                listener.link.send_run(run)
        self.deliveries += (len(channel.live) - len(congested)) * len(run.frames)
        for listener in congested:
            self._fall_behind(channel, listener, channel.head - len(run.frames))

    def broadcast(self, room_id: str, frame: SharedFrame) -> None:
        """Give everyone in the room something that may be lost and is in no log."""
        channel = self._channels.get(room_id)
        for listener in channel.listeners if channel else ():
            if listener.is_following:
                listener.link.send_droppable(frame)

    def heads(self) -> dict[str, int]:
        """Where the live listeners of each room are."""
        return {room_id: channel.head for room_id, channel in self._channels.items() if channel.head is not None}

    def tell_heads(self) -> None:
        """Called about once a second: tell quiet rooms where their log ends."""
        now_s = _now_s()
        for channel in self._channels.values():
            if channel.head is None or now_s - channel.told_at_s < QUIET_S:
                continue
            self._give(channel)
            channel.told_at_s = now_s
            frame = SharedFrame(Head(channel.room_id, channel.head))
            for listener in channel.live:
                listener.link.send_droppable(frame)

    def _fall_in(self, channel: _Channel, listener: Listener) -> None:
        """The live ones have moved on: a listener that was ahead of them is among them now, still ahead, or behind."""
        head = channel.head or 0
        if listener.cursor > head:
            return
        channel.ahead.discard(listener)
        if listener.cursor == head:
            channel.live.add(listener)
        else:
            self._put_behind(channel, listener)

    def _fall_behind(self, channel: _Channel, listener: Listener, cursor: int) -> None:
        channel.live.discard(listener)
        listener.cursor = cursor
        self._put_behind(channel, listener)

    def _put_behind(self, channel: _Channel, listener: Listener) -> None:
        listener.refill = asyncio.create_task(self._refill(channel, listener), name="refill")
        listener.refill.add_done_callback(partial(_end_refill, listener))

    async def _refill(self, channel: _Channel, listener: Listener) -> None:
        """Read the log for a listener that is behind until it has caught up with the live ones."""
        give_up_at_s, was_empty = _now_s() + self.lag_s, False
        while listener.is_attached:
            if not await listener.link.drained(self.lag_s) or _now_s() > give_up_at_s:
                listener.link.close(CloseCode.TOO_SLOW, "Too slow: come back and resume.")
                return
            try:
                frames, head = await self._read_once(channel, listener.cursor)
            except Refusal as refusal:
                if refusal.final:
                    self._end(listener.room_id, CloseCode.ROOM_CLOSED, listener.key)
                    return
                await asyncio.sleep(RETRY_S)
                continue
            if frames:
                give_up_at_s, was_empty = _now_s() + self.lag_s, False
            if self._advance(channel, listener, frames, head):
                return
            if not frames and not was_empty:
                # The read may have begun before the commit that the hint tells of: read again at once.
                was_empty = True
            elif not frames:
                await asyncio.sleep(RETRY_S)

    def _advance(self, channel: _Channel, listener: Listener, frames: Sequence[SharedFrame], head: int) -> bool:
        """Send a run; True when the listener is live now. No await in here: that is what makes the seam safe."""
        if not listener.is_attached:
            return True
        self._give(channel)
        if channel.head is None:
            channel.head = max(head, channel.floor)
        # What is committed but not yet announced comes as a live event: the live ones wait for it too.
        sent = _send_some(listener.link, frames[: max(0, channel.head - listener.cursor)])
        self.deliveries += sent
        listener.cursor += sent
        if listener.cursor < channel.head:
            return False
        listener.refill = None
        (channel.live if listener.cursor == channel.head else channel.ahead).add(listener)
        return True

    async def _read_once(self, channel: _Channel, after: int) -> tuple[list[SharedFrame], int]:
        """Read behind `after`; whoever waits at the same place shares one read and the same encoded frames."""
        read = channel.reads.get(after)
        if read is None:
            read = channel.reads[after] = asyncio.create_task(self._read(channel.room_id, after), name="read_behind")
            read.add_done_callback(lambda _: channel.reads.pop(after, None))
        return await asyncio.shield(read)

    async def _read(self, room_id: str, after: int) -> tuple[list[SharedFrame], int]:
        run = await self._read_behind(room_id, after, REFILL_EVENTS)
        frames = [
            SharedFrame(Event(room_id, event.seq, event.kind, event.at, event.by, event.data)) for event in run.events
        ]
        return frames, run.head


def _send_some(link: Link, frames: Sequence[SharedFrame]) -> int:
    """Send until the link is full, and at least one; how many. The rest is read again when there is room."""
    room_bytes = CONGESTED_ABOVE_BYTES - link.buffered_bytes()
    for number, frame in enumerate(frames):
        if room_bytes <= 0 and number:
            return number
        room_bytes -= len(frame.framed)
        link.send(frame)
    return len(frames)


def _end_refill(listener: Listener, refill: asyncio.Task[None]) -> None:
    """A bug in reading must not leave a client waiting for ever: it comes back and resumes."""
    if listener.refill is refill:
        # One that was cancelled keeps what it was doing, and so its listener.
        listener.refill = None
    if not refill.cancelled() and (error := refill.exception()) is not None:
        _log.error("refill_failed", exc_info=error)
        listener.link.close(CloseCode.INTERNAL, "Something broke on our side: come back and resume.")


def _now_s() -> float:
    return asyncio.get_running_loop().time()
