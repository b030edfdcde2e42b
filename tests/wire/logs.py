"""A room's log for tests: events whose content follows from their seq, and the frames that carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Raw

from parlour.wire.frames import Entered, Event, Filled, Head, LogEvent

ROOM = "q7Zk2mXw9bTfLr4VnHs0Ya"
AT = "2026-11-24T06:30:00.123Z"


def log_event(seq: int, epoch: str = "e1") -> LogEvent:
    """The event at this place of the log; another epoch has others."""
    return LogEvent(seq, "test.happened", AT, "alice", Raw(b'"%s:%d"' % (epoch.encode(), seq)))


def event(seq: int, epoch: str = "e1") -> Event:
    """The same, as it comes by itself."""
    row = log_event(seq, epoch)
    return Event(ROOM, row.seq, row.kind, row.at, row.by, row.data)


def filled(seqs: Iterable[int], head: int, epoch: str = "e1") -> Filled:
    """The same, as a fill brings them."""
    return Filled(0, ROOM, [log_event(seq, epoch) for seq in seqs], head)


def head(seq: int) -> Head:
    """Where the log ends."""
    return Head(ROOM, seq)


def entered(mode: Literal["fresh", "resumed", "reset"], epoch: str, head: int) -> Entered:
    """The answer to enter; the snapshot of a test is the head at which it was taken."""
    return Entered(0, ROOM, epoch, head, mode, None if mode == "resumed" else {"head": head})
