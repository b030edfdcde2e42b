"""One room's log as a client follows it, pure: every event once, in order, whatever the network does to them.

It knows positions and moments, never what an event means. `now_ms` is always a reading of one monotonic clock.
The same machine exists in TypeScript; both pass protocol/vectors/stream.json.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from parlour.wire.frames import FILL_EVENTS, Entered, Event, Filled, Head, LogEvent

HELD_EVENTS = 256
"""Events that came too early and wait for their turn; beyond that the farthest goes, because a fill brings it again."""
STALL_MS = 250
"""Behind for this long without one step forward: ask for the missing events."""
FILL_WITHIN_MS = 10_000
"""A fill that has no answer after this time counts as refused."""
SLOWEST_RETRY_MS = 4_000
"""The waits between fruitless fills double up to this: no server is to be asked four times a second for ever."""


@dataclass(frozen=True, slots=True)
class Apply:
    """The next event of the log: its seq is always one more than that of the one before."""

    event: LogEvent


@dataclass(frozen=True, slots=True)
class Reload:
    """Forget everything known of the room and begin with this snapshot, taken at `head`."""

    snapshot: Any
    head: int


@dataclass(frozen=True, slots=True)
class AskFill:
    """Send `fill` with these fields."""

    after: int
    limit: int = FILL_EVENTS


@dataclass(frozen=True, slots=True)
class Reenter:
    """The server resumed a log that is not ours: send `enter` again, with the fields it has now."""


Effect = Apply | Reload | AskFill | Reenter


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The optional fields of the next `enter`."""

    epoch: str | None
    after: int | None


@dataclass(slots=True)
class Stream:
    """Follows one room. `position` is the last seq that was applied; None before the first snapshot.

    Begin with `Stream()` for a snapshot and what comes after it, or `Stream(position=0)` for the whole log.
    """

    position: int | None = None
    epoch: str | None = None
    _is_entered: bool = field(default=False, init=False)
    _known_head: int = field(default=0, init=False)
    _held: dict[int, LogEvent] = field(default_factory=dict, init=False)
    _due_ms: int | None = field(default=None, init=False)  # while behind: when to ask, or to give a fill up
    _is_asking: bool = field(default=False, init=False)
    _fruitless: int = field(default=0, init=False)

    @property
    def resume_point(self) -> ResumePoint:
        """Where the next `enter` should take up the log."""
        return ResumePoint(self.epoch, self.position)

    @property
    def due_ms(self) -> int | None:
        """When `tick` wants to be called; None while nothing is missing."""
        return self._due_ms

    def entered(self, frame: Entered, now_ms: int) -> list[Effect]:
        """The answer to `enter` came."""
        if frame.mode != "resumed":
            return self._begin(frame)
        if self.position is None:
            return []  # Nothing was asked to be resumed; another `enter` would only earn the same answer.
        if self.epoch not in (None, frame.epoch):
            self.disconnected()
            self._held.clear()
            self.position = self.epoch = None
            return [Reenter()]
        self._is_entered, self.epoch = True, frame.epoch
        return self._advance((), frame.head, now_ms)

    def event(self, frame: Event, now_ms: int) -> list[Effect]:
        """One event came by itself."""
        event = LogEvent(frame.seq, frame.kind, frame.at, frame.by, frame.data)
        return self._advance((event,), frame.seq, now_ms)

    def head(self, frame: Head, now_ms: int) -> list[Effect]:
        """The server said how long the log is. A head below ours is old news, not a shorter log."""
        return self._advance((), frame.head, now_ms)

    def filled(self, frame: Filled, now_ms: int) -> list[Effect]:
        """The answer to a fill came; while that helps and the end is not reached, the next is asked for at once."""
        was_asking, self._is_asking = self._is_asking, False
        effects = self._advance(frame.events, frame.head, now_ms)
        if not self._is_behind:
            return effects
        if effects:
            return [*effects, self._ask(now_ms)]
        if was_asking:
            self._wait_longer(now_ms)
        return []

    def fill_refused(self, now_ms: int) -> None:
        """The fill was refused, for now."""
        if self._is_asking:
            self._is_asking = False
            self._wait_longer(now_ms)

    def tick(self, now_ms: int) -> list[Effect]:
        """Called at `due_ms`, or a few times a second while there is one."""
        if self._due_ms is None or now_ms < self._due_ms:
            return []
        if self._is_asking:
            self.fill_refused(now_ms)
            return []
        return [self._ask(now_ms)]

    def disconnected(self) -> None:
        """The connection is gone: nothing may be asked before the next `entered`. What is held stays true."""
        self._is_entered = self._is_asking = False
        self._known_head = self._fruitless = 0
        self._due_ms = None

    @property
    def _is_behind(self) -> bool:
        return self.position is not None and self._known_head > self.position

    def _begin(self, frame: Entered) -> list[Effect]:
        self.disconnected()
        self._held.clear()
        self._is_entered, self.epoch, self.position = True, frame.epoch, frame.head
        return [Reload(frame.snapshot, frame.head)]

    def _advance(self, events: Iterable[LogEvent], head: int, now_ms: int) -> list[Effect]:
        """Apply what is next in line, keep what is early, and note since when we stand still."""
        if not self._is_entered or self.position is None:
            return []
        self._known_head = max(self._known_head, head)
        effects: list[Effect] = []
        for event in events:
            self._hold(event)
            effects += self._release()
        if not self._is_behind:
            self._due_ms, self._is_asking = None, False
        elif not self._is_asking and (effects or self._due_ms is None):
            self._due_ms, self._fruitless = now_ms + STALL_MS, 0
        return effects

    def _hold(self, event: LogEvent) -> None:
        ahead = event.seq - (self.position or 0)
        if ahead < 1:
            return
        self._held[event.seq] = event
        if ahead > 1 and len(self._held) > HELD_EVENTS:
            del self._held[max(self._held)]

    def _release(self) -> list[Effect]:
        effects: list[Effect] = []
        while (event := self._held.pop((self.position or 0) + 1, None)) is not None:
            self.position = event.seq
            effects.append(Apply(event))
        return effects

    def _ask(self, now_ms: int) -> AskFill:
        self._is_asking, self._due_ms = True, now_ms + FILL_WITHIN_MS
        return AskFill(self.position or 0)

    def _wait_longer(self, now_ms: int) -> None:
        self._due_ms = now_ms + min(SLOWEST_RETRY_MS, STALL_MS << min(self._fruitless, 10))
        self._fruitless += 1
