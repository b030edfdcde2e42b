"""An evening with fixed words, names and times, so that its pictures show what changed in the page and nothing else.

The people talk through the API as anybody does. While the server is down, what chance and the clock
gave them (ids, the code, the times) is replaced in its database.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.cast import Guest, Server

CODE: Final = "TEA4"
NOW: Final = datetime(2026, 5, 17, 18, 42, tzinfo=UTC)
# Ids whose colours stand well beside each other (web/src/ui/avatar.ts).
PEOPLE: Final = {
    "Ines": "ines-ines-ines-ines-aa",
    "Tomás": "tomas-tomas-tomas-to-a",
    "Ruth Adler": "ruth-ruth-ruth-ruth-aa",
    "蕾": "lei-lei-lei-lei-lei-aa",
}


@dataclass(frozen=True)
class Line:
    """Who said it, how long before NOW, and what."""

    who: str
    ago: timedelta
    body: str


def _days(days: int, minutes: int) -> timedelta:
    return timedelta(days=days, minutes=minutes)


HISTORY: Final = (
    Line("Ruth Adler", _days(2, 200), "Has anyone walked the river path since the storm?"),
    Line("Tomás", _days(2, 188), "Yesterday. Two trees down near the mill, but you can climb over."),
    Line("Tomás", _days(2, 187), "The bridge is fine."),
    Line("Ines", _days(2, 170), "Then let's not do the mill with the children."),
    Line("蕾", _days(2, 165), "The ridge is dry, and there is a view. 🌤️"),
    Line("Ruth Adler", _days(2, 150), "How long is it?"),
    Line("蕾", _days(2, 149), "Nine kilometres, with one honest climb.\nhttps://example.org/walks/ridge"),
    Line("Ines", _days(2, 140), "We can do nine if there is cake at the end."),
    Line("Tomás", _days(2, 139), "There is always cake at the end."),
    Line("Ruth Adler", _days(1, 95), "Train or cars?"),
    Line("Ines", _days(1, 90), "Train. 9:14 from the central station, we meet under the clock."),
    Line("Tomás", _days(1, 88), "I'll be the one with the enormous thermos."),
    Line("蕾", _days(1, 60), "Weather looks kind: 16 degrees, a little wind from the west."),
    Line("Ruth Adler", _days(1, 41), "Boots or shoes?"),
    Line("蕾", _days(1, 40), "Boots. The lower meadow is still a sponge."),
    Line("Ines", _days(1, 22), "Noted. I am bringing apples and the good knife."),
)
CHAT: Final = (
    Line("Ines", timedelta(minutes=34), "Everyone home and dry?"),
    Line("Ruth Adler", timedelta(minutes=31), "Home, yes. Dry is a strong word."),
    Line("Tomás", timedelta(minutes=30), "The sponge meadow got my left boot. Worth it for the view."),
    Line("蕾", timedelta(minutes=22), "I put the pictures here, the herons came out well:\nhttps://example.org/herons"),
    Line("Ines", timedelta(minutes=20), "Oh, the third one!"),
    Line("Ruth Adler", timedelta(minutes=12), "Shall we say the first Sunday of every month?"),
    Line("Tomás", timedelta(minutes=11), "Yes please"),
    Line("蕾", timedelta(minutes=11), "🙌"),
    Line("Ines", timedelta(minutes=9), "Then June is the lake. Same train, same clock."),
    Line("Ruth Adler", timedelta(minutes=2), "I'll bring the cake this time. The almond one."),
)


async def play(server: Server, ines: Guest, code: str) -> dict[str, Guest]:
    """Everybody says their lines in the room that Ines has opened, which has CODE then; who they are."""
    people = {name: await server.guest(name) for name in PEOPLE if name != "Ines"} | {"Ines": ines}
    for guest in people.values():
        await guest.joins(code)
    for line in (*HISTORY, *CHAT):
        await people[line.who].posts(line.body)
    await server.stops()
    _replace_chance(server.process.database, people, code)
    await server.starts()
    return people


def _replace_chance(database: Path, people: dict[str, Guest], code: str) -> None:
    ids = {guest.id: PEOPLE[name] for name, guest in people.items()}
    lines = (*HISTORY, *CHAT)
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _text_columns(connection):
            for by_chance, fixed in ids.items():
                change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"  # noqa: S608 -- names of the schema
                connection.execute(change, (by_chance, fixed))
        connection.execute("UPDATE codes SET code = ? WHERE code = ?", (CODE, code))
        seqs = [seq for (seq,) in connection.execute("SELECT seq FROM messages ORDER BY seq")]
        for seq, line in zip(seqs, lines, strict=True):
            at_ms = round((NOW - line.ago).timestamp() * 1000)
            connection.execute("UPDATE messages SET at_ms = ? WHERE seq = ?", (at_ms, seq))


def _text_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
        "WHERE m.type = 'table' AND (c.type LIKE 'VARCHAR%' OR c.type = 'TEXT')"
    ).fetchall()
