"""The journal on both stores: one gapless order in every room, every change once, nothing said before COMMIT."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from msgspec import structs
from sqlalchemy import delete, insert
from structlog.typing import EventDict

from parlour.storage.batch import Written
from parlour.storage.database import Database
from parlour.storage.journal import BATCH_BYTES, BATCH_CHANGES, WAITING_CHANGES, Journal
from parlour.storage.schema import Probe
from parlour.wire.errors import Refusal
from tests.contracts.scribe import Node, Room, answer, running_node

MANY = 300


async def test_a_log_begins_at_1_and_has_no_gaps(node: Node) -> None:
    room = await node.open_room()

    written = await node.write_all(*(room.says(str(number)) for number in range(MANY)))

    assert [place.seq for place in written] == list(range(1, MANY + 1))
    assert [line.seq for line in await room.log()] == list(range(1, MANY + 1))
    assert await room.head() == MANY


async def test_posts_and_other_changes_share_one_order(node: Node) -> None:
    room = await node.open_room()

    await node.write_all(room.says("first"), room.notes("second"), room.says("third"))

    kinds = [(line.seq, line.kind) for line in await room.log()]
    assert kinds == [(1, "message.posted"), (2, "room.noted"), (3, "message.posted")]


async def test_every_room_counts_for_itself(node: Node) -> None:
    tea, coffee = await node.open_room(), await node.open_room()

    await node.write_all(*(room.says(str(number)) for number in range(5) for room in (tea, coffee)))

    assert [line.seq for line in await tea.log()] == [1, 2, 3, 4, 5]
    assert [line.seq for line in await coffee.log()] == [1, 2, 3, 4, 5]


async def test_a_senders_order_is_kept(node: Node) -> None:
    room = await node.open_room()

    await asyncio.gather(
        *(node.write_all(*(room.says(f"{number}", by=author) for number in range(MANY))) for author in ("alice", "bob"))
    )

    for author in ("alice", "bob"):
        said = [int(line.text) for line in await room.log() if line.by_id == author]
        assert said == list(range(MANY))


async def test_an_idle_journal_commits_at_once(node: Node) -> None:
    room = await node.open_room()

    for number in range(3):
        await node.write_all(room.says(str(number)))

    assert node.journal.stats.batches == 3


async def test_what_waits_together_is_committed_together(node: Node) -> None:
    room = await node.open_room()

    await node.write_all(*(room.says(str(number)) for number in range(3 * BATCH_CHANGES)))

    assert node.journal.stats.batches == 3


async def test_a_batch_is_bounded_in_bytes_too(node: Node) -> None:
    room = await node.open_room()
    body = "x" * (BATCH_BYTES // 4)

    await node.write_all(*(room.says(body) for _ in range(12)))

    assert node.journal.stats.batches == 3


async def test_more_changes_than_can_wait_are_refused_for_now(sqlite_store: str) -> None:
    database = Database(sqlite_store)
    journal = Journal(database, lambda _: None)
    room = await Room.open(database)
    waiting = [journal.write(room.notes(str(number))) for number in range(WAITING_CHANGES)]

    refused = await answer(journal.write(room.notes("one too many")))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.final) == ("overloaded", False)

    journal.start()
    await asyncio.gather(*waiting)
    assert len(await room.log()) == WAITING_CHANGES
    await journal.stop(1)
    await database.close()


async def test_the_same_cid_twice_in_one_batch_is_one_message(node: Node) -> None:
    room, cid = await node.open_room(), str(uuid.uuid4())

    first, again, after = await node.write_all(room.says("hi", cid=cid), room.says("hi", cid=cid), room.says("after"))

    assert node.journal.stats.batches == 1
    assert (first.seq, first.is_duplicate) == (1, False)
    assert (again.seq, again.is_duplicate) == (1, True)
    assert (after.seq, after.is_duplicate) == (2, False)
    assert [line.text for line in await room.log()] == ["hi", "after"]


async def test_the_same_cid_in_a_later_batch_is_the_same_message(node: Node) -> None:
    room, cid = await node.open_room(), str(uuid.uuid4())
    await node.write_all(room.says("hi", cid=cid))

    before, again, after = await node.write_all(room.says("before"), room.says("hi", cid=cid), room.says("after"))

    assert (again.seq, again.is_duplicate) == (1, True)
    assert (before.seq, after.seq) == (2, 3)
    assert [line.text for line in await room.log()] == ["hi", "before", "after"]


async def test_the_same_cid_after_a_restart_is_the_same_message(store: str) -> None:
    cid = str(uuid.uuid4())
    async with running_node(store) as before:
        room = await before.open_room()
        await before.write_all(room.says("hi", cid=cid))
    async with running_node(store) as after:
        room = Room(room.id, after.database)

        again, new = await after.write_all(room.says("hi", cid=cid), room.says("new"))

        assert (again.seq, again.is_duplicate) == (1, True)
        assert (new.seq, new.is_duplicate) == (2, False)
        assert len(await room.log()) == 2


async def test_the_same_cid_of_somebody_else_or_elsewhere_is_another_message(node: Node) -> None:
    room, elsewhere, cid = await node.open_room(), await node.open_room(), str(uuid.uuid4())

    changes = (room.says("hi", cid=cid), room.says("hi", cid=cid, by="bob"), elsewhere.says("hi", cid=cid))
    written = await node.write_all(*changes)

    assert [(place.seq, place.is_duplicate) for place in written] == [(1, False), (2, False), (1, False)]


async def test_a_duplicate_is_no_news_and_yet_reminds_everyone_how_far_the_log_reaches(node: Node) -> None:
    room, cid = await node.open_room(), str(uuid.uuid4())

    await node.write_all(room.says("hi", cid=cid))
    await node.write_all(room.says("hi", cid=cid), room.says("new"))

    assert node.news == [1, 2]
    assert [made.seq for made in node.announced if made.frame is None] == [1]


async def test_a_refused_change_leaves_its_batch_alone(node: Node) -> None:
    room = await node.open_room()

    answers = await node.write(room.says("one"), room.says("to nobody", reply_to=99), room.says("two", reply_to=1))

    first, refused, second = answers
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.final) == ("unknown_message", True)
    assert isinstance(first, Written)
    assert isinstance(second, Written)
    assert (first.seq, second.seq) == (1, 2)
    assert [line.text for line in await room.log()] == ["one", "two"]


@pytest.mark.parametrize("place", [0, 1, 63, 64, BATCH_CHANGES - 1])
async def test_a_broken_change_is_found_and_the_rest_of_its_batch_is_written(node: Node, place: int) -> None:
    room = await node.open_room()
    changes = [room.says(str(number)) for number in range(BATCH_CHANGES)]
    changes[place] = room.says(None)

    answers = await node.write(*changes)

    broken = answers.pop(place)
    assert isinstance(broken, Refusal)
    assert broken.code == "internal"
    assert [given.seq for given in answers if isinstance(given, Written)] == list(range(1, BATCH_CHANGES))
    assert [int(line.text) for line in await room.log()] == [n for n in range(BATCH_CHANGES) if n != place]
    assert node.news == list(range(1, BATCH_CHANGES))


async def test_what_was_said_is_not_in_the_log_file_even_when_it_cannot_be_kept(
    node: Node, logged: list[EventDict]
) -> None:
    room = await node.open_room()
    broken = room.says("a secret")
    assert broken.post is not None
    broken = structs.replace(broken, post=structs.replace(broken.post, row={**broken.post.row, "at_ms": None}))

    (refused,) = await node.write(broken)

    assert isinstance(refused, Refusal)
    (entry,) = [entry for entry in logged if entry["event"] == "change_failed"]
    assert entry["room"] == room.id
    assert "at_ms" in entry["error"]
    assert "secret" not in repr(logged)


async def test_a_claim_is_granted_once_however_many_race_for_it(node: Node) -> None:
    room = await node.open_room()
    async with node.database.writing() as connection:
        await connection.execute(insert(Probe).values(id=7, padding=""))
    claim = delete(Probe).where(Probe.id == 7)

    answers = await node.write(*(room.notes(str(number), claim=claim) for number in range(20)), room.says("after"))

    granted = [given for given in answers if given is not None]
    assert [given.seq for given in granted if isinstance(given, Written)] == [1, 2]
    assert [line.seq for line in await room.log()] == [1, 2]
    assert node.news == [1, 2]


async def test_a_room_that_has_closed_answers_like_one_that_never_was(node: Node) -> None:
    closed, open_room = await node.open_room(), await node.open_room()
    unknown = Room("never-was", node.database)
    await node.write_all(closed.says("while it was open"))
    await closed.close()

    *refused, written = await node.write(closed.says("hi"), unknown.says("hi"), open_room.says("hi"))

    assert [given.code for given in refused if isinstance(given, Refusal)] == ["not_found", "not_found"]
    assert isinstance(written, Written)
    assert await closed.head() is None


async def test_an_answer_means_that_others_can_read_it(node: Node, store: str) -> None:
    room = await node.open_room()
    outside = Database(store)
    for number in range(1, 6):
        await node.write_all(room.says(str(number)))

        assert len(await Room(room.id, outside).log()) == number
    await outside.close()


async def test_everyone_is_told_in_the_order_of_the_log(node: Node) -> None:
    rooms = [await node.open_room() for _ in range(3)]

    await asyncio.gather(*(node.write_all(*(room.says(str(n)) for n in range(MANY))) for room in rooms))

    for room in rooms:
        told = [(made.seq, made.change.data) for made in node.announced if made.room_id == room.id]
        assert told == [(n + 1, room.says(str(n)).data) for n in range(MANY)]


@pytest.mark.postgres
async def test_nobody_is_answered_or_told_when_the_commit_itself_fails(postgres_store: str) -> None:
    async with running_node(postgres_store) as node:
        room = await node.open_room()
        async with node.database.writing() as connection:
            for statement in _OBJECTS_AT_COMMIT:
                await connection.exec_driver_sql(statement)

        first, poison, last = await node.write(room.says("one"), room.says("poison"), room.says("two"))

        assert isinstance(poison, Refusal)
        assert [given.seq for given in (first, last) if isinstance(given, Written)] == [1, 2]
        assert [line.text for line in await room.log()] == ["one", "two"]
        assert node.news == [1, 2]


_OBJECTS_AT_COMMIT = (
    """CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS
       'BEGIN IF NEW.body = ''poison'' THEN RAISE EXCEPTION ''no''; END IF; RETURN NULL; END'""",
    """CREATE CONSTRAINT TRIGGER object_at_commit AFTER INSERT ON messages DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION object()""",
)
