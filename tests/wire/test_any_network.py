"""Promise I3 and I6 at the client: whatever a network does to a room's log, the stream hands on exactly that log."""

from __future__ import annotations

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parlour.wire.frames import LogEvent
from parlour.wire.stream import HELD_EVENTS, Apply, AskFill, Effect, Reenter, Reload, Stream
from tests.wire.logs import entered, event, filled, head, log_event

FRACTION = st.floats(0, 1)


class AnyNetwork(RuleBasedStateMachine):
    """A server with a log, a reader with a stream, and between them everything that can go wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch, self.head = 1, 2
        self.stream = Stream()
        self.read: list[LogEvent] = []
        self.read_epoch = "none"
        self.asked: list[tuple[AskFill, int]] = []
        self.is_connected = False
        self.now_ms = 0

    # The server.

    @rule(events=st.integers(1, 400))
    def the_log_grows(self, events: int) -> None:
        self.head += events

    @rule(kept=FRACTION)
    def a_failover_loses_the_tail(self, kept: float) -> None:
        self.the_connection_breaks()
        self.epoch += 1
        self.head = max(1, round(self.head * kept))

    # The network.

    @rule()
    def the_connection_breaks(self) -> None:
        self.is_connected = False
        self.asked.clear()
        self.stream.disconnected()

    @precondition(lambda self: not self.is_connected)
    @rule()
    def the_reader_enters(self) -> None:
        self.is_connected = True
        point = self.stream.resume_point
        if point.after is None:
            self._answer_enter("fresh")
        elif point.epoch == self._epoch and point.after <= self.head:
            self._answer_enter("resumed")
        else:
            self._answer_enter("reset")

    @precondition(lambda self: self.is_connected)
    @rule(where=FRACTION, count=st.integers(1, 300), backwards=st.booleans())
    def some_events_come(self, where: float, count: int, backwards: bool) -> None:  # noqa: FBT001 -- drawn, not called
        first = max(1, round(where * self.head))
        run = range(first, min(first + count, self.head + 1))
        for seq in reversed(run) if backwards else run:
            self._take(self.stream.event(event(seq, self._epoch), self.now_ms))

    @precondition(lambda self: self.is_connected)
    @rule(ahead=st.integers(1, 5))
    def the_next_events_come(self, ahead: int) -> None:
        for seq in range(len(self.read) + 1, min(len(self.read) + ahead, self.head) + 1):
            self._take(self.stream.event(event(seq, self._epoch), self.now_ms))

    @precondition(lambda self: self.is_connected)
    @rule(behind=st.integers(0, 3))
    def a_head_comes(self, behind: int) -> None:
        self._take(self.stream.head(head(max(1, self.head - behind)), self.now_ms))

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 9), at_most=st.integers(0, 300), is_late=st.booleans())
    def a_fill_is_answered(self, which: int, at_most: int, is_late: bool) -> None:  # noqa: FBT001 -- drawn, not called
        fill, head_then = self.asked.pop(which % len(self.asked))
        self._answer_fill(fill, at_most, head_then if is_late else self.head)

    @precondition(lambda self: self.asked)
    @rule()
    def a_fill_is_refused(self) -> None:
        self.asked.pop()
        self.stream.fill_refused(self.now_ms)

    @rule(ms=st.integers(1, 3_000))
    def time_passes(self, ms: int) -> None:
        self.now_ms += ms
        self._take(self.stream.tick(self.now_ms))

    # The promises.

    @invariant()
    def what_was_read_is_a_beginning_of_one_log(self) -> None:
        assert self.read == [log_event(seq, self.read_epoch) for seq in range(1, len(self.read) + 1)]

    @invariant()
    def only_what_is_still_needed_is_held_and_little_of_it(self) -> None:
        held = self.stream._held  # noqa: SLF001 -- memory has no public door
        assert len(held) <= HELD_EVENTS
        assert all(seq > (self.stream.position or 0) for seq in held)

    @rule()
    def five_seconds_after_the_fault_heals_everything_was_read(self) -> None:
        if not self.is_connected:
            self.the_reader_enters()
        self._take(self.stream.head(head(self.head), self.now_ms))
        for _ in range(100):
            for fill, _head in self.asked[:]:
                self.asked.remove((fill, _head))
                self._answer_fill(fill, fill.limit, self.head)
            self.now_ms += 50
            self._take(self.stream.tick(self.now_ms))
        assert (self.read_epoch, len(self.read)) == (self._epoch, self.head)
        assert self.stream.due_ms is None

    def teardown(self) -> None:
        self.five_seconds_after_the_fault_heals_everything_was_read()

    @property
    def _epoch(self) -> str:
        return f"e{self.epoch}"

    def _answer_enter(self, mode: Literal["fresh", "resumed", "reset"]) -> None:
        self._take(self.stream.entered(entered(mode, self._epoch, self.head), self.now_ms))

    def _answer_fill(self, fill: AskFill, at_most: int, head_then: int) -> None:
        last = min(fill.after + min(fill.limit, at_most), head_then)
        answer = filled(range(fill.after + 1, last + 1), head_then, self._epoch)
        self._take(self.stream.filled(answer, self.now_ms))

    def _take(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Apply(applied):
                    self.read.append(applied)
                case Reload(_, at):
                    self.read_epoch = self._epoch
                    self.read = [log_event(seq, self._epoch) for seq in range(1, at + 1)]
                case AskFill():
                    assert self.is_connected, "nothing is asked while nobody listens"
                    self.asked.append((effect, self.head))
                case Reenter():
                    raise AssertionError("this server resumes only what is its own")


AnyNetwork.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestAnyNetwork = AnyNetwork.TestCase
