"""What the checker says of histories written by hand: nothing of a good one, and the right promise of each bad one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from bench.torture.check import check_memory, count, find_mid_commit
from bench.torture.records import (
    SECOND,
    Cut,
    Entered,
    Filled,
    Harmed,
    Healed,
    Heard,
    LogEntry,
    Lost,
    Member,
    Memory,
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
from bench.torture.rules import RULES
from bench.torture.story import Story, Times, tell

AT = "2026-11-24T06:30:00.000Z"
ADA, BOB = 0, 1
PEOPLE = {ADA: "ada", BOB: "bob"}
END = 60 * SECOND


def joined(seq: int, who: int, role: str = "member") -> LogEntry:
    data = {"person_id": PEOPLE[who], "name": PEOPLE[who], "role": role}
    return LogEntry(seq, "member.joined", AT, PEOPLE[who], msgspec.Raw(msgspec.json.encode(data)))


def post(seq: int, who: int, cid: str, body: str = "hi") -> LogEntry:
    data = {"cid": cid, "body": body, "reply_to": None, "author": {"id": PEOPLE[who], "name": PEOPLE[who]}}
    return LogEntry(seq, "message.posted", AT, PEOPLE[who], msgspec.Raw(msgspec.json.encode(data)))


LOG = [joined(1, ADA, "owner"), joined(2, BOB), post(3, ADA, "a"), post(4, BOB, "b"), post(5, ADA, "c")]
MARKS = {entry.seq: mark(entry.kind, entry.at, entry.by, bytes(entry.data)) for entry in LOG}


def heard(at: int, who: int, *seqs: int, connection: int = 1) -> list[RoomRecord]:
    return [Heard(at, who, connection, seq, MARKS.get(seq, "")) for seq in seqs]


def sent(at: int, who: int, cid: str, connection: int = 1, *, body: str = "hi", is_sound: bool = True) -> Sent:
    return Sent(at, who, connection, cid, digest(body), is_sound)


def entered(at: int, who: int, connection: int = 1, *, after: int = 2, head: int = 2) -> Entered:
    return Entered(at, who, connection, "resumed", after, "e", head)


BEFORE: list[RoomRecord] = [Member(ADA, "ada"), Member(BOB, "bob"), entered(10, ADA), entered(11, BOB)]
GOOD: list[RoomRecord] = [
    *BEFORE,
    sent(20, ADA, "a"),
    Posted(30, ADA, 1, "a", 3, dup=False),
    *heard(31, ADA, 3),
    *heard(31, BOB, 3),
    sent(40, BOB, "b"),
    sent(41, ADA, "c"),
    *heard(50, BOB, 4, 5),
    Posted(51, BOB, 1, "b", 4, dup=False),
    *heard(52, ADA, 4, 5),
    Posted(53, ADA, 1, "c", 5, dup=False),
]


def tell_of(
    records: Sequence[RoomRecord], log: Sequence[LogEntry] = LOG, kills: Sequence[int] = (), **outcome: object
) -> Story:
    """A room with this history and this end."""
    members: list[dict[str, Any]] = [
        {"person_id": "ada", "name": "ada", "role": "owner"},
        {"person_id": "bob", "name": "bob", "role": "member"},
    ]
    messages = [
        {"seq": entry.seq, "author": {"id": entry.by}, "at": entry.at, "body": msgspec.json.decode(entry.data)["body"]}
        for entry in log
        if entry.kind == "message.posted"
    ]
    end: dict[str, Any] = {"head": len(log), "epoch": "e", "members": members, "messages": messages, **outcome}
    return tell(0, records, Outcome(events=list(log), **end), Times(kills, END))


def broken(story: Story) -> set[str]:
    return {name.partition(" ")[0] for name, rules in RULES.items() for rule in rules if any(rule(story))}


def instead(old: RoomRecord, *new: RoomRecord) -> list[RoomRecord]:
    """The good history with one record replaced."""
    place = GOOD.index(old)
    return [*GOOD[:place], *new, *GOOD[place + 1 :]]


def test_a_good_history_breaks_nothing() -> None:
    assert broken(tell_of(GOOD)) == set()


A_ANSWERED = Posted(30, ADA, 1, "a", 3, dup=False)
C_SENT, C_ANSWERED = sent(41, ADA, "c"), Posted(53, ADA, 1, "c", 5, dup=False)
B_SENT = sent(40, BOB, "b")
BOB_HEARS_4, BOB_HEARS_5 = heard(50, BOB, 4, 5)
BAD: dict[str, tuple[str, list[RoomRecord]]] = {
    "acknowledged at another place": ("I1", instead(C_ANSWERED, Posted(53, ADA, 1, "c", 4, dup=False))),
    "acknowledged behind the end": ("I1", instead(C_ANSWERED, Posted(53, ADA, 1, "c", 6, dup=False))),
    "kept with another body": ("I1", instead(C_SENT, sent(41, ADA, "c", body="ho"))),
    "renamed and forgotten": ("I1", [*GOOD, Renaming(60, ADA, "eve"), Renamed(61, ADA, "eve")]),
    "acknowledged at two places": ("I2", [*GOOD, Posted(60, ADA, 1, "c", 3, dup=True)]),
    "acknowledged as new twice": ("I2", [*GOOD, Posted(60, ADA, 1, "c", 5, dup=False)]),
    "heard with another content": ("I3", instead(BOB_HEARS_4, Heard(50, BOB, 1, 4, "other"))),
    "filled with another content": ("I3", [*GOOD, Filled(60, BOB, 1, 3, [(4, "other")])]),
    "sent to another epoch": ("I3", [*GOOD, Entered(60, BOB, 1, "fresh", None, "f", 5)]),
    "reset": ("I3", [*GOOD, Entered(60, BOB, 1, "reset", 7, "e", 5)]),
    "sent before what it follows": ("I4", [*BEFORE, C_SENT, sent(42, ADA, "a"), *(r for r in GOOD[4:] if r != C_SENT)]),
    "sent when a later one was known": ("I5", [*(r for r in GOOD if r != B_SENT), sent(60, BOB, "b")]),
    "heard twice": ("stream", instead(BOB_HEARS_5, BOB_HEARS_4, BOB_HEARS_5)),
    "heard with a hole, and filled": ("stream", instead(BOB_HEARS_4, Filled(49, BOB, 1, 3, [(4, MARKS[4])]))),
    "filled from another place": ("stream", [*GOOD, Filled(60, BOB, 1, 2, [(4, MARKS[4])])]),
    "ended behind the head": ("I6", [record for record in GOOD if record != BOB_HEARS_5]),
    "never answered": ("no", [record for record in GOOD if record != C_ANSWERED]),
    "refused without a reason": ("no", [*GOOD, sent(60, ADA, "d"), Refused(61, ADA, 1, "d", "not_found", final=True)]),
    "met a fault of the server's": ("no", [*GOOD, Refused(61, ADA, 1, "", "internal", final=False)]),
    "told to stop": ("no", [*GOOD, Stopped(61, ADA, "Stop(code=4200)")]),
    "refused and kept": ("refused", [*GOOD, Refused(61, ADA, 1, "c", "bad_cid", final=True)]),
    "kept and never sent": ("refused", [record for record in GOOD if record != B_SENT]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history_breaks_its_promise(name: str) -> None:
    rule, records = BAD[name]

    assert rule in broken(tell_of(records))


def test_a_log_with_a_hole_or_a_double_is_seen() -> None:
    assert "I3" in broken(tell_of(GOOD, [*LOG[:3], post(5, ADA, "c")]))
    assert "I3" in broken(tell_of(GOOD, head=7))
    assert "I2" in broken(tell_of(GOOD, [*LOG, post(6, ADA, "c")]))


def test_what_is_said_of_a_room_must_follow_from_its_log() -> None:
    assert "outside" in broken(tell_of(GOOD, members=[{"person_id": "ada", "name": "eve", "role": "owner"}]))
    assert "outside" in broken(tell_of(GOOD, messages=[]))


LATE = 30 + 5 * SECOND + 1


def test_who_is_connected_and_unharmed_must_know_within_5_s() -> None:
    on_time = [*GOOD[:7], *heard(LATE - 1, BOB, 3, 4, 5)]
    late = [*GOOD[:7], *heard(LATE, BOB, 3)]

    assert not is_late(on_time)
    assert is_late(late)


def test_a_fault_gives_5_s_more_from_its_healing_on() -> None:
    harmed = [*GOOD[:7], Harmed(32, BOB, 1, "stalled"), Healed(SECOND, BOB, 1)]

    assert not is_late([*harmed, *heard(6 * SECOND, BOB, 3, 4, 5)])
    assert is_late([*harmed, *heard(6 * SECOND + 1, BOB, 3)])


def test_who_was_cut_or_lost_is_not_late_before_coming_back() -> None:
    for fault in (Cut(32, BOB, 1, "reset"), Lost(32, BOB, 1)):
        away = [*GOOD[:7], fault, entered(20 * SECOND, BOB, 2, after=2, head=5)]

        assert not is_late([*away, *heard(25 * SECOND, BOB, 3, 4, 5, connection=2)])
        assert is_late([*away, *heard(25 * SECOND + 1, BOB, 3, connection=2)])


def test_a_killed_server_ends_every_stretch() -> None:
    late = [*GOOD[:7], *heard(LATE, BOB, 3, 4, 5)]

    assert is_late(late)
    assert not is_late(late, kills=[SECOND])


def is_late(records: list[RoomRecord], kills: Sequence[int] = ()) -> bool:
    """Whether somebody was late in the middle; where they stood at the end is another question."""
    late = dict(RULES)["I6 did not catch up"]
    return any(
        "client 1 was connected and unharmed" in found for rule in late for found in rule(tell_of(records, kills=kills))
    )


def test_a_post_that_is_there_and_was_never_answered_tells_of_a_death_behind_its_commit() -> None:
    kill = 35
    again: list[RoomRecord] = [
        Lost(36, ADA, 1),
        entered(37, ADA, 2),
        sent(38, ADA, "a", 2),
        Posted(39, ADA, 2, "a", 3, dup=True),
    ]
    told: list[RoomRecord] = [*BEFORE, sent(20, ADA, "a"), *again]

    assert set(find_mid_commit(tell_of(told, kills=[kill]))) == {kill}
    assert (
        set(find_mid_commit(tell_of([*BEFORE, sent(20, ADA, "a"), Cut(21, ADA, 1, "x"), *again], kills=[kill])))
        == set()
    )
    assert count(tell_of(told))["posts sent again"] == 1


def test_memory_may_not_grow() -> None:
    steady = [Memory(at, 1 + at // 10, 90_000 + at, 100) for at in range(40)]
    within = [*steady, *(Memory(40 + at, 4, 90_000 + 2_000 * at, 100) for at in range(40))]
    between = [*steady, *(Memory(40 + at, 5, 150_000, 100) for at in range(9))]

    assert not list(check_memory(steady).breaches)
    assert list(check_memory(within).breaches)
    assert list(check_memory(between).breaches)
    assert list(check_memory([]).breaches)
