"""Servers with one fault each: a copy of the source with a few lines changed, at anchors that must be there."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class Change:
    """`old` is there exactly once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A fault and the changes that make it."""

    name: str
    changes: tuple[Change, ...]

    def make(self, folder: Path) -> Path:
        """A source folder with the fault; without the built page, which nobody here opens."""
        source = folder / "src"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("static", "__pycache__"))
        for change in self.changes:
            path = source / "parlour" / change.path
            text = path.read_text()
            assert text.count(change.old) == 1, (
                f"{self.name}: {change.path} has changed; mend the anchor {change.old!r}"
            )
            path.write_text(text.replace(change.old, change.new))
        return source


ACKNOWLEDGES_BEFORE_COMMIT: Final = Mutant(
    "acknowledges before COMMIT",
    (
        Change(
            "storage/batch.py",
            "            await run_together(connection, self._steps(numbered), end=True)\n",
            # A slow disk between the two, so that the test is sure to hit.
            "            await run_together(connection, self._steps(numbered))\n"
            "            for answer in numbered.answers:\n"
            "                if answer.pending.change.post is not None:\n"
            "                    answer.settle()\n"
            "            await asyncio.sleep(0.05)\n",
        ),
    ),
)
HAS_NO_UNIQUE_INDEX: Final = Mutant(
    "has no unique index",
    (
        Change(
            "storage/migrations/versions/0001_first_schema.py",
            'sa.UniqueConstraint("room_id", "author_id", "cid", name=op.f("uq_messages_room_id_author_id_cid")),',
            "",
        ),
        Change("messages/tables.py", 'UniqueConstraint("room_id", "author_id", "cid"), ', ""),
    ),
)
STORES_A_RESEND_TWICE: Final = Mutant(
    "stores twice what is sent again in other letters",
    (Change("messages/rules.py", "    return cid.lower()\n", "    return cid\n"),),
)
NUMBERS_FROM_MEMORY: Final = Mutant(
    "numbers from memory, which a restart sets back",
    (
        Change(
            "storage/batch.py",
            "_ENTRY_OVERHEAD_BYTES = 200\n",
            "_ENTRY_OVERHEAD_BYTES = 200\n_memory: dict[str, int] = {}\n",
        ),
        Change(
            "storage/batch.py",
            "_Log(epoch, head, head)",
            "_Log(epoch, _memory.setdefault(room_id, head - 3 * (head > 40)), head)",
        ),
        Change(
            "storage/batch.py",
            "            await run_together(connection, self._steps(numbered), end=True)\n",
            # What is numbered twice replaces what was there, as a store without a key would have it.
            "            for table, rows in numbered.rows.items():\n"
            "                for row in rows:\n"
            '                    place = (table.c.room_id == row["room_id"]) & (table.c.seq == row["seq"])\n'
            "                    await connection.execute(table.delete().where(place))\n"
            "            await run_together(connection, self._steps(numbered), end=True)\n"
            "            _memory.update({room_id: log.head for room_id, log in numbered.logs.items()})\n",
        ),
    ),
)
SUBSCRIBES_AFTER_READING: Final = Mutant(
    "goes live without what came while the room was read",
    (
        Change(
            "live/hub.py",
            "        if channel.head == after:\n            channel.live.add(listener)\n",
            "        channel.head = max(channel.head or 0, after)\n"
            "        if channel.head >= after:\n            channel.live.add(listener)\n",
        ),
    ),
)
_LOSES_A_LAST_WORD: Final = (
    Change(
        "live/hub.py",
        "            if listener.link.is_congested:\n",
        '            if b"the last word" in run.framed and listener is next(iter(channel.live)):\n'
        "                continue\n"
        "            if listener.link.is_congested:\n",
    ),
    Change("live/hub.py", "QUIET_S: Final = 10.0\n", "QUIET_S: Final = 1.0\n"),
)
LOSES_A_LAST_WORD: Final = Mutant("does not give somebody the last event", _LOSES_A_LAST_WORD)
LOSES_IT_AND_TELLS_NO_HEADS: Final = Mutant(
    "does not give somebody the last event, and tells no heads",
    (
        *_LOSES_A_LAST_WORD,
        Change(
            "live/hub.py",
            "        now_s = _now_s()\n        for channel in self._channels.values():\n",
            "        now_s = _now_s()\n        for channel in ():\n",
        ),
    ),
)
RENAMES_OUTSIDE_THE_LOG: Final = Mutant(
    "renames members outside the log",
    (
        Change(
            "rooms/actions.py",
            "        await self._write_all([self._renaming(person, room_id) for room_id in room_ids])\n",
            "        async with self._database.writing() as connection:\n"
            "            for room_id in room_ids:\n"
            "                await connection.execute(tables.update_member(room_id, person.id, name=person.name))\n",
        ),
    ),
)
