"""I6: whoever is connected knows within 5 s what anybody knows, counted from when the fault has healed.

Judged all the time, not only at the end: over each stretch in which a connection had entered, was up and unharmed,
every seq that anybody in the room knew must have been reached 5 s later. Where each client stood is worked out from
what its socket heard, not from what it says of itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.torture.records import (
    SECOND,
    Cut,
    Entered,
    Filled,
    Harmed,
    Healed,
    Heard,
    Lost,
    RoomRecord,
)
from bench.torture.story import Story

WITHIN: Final = 5 * SECOND


@dataclass(slots=True)
class Stretch:
    """A time in which nothing hindered a client: where it stood at first, and each moment at which it got further."""

    began: int
    position: int
    steps: list[tuple[int, int]] = field(default_factory=list)
    ended: int = 0


@dataclass(slots=True)
class _Walk:
    """One client's way through the log."""

    position: int = 0
    is_entered: bool = False
    stretches: list[Stretch] = field(default_factory=list)
    _held: set[int] = field(default_factory=set)
    _current: Stretch | None = None

    def take(self, record: RoomRecord) -> None:
        match record:
            case Entered(at=at, mode=mode, after=after, head=head):
                self.end(at)
                self.position = (after or 0) if mode == "resumed" else head
                self._held = {seq for seq in self._held if seq > self.position} if mode == "resumed" else set()
                self.is_entered = True
                self._begin(at)
                self._walk(at)
            case Heard(at=at, seq=seq):
                self._held.add(seq)
                self._walk(at)
            case Filled(at=at, events=events):
                self._held.update(seq for seq, _ in events)
                self._walk(at)
            case Harmed(at=at):
                self.end(at)
            case Healed(at=at):
                self.end(at)
                if self.is_entered:
                    self._begin(at)
            case Cut(at=at) | Lost(at=at):
                self.end(at)
                self.is_entered = self.is_entered and isinstance(record, Cut)
            case _:
                pass

    def end(self, at: int) -> None:
        if self._current is not None:
            self._current.ended = at
            self.stretches.append(self._current)
            self._current = None

    def _begin(self, at: int) -> None:
        self._current = Stretch(at, self.position)

    def _walk(self, at: int) -> None:
        before = self.position
        while self.position + 1 in self._held:
            self.position += 1
            self._held.discard(self.position)
        if self.position != before and self._current is not None:
            self._current.steps.append((at, self.position))


@dataclass(slots=True)
class Lags:
    """How late events were known: `judged` were looked at, the latest was `worst` microseconds late."""

    judged: int = 0
    worst: int = 0
    late: list[str] = field(default_factory=list)


def find_late(story: Story) -> Iterator[str]:
    """I6, all the time and at the end."""
    yield from measure(story).late
    for who in story.persons:
        walk = _follow(story, who)
        if walk.position != len(story.log):
            yield f"client {who} ended at {walk.position}, and the log at {len(story.log)}"


def measure(story: Story) -> Lags:
    """Judge every stretch of every client."""
    lags = Lags()
    for who in story.persons:
        for stretch in _follow(story, who).stretches:
            _judge(who, stretch, story, lags)
    return lags


def _follow(story: Story, who: int) -> _Walk:
    walk = _Walk()
    for record in story.of_client.get(who, ()):
        if getattr(record, "at", 0) > story.times.ended:
            break
        walk.take(record)
    walk.end(story.times.ended)
    return walk


def _judge(who: int, stretch: Stretch, story: Story, lags: Lags) -> None:
    until = min(stretch.ended, _next_kill(story.times.kills, stretch.began))
    steps = iter(stretch.steps)
    reached_at, position = stretch.began, stretch.position
    for seq in range(stretch.position + 1, len(story.log) + 1):
        since = max(stretch.began, story.known_at.get(seq, story.times.ended))
        while position < seq and (step := next(steps, None)) is not None:
            reached_at, position = step
        # What was not reached before something else happened is late only if 5 s had gone by then.
        is_reached = position >= seq and reached_at <= until
        lag = (reached_at if is_reached else until) - since
        if not is_reached and lag <= WITHIN:
            return
        lags.judged += 1
        lags.worst = max(lags.worst, lag)
        if lag > WITHIN:
            lags.late.append(f"client {who} was connected and unharmed, and 5 s later did not know of {seq}")
            return


def _next_kill(kills: Sequence[int], at: int) -> int:
    place = bisect_right(kills, at)
    return kills[place] if place < len(kills) else 2**63
