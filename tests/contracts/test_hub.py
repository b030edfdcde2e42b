"""Whatever the moment of entering, a listener hears each event once: the seams that a killed server's return found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest

from parlour.live.bus import Hint
from parlour.live.hub import Hub
from parlour.live.link import CONGESTED_ABOVE_BYTES, Flusher, Link, Waiting, frames_of
from parlour.messages.actions import Fill
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import CloseCode
from parlour.wire.frames import Event, LogEvent

AT = "2026-11-24T06:30:00.000Z"
ROOM = "room"
EarT = TypeVar("EarT", bound="Ear")


class Ear(Link):
    """A link that reads at once."""

    def __init__(self, flusher: Flusher) -> None:
        super().__init__(flusher)
        self.seqs: asyncio.Queue[int] = asyncio.Queue()

    def buffered_bytes(self) -> int:
        return 0

    def _write(self, waiting: Sequence[Waiting]) -> None:
        for frame in frames_of(waiting):
            self.seqs.put_nowait(frame.seq)

    def _close(self, code: CloseCode, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")


class SlowEar(Ear):
    """A link that reads when it is told to."""

    unread_bytes = 0

    def buffered_bytes(self) -> int:
        return self.unread_bytes

    def reads(self) -> None:
        """Everything that waits for it."""
        self.unread_bytes = 0
        self.resume()

    def _write(self, waiting: Sequence[Waiting]) -> None:
        super()._write(waiting)
        self.unread_bytes += sum(len(part.framed) for part in waiting)
        if self.unread_bytes > CONGESTED_ABOVE_BYTES:
            self.pause()


@dataclass
class Stage:
    """A room whose log is committed at one moment and announced at another; reading waits until `is_open` is set."""

    head: int
    data: bytes = b"{}"
    is_open: asyncio.Event = field(default_factory=asyncio.Event)
    is_reading: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hub = Hub(self.read)
        self.flusher = Flusher()

    async def read(self, _room_id: str, after: int, limit: int) -> Fill:
        self.is_reading.set()
        events = [
            LogEvent(seq, "test", AT, "alice", msgspec.Raw(self.data))
            for seq in range(after + 1, min(self.head, after + limit) + 1)
        ]
        head = self.head
        await self.is_open.wait()
        return Fill(events, head)

    def enters(self, after: int) -> Ear:
        return self.takes(Ear(self.flusher), after)

    def takes(self, link: EarT, after: int) -> EarT:
        self.hub.follow(self.hub.attach(ROOM, link, "alice", lambda _code: None), after)
        return link

    def commits(self) -> None:
        self.head += 1

    def announces(self, seq: int) -> None:
        frame = SharedFrame(Event(ROOM, seq, "test", AT, "alice", msgspec.Raw(b"{}")))
        self.hub.offer(Hint(ROOM, "epoch", seq, frame))

    def reminds(self, seq: int) -> None:
        """Somebody has sent again what was there already."""
        self.hub.offer(Hint(ROOM, "epoch", seq, None))


async def hears(ear: Ear, *seqs: int) -> None:
    """Exactly these come, in this order; then a pause."""
    assert [await asyncio.wait_for(ear.seqs.get(), 2) for _ in seqs] == list(seqs)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ear.seqs.get(), 0.05)


async def test_a_reminder_of_something_old_repeats_nothing_to_who_comes_back_with_more() -> None:
    stage = Stage(head=9)
    alice = stage.enters(after=9)
    stage.reminds(3)
    stage.is_open.set()
    await hears(alice)

    stage.reminds(4)
    stage.commits()
    stage.announces(10)

    await hears(alice, 10)


async def test_a_reminder_of_something_old_hides_nothing_from_who_stopped_there() -> None:
    stage = Stage(head=9)
    stage.enters(after=9)
    stage.reminds(3)
    stage.is_open.set()

    bob = stage.enters(after=3)

    await hears(bob, 4, 5, 6, 7, 8, 9)


async def test_a_reminder_that_comes_while_the_log_is_read_is_looked_up() -> None:
    stage = Stage(head=9)
    alice = stage.enters(after=8)
    await stage.is_reading.wait()
    stage.commits()
    stage.reminds(10)

    stage.is_open.set()

    await hears(alice, 9, 10)


async def test_who_has_read_a_commit_before_its_announcement_hears_it_no_second_time() -> None:
    stage = Stage(head=9)
    stage.is_open.set()
    alice = stage.enters(after=8)
    await hears(alice, 9)
    stage.commits()
    bob = stage.enters(after=10)
    await hears(bob)

    stage.announces(10)
    stage.commits()
    stage.announces(11)

    await hears(alice, 10, 11)
    await hears(bob, 11)


async def test_who_is_ahead_misses_nothing_when_an_announcement_gets_lost() -> None:
    stage = Stage(head=9)
    stage.is_open.set()
    alice = stage.enters(after=8)
    await hears(alice, 9)
    stage.commits()
    bob = stage.enters(after=10)
    await hears(bob)

    for _ in range(2):
        stage.commits()
    stage.announces(12)

    await hears(alice, 10, 11, 12)
    await hears(bob, 11, 12)


async def test_who_reads_slowly_is_given_no_more_than_it_can_hold_and_everything_in_the_end() -> None:
    stage = Stage(head=400, data=b'"' + b"x" * 4_000 + b'"')
    stage.is_open.set()
    slow = stage.takes(SlowEar(stage.flusher), 0)
    most_bytes, heard = 0, list[int]()
    async with asyncio.timeout(5):
        while len(heard) < stage.head:
            heard.append(await slow.seqs.get())
            if slow.is_congested and slow.seqs.empty():
                most_bytes = max(most_bytes, slow.unread_bytes)
                slow.reads()

    assert heard == list(range(1, stage.head + 1))
    assert CONGESTED_ABOVE_BYTES < most_bytes < CONGESTED_ABOVE_BYTES + 3 * 4_200
