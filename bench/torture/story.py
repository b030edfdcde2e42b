"""The history of one room, arranged for judging: who sent what, what was answered, what everybody knew and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.torture.records import (
    Entered,
    Filled,
    Heard,
    LogEntry,
    Member,
    Outcome,
    Posted,
    Refused,
    Renamed,
    Renaming,
    RoomRecord,
    Sent,
    Stopped,
    digest,
    mark,
)

Cid = tuple[int, str]
"""A client and the cid in lower case, which is how the log has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the final log."""

    seq: int
    kind: str
    at: str
    by: str
    data: dict[str, Any]
    mark: str

    @property
    def cid(self) -> str:
        """Of a post; empty for other kinds."""
        return str(self.data["cid"]) if self.kind == "message.posted" else ""

    @property
    def digest(self) -> str:
        """Of what a post says."""
        return digest(self.data["body"])


@dataclass(frozen=True, slots=True)
class Times:
    """Moments of the whole run, in microseconds: when the server died, and when nobody said anything any more."""

    kills: Sequence[int]
    ended: int


@dataclass(slots=True)
class Story:
    """What happened in one room. Every list is in the order of time."""

    room: int
    times: Times
    outcome: Outcome
    log: list[Line] = field(default_factory=list)
    persons: dict[int, str] = field(default_factory=dict)
    of_client: dict[int, list[RoomRecord]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[Cid, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    posted: dict[Cid, list[Posted]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[Cid, list[Refused]] = field(default_factory=lambda: defaultdict(list))
    other_refusals: list[Refused] = field(default_factory=list)
    renamings: list[Renaming] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    stopped: list[Stopped] = field(default_factory=list)
    known_before: dict[Cid, int] = field(default_factory=dict)
    """The highest seq that anybody in the room knew when a post was sent for the first time."""
    known_at: dict[int, int] = field(default_factory=dict)
    """The first moment at which anybody knew of a seq, or of a later one."""
    _known: int = 0

    def add(self, record: RoomRecord) -> None:
        """Take one record, each later than the one before."""
        if isinstance(record, Member):
            self.persons[record.who] = record.person
            return
        self.of_client[record.who].append(record)
        self._file(record)
        self._learn(_seq_known_from(record), record.at)

    def _file(self, record: RoomRecord) -> None:
        match record:
            case Sent():
                cid = (record.who, record.cid.lower())
                self.sent[cid].append(record)
                self.known_before.setdefault(cid, self._known)
            case Posted():
                self.posted[record.who, record.cid.lower()].append(record)
            case Refused(cid=""):
                self.other_refusals.append(record)
            case Refused():
                self.refused[record.who, record.cid.lower()].append(record)
            case Renaming():
                self.renamings.append(record)
            case Renamed():
                self.renamed.append(record)
            case Stopped():
                self.stopped.append(record)
            case _:
                pass

    def _learn(self, seq: int, at: int) -> None:
        """The log reaches to here: a seq stands for all before it."""
        for known in range(self._known + 1, seq + 1):
            self.known_at[known] = at
        self._known = max(self._known, seq)

    def line(self, seq: int) -> Line | None:
        """What the final log has at a place."""
        return self.log[seq - 1] if 0 < seq <= len(self.log) else None


def tell(room: int, records: Iterable[RoomRecord], outcome: Outcome, times: Times) -> Story:
    """Read a room's history."""
    story = Story(room, times, outcome, [_line(entry) for entry in outcome.events])
    for record in records:
        story.add(record)
    return story


def _seq_known_from(record: RoomRecord) -> int:
    """The highest seq that a record speaks of; 0 when of none."""
    match record:
        case Heard(seq=seq) | Posted(seq=seq):
            return seq
        case Filled(events=events):
            return max((seq for seq, _ in events), default=0)
        case Entered(head=head):
            return head
        case _:
            return 0


def _line(entry: LogEntry) -> Line:
    data = bytes(entry.data)
    content = msgspec.json.decode(data)
    return Line(entry.seq, entry.kind, entry.at, entry.by, content, mark(entry.kind, entry.at, entry.by, data))
