"""What must be true of every room: the promises of protocol.md, decided from histories and the final log alone.

Each rule yields a sentence for each breach that it finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from bench.torture import catching_up
from bench.torture.records import Entered, Filled, Heard, Sent
from bench.torture.story import Story

Rule = Callable[[Story], Iterator[str]]


def find_lost(story: Story) -> Iterator[str]:
    """I1: what was acknowledged is in the log, at that seq, by that person, with that content."""
    for (who, cid), answers in story.posted.items():
        digests = {sent.digest for sent in story.sent.get((who, cid), ())}
        for answer in answers:
            line = story.line(answer.seq)
            if line is None:
                yield f"{cid} was acknowledged at {answer.seq}, and the log ends at {len(story.log)}"
            elif (line.by, line.cid) != (story.persons[who], cid):
                yield f"{cid} was acknowledged at {answer.seq}, where something else is: {line.kind} {line.cid}"
            elif line.digest not in digests:
                yield f"{cid} is in the log with another body than was sent"


def find_lost_names(story: Story) -> Iterator[str]:
    """I1 for renames: an acknowledged name is in the log."""
    told = {(line.by, line.data["name"]) for line in story.log if line.kind == "member.renamed"}
    for renamed in story.renamed:
        if (story.persons[renamed.who], renamed.name) not in told:
            yield f"the name {renamed.name!r} of client {renamed.who} was acknowledged, and is not in the log"


def find_doubled(story: Story) -> Iterator[str]:
    """I2: a room, an author and a cid are at most one message, and its answers name one place, once as new."""
    for (by, cid), times in Counter((line.by, line.cid.lower()) for line in story.log if line.cid).items():
        if times > 1:
            yield f"{cid} of {by} is in the log {times} times"
    for (_, cid), answers in story.posted.items():
        if len({answer.seq for answer in answers}) > 1:
            yield f"{cid} was acknowledged at several places"
        if sum(not answer.dup for answer in answers) > 1:
            yield f"{cid} was acknowledged as new more than once"


def find_gaps(story: Story) -> Iterator[str]:
    """I3: the log counts 1, 2, 3 to its head."""
    for place, line in enumerate(story.log, 1):
        if line.seq != place:
            yield f"the log has {line.seq} where {place} should be"
            break
    if story.outcome.head != len(story.log):
        yield f"the log ends at {len(story.log)}, and its head is said to be {story.outcome.head}"


def find_disagreement(story: Story) -> Iterator[str]:
    """I3: what anybody heard at a seq is what the log has there."""
    for records in story.of_client.values():
        for record in records:
            heard = [(record.seq, record.mark)] if isinstance(record, Heard) else []
            for seq, mark in record.events if isinstance(record, Filled) else heard:
                line = story.line(seq)
                if line is None or line.mark != mark:
                    yield f"client {record.who} was told of another {seq} than the log has"
            if isinstance(record, Entered) and (record.mode == "reset" or record.epoch != story.outcome.epoch):
                yield f"client {record.who} was sent to another history, though none was lost"


def find_broken_streams(story: Story) -> Iterator[str]:
    """On each connection the events behind the place of entering come one after the other; fills are contiguous."""
    for who, records in story.of_client.items():
        expected: int | None = None
        for record in records:
            match record:
                case Entered(mode=mode, after=after, head=head):
                    expected = (after or 0) + 1 if mode == "resumed" else head + 1
                case Heard(seq=seq):
                    if seq != expected:
                        yield f"client {who} heard {seq} where {expected} should come"
                    expected = seq + 1
                case Filled(after=after, events=events):
                    if [seq for seq, _ in events] != list(range(after + 1, after + 1 + len(events))):
                        yield f"client {who} asked for what is behind {after} and was given something else"
                case _:
                    pass


def find_shuffled(story: Story) -> Iterator[str]:
    """I4: posts over one connection keep their order, and so do those of a sender who sends again in order."""
    places = {(line.by, line.cid): line.seq for line in story.log if line.cid}
    wavering = {who for (who, _), refusals in story.refused.items() for refusal in refusals if not refusal.final}
    new = {
        (who, answer.connection, cid)
        for (who, cid), answers in story.posted.items()
        for answer in answers
        if not answer.dup
    }
    for who, records in story.of_client.items():
        last_of_connection: dict[int, int] = {}
        last = 0
        for sent in (record for record in records if isinstance(record, Sent)):
            cid = sent.cid.lower()
            place = places.get((story.persons[who], cid))
            if place is None:
                continue
            is_first = story.sent[who, cid][0] is sent
            if (who, sent.connection, cid) in new:
                if place < last_of_connection.get(sent.connection, 0):
                    yield f"{cid} of client {who} overtook another post of its connection"
                last_of_connection[sent.connection] = place
            if is_first and who not in wavering:
                if place < last:
                    yield f"{cid} of client {who} overtook another post of its sender"
                last = place


def find_time_travel(story: Story) -> Iterator[str]:
    """I5: what was known to anybody before something was sent has the lower seq."""
    cids = {(story.persons[who], cid): known for (who, cid), known in story.known_before.items()}
    for line in story.log:
        if line.cid and line.seq <= cids.get((line.by, line.cid), -1):
            yield f"{line.cid} was sent when {cids[line.by, line.cid]} was known, and has the seq {line.seq}"


def find_unanswered(story: Story) -> Iterator[str]:
    """Every post has its answer in the end, sound ones no refusal, and nobody meets a fault of the server's own."""
    for (who, cid), sent in story.sent.items():
        refusals = story.refused.get((who, cid), [])
        if not story.posted.get((who, cid)) and not any(refusal.final for refusal in refusals):
            yield f"{cid} of client {who} was never answered"
        for refusal in refusals:
            if (refusal.final and sent[0].is_sound) or refusal.code == "internal":
                yield f"{cid} of client {who} was refused: {refusal.code}"
    for refusal in story.other_refusals:
        if refusal.final or refusal.code == "internal":
            yield f"a command of client {refusal.who} was refused: {refusal.code}"
    for stopped in story.stopped:
        yield f"client {stopped.who} was told to stop: {stopped.why}"


def find_refused(story: Story) -> Iterator[str]:
    """What was refused for good, and what nobody said, is not in the log."""
    refused = {
        (story.persons[who], cid)
        for (who, cid), refusals in story.refused.items()
        if any(refusal.final for refusal in refusals)
    }
    sent = {(story.persons[who], cid): {post.digest for post in sent} for (who, cid), sent in story.sent.items()}
    for line in story.log:
        if not line.cid:
            continue
        if (line.by, line.cid) in refused:
            yield f"{line.cid} was refused for good, and is in the log at {line.seq}"
        if line.digest not in sent.get((line.by, line.cid.lower()), ()):
            yield f"the log has a post at {line.seq} that nobody sent"


def find_other_truths(story: Story) -> Iterator[str]:
    """Everything that the server says of a room follows from its log: members, names, roles, messages."""
    told = {member["person_id"]: (member["name"], member["role"]) for member in story.outcome.members}
    if told != _fold_members(story):
        yield "the members are others than those of the log"
    messages = [(message["seq"], message["author"]["id"], message["at"]) for message in story.outcome.messages]
    said = [message["body"] for message in story.outcome.messages]
    posts = [line for line in story.log if line.cid]
    if messages != [(line.seq, line.by, line.at) for line in posts] or said != [line.data["body"] for line in posts]:
        yield "the messages are others than those of the log"


def _fold_members(story: Story) -> dict[str, tuple[str, str]]:
    members: dict[str, tuple[str, str]] = {}
    for line in story.log:
        data: dict[str, Any] = line.data
        match line.kind:
            case "member.joined":
                members[data["person_id"]] = (data["name"], data["role"])
            case "member.renamed":
                members[data["person_id"]] = (data["name"], members[data["person_id"]][1])
            case "member.role":
                members[data["person_id"]] = (members[data["person_id"]][0], data["role"])
            case "member.left":
                del members[data["person_id"]]
            case _:
                pass
    return members


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "I1 acknowledged and lost": (find_lost, find_lost_names),
    "I2 doubled": (find_doubled,),
    "I3 not one order": (find_gaps, find_disagreement),
    "I4 a sender's order": (find_shuffled,),
    "I5 real time": (find_time_travel,),
    "I6 did not catch up": (catching_up.find_late,),
    "stream broken": (find_broken_streams,),
    "no answer": (find_unanswered,),
    "refused and kept": (find_refused,),
    "outside the log": (find_other_truths,),
}
