"""The verdict on a run, from its folder alone: `python -m bench.torture.check FOLDER`.

A run that broke no rule and proved nothing fails as well: what must have happened for it to count is in `FLOORS`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.torture import catching_up
from bench.torture.history import list_rooms, read_outcome, read_room, read_server
from bench.torture.records import SECOND, Cut, Ended, Entered, Filled, Harmed, Heard, Killed, Lost, Memory, ServerRecord
from bench.torture.rules import RULES
from bench.torture.sizes import Size
from bench.torture.story import Story, Times, tell

MOST_TOLD: Final = 5
GROWTH_KB: Final = 48 * 1024
"""What the server's memory may grow by in its last life, from the moment when nearly everybody is back."""
KB_A_CONNECTION: Final = 64
STORM_KB_A_CONNECTION: Final = 24
"""And from the first lives to the last one, where more may have come back at once."""
BASE_KB: Final = 128 * 1024
CROWDED_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that was broken, how often, and the first few times."""

    rule: str
    times: int
    examples: Sequence[str]

    def __str__(self) -> str:
        return "\n  ".join((f"{self.rule}: {self.times} times", *self.examples))


@dataclass(slots=True)
class Verdict:
    """What the rules say of a run, and what happened in it."""

    breaches: list[Breach] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    """What should have happened more often for the run to prove anything."""

    @property
    def broken(self) -> set[str]:
        """The names of the rules that were broken, up to the first space."""
        return {breach.rule.partition(" ")[0] for breach in self.breaches}

    @property
    def is_proof(self) -> bool:
        return not self.breaches and not self.missing

    def __str__(self) -> str:
        lines = [f"{name}: {count:,}" for name, count in self.counts.items()]
        lines += [str(breach) for breach in self.breaches]
        lines += [f"too few to prove anything: {name}" for name in self.missing]
        return "\n".join((*lines, "proven" if self.is_proof else "NOT PROVEN"))


def check_run(folder: Path, size: Size | None = None, processes: int = 2) -> Verdict:
    """Judge a run; with its `size`, also whether enough has happened."""
    server = read_server(folder)
    times = _read_times(server)
    verdict = Verdict()
    found: dict[str, list[str]] = {}
    killed_mid_commit: set[int] = set()
    for room in _check_rooms(folder, times, processes):
        worst = max(verdict.counts["worst lag, ms"], room.counts["worst lag, ms"])
        verdict.counts.update(room.counts)
        verdict.counts["worst lag, ms"] = worst
        killed_mid_commit |= room.killed_mid_commit
        for rule, sentences in room.breaches.items():
            found.setdefault(rule, []).extend(sentences)
    verdict.counts["kills"] = len(times.kills)
    verdict.counts["kills between COMMIT and answer"] = len(killed_mid_commit)
    memory = check_memory(server)
    found["memory grew"] = list(memory.breaches)
    verdict.counts.update(memory.counts)
    verdict.breaches = [
        Breach(rule, len(sentences), sentences[:MOST_TOLD]) for rule, sentences in found.items() if sentences
    ]
    if size is not None:
        verdict.missing = list(_find_missing(size, verdict.counts))
    return verdict


@dataclass(slots=True)
class _Room:
    breaches: dict[str, list[str]]
    counts: Counter[str]
    killed_mid_commit: set[int]


def _check_rooms(folder: Path, times: Times, processes: int) -> Iterator[_Room]:
    check = partial(_check_room, folder, times)
    if processes == 1:
        yield from map(check, list_rooms(folder))
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(check, list_rooms(folder))


def _check_room(folder: Path, times: Times, room: int) -> _Room:
    story = tell(room, read_room(folder, room), read_outcome(folder, room), times)
    breaches = {
        name: [f"room {room}: {found}" for rule in rules for found in rule(story)] for name, rules in RULES.items()
    }
    return _Room(breaches, count(story), set(find_mid_commit(story)))


def _read_times(server: Sequence[ServerRecord]) -> Times:
    kills = [record.at for record in server if isinstance(record, Killed)]
    return Times(kills, next(record.at for record in server if isinstance(record, Ended)))


def count(story: Story) -> Counter[str]:
    """What happened in a room, by name."""
    lags = catching_up.measure(story)
    answers = [answer for answers in story.posted.values() for answer in answers]
    records = [record for records in story.of_client.values() for record in records]
    entered = [record for record in records if isinstance(record, Entered)]
    return Counter(
        {
            "acknowledged posts": len(story.posted),
            "events heard": sum(isinstance(record, Heard) for record in records),
            "posts sent again": sum(len(sent) - 1 for sent in story.sent.values()),
            "of them recognised": sum(answer.dup for answer in answers),
            "final refusals": sum(any(refusal.final for refusal in given) for given in story.refused.values()),
            "renames": len(story.renamed),
            "cuts": sum(isinstance(record, Cut) for record in records),
            "reconnects": len(entered) - len(story.persons),
            "resumed": sum(record.mode == "resumed" for record in entered),
            "fills": sum(isinstance(record, Filled) for record in records),
            "events judged for lag": lags.judged,
            "worst lag, ms": lags.worst // 1000,
        }
    )


def find_mid_commit(story: Story) -> Iterator[int]:
    """The kills after which a post is there whose only sending ended, unharmed and unanswered, with the server."""
    doomed = {
        (record.who, record.connection)
        for records in story.of_client.values()
        for record in records
        if isinstance(record, Cut | Harmed)
    }
    lost_at = {
        (record.who, record.connection): record.at
        for records in story.of_client.values()
        for record in records
        if isinstance(record, Lost)
    }
    for (who, cid), answers in story.posted.items():
        sent = story.sent[who, cid][0]
        place = (who, sent.connection)
        if not answers[0].dup or answers[0].connection == sent.connection or place in doomed or place not in lost_at:
            continue
        kill = next((kill for kill in story.times.kills if kill > sent.at), None)
        if kill is not None and kill <= lost_at[place] + SECOND // 10:
            yield kill


@dataclass(frozen=True, slots=True)
class Growth:
    """What became of the server's memory."""

    breaches: Sequence[str]
    counts: Mapping[str, int]


def check_memory(server: Sequence[ServerRecord]) -> Growth:
    """The server's memory with nearly everybody connected: over its lives, and within the last, long one."""
    samples = [record for record in server if isinstance(record, Memory)]
    most_live = max((sample.live for sample in samples), default=0)
    crowded = [sample for sample in samples if sample.live >= CROWDED_SHARE * most_live]
    if not crowded:
        return Growth(["nobody measured it"], {})
    last_life = crowded[-1].life
    first = max(sample.rss_kb for sample in crowded if sample.life <= max(crowded[0].life, last_life // 4))
    last = [sample.rss_kb for sample in crowded if sample.life == last_life]
    peak_kb = max(sample.rss_kb for sample in samples)
    breaches = []
    if peak_kb > BASE_KB + KB_A_CONNECTION * most_live:
        breaches.append(f"{peak_kb:,} KB for {most_live} connections")
    if last[-1] - last[0] > GROWTH_KB:
        breaches.append(f"{last[-1] - last[0]:,} KB more at the end of the last life than when everybody was back")
    if last[-1] - first > GROWTH_KB + STORM_KB_A_CONNECTION * most_live:
        breaches.append(f"{last[-1] - first:,} KB more in the last life than in the first ones")
    counts = {"peak memory, MB": peak_kb // 1024, "memory growth in the last life, MB": (last[-1] - last[0]) // 1024}
    return Growth(breaches, counts)


def _find_missing(size: Size, counts: Counter[str]) -> Iterator[str]:
    floors = {
        "acknowledged posts": size.posts * 9 // 10,
        "events heard": size.posts * 9 // 10 * (size.clients // size.rooms) * 8 // 10,
        "kills": size.kills,
        "kills between COMMIT and answer": size.kills // 4,
        "cuts": size.cuts,
        "reconnects": size.cuts,
        "fills": size.cuts // 100,
        "of them recognised": size.cuts // 20,
        "final refusals": size.posts // 100,
        "renames": size.posts // 400,
        "events judged for lag": size.posts,
    }
    for name, floor in floors.items():
        if counts[name] < floor:
            yield f"{name}: {counts[name]:,} of {floor:,}"


def main() -> int:
    verdict = check_run(Path(sys.argv[1]))
    print(verdict)
    return 1 if verdict.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
