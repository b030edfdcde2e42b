"""The files of a run: written line by line while it goes on, read back by whoever judges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from bench.torture.records import Outcome, RoomRecord, ServerRecord

SERVER: Final = "server.jsonl"
_encoder = msgspec.json.Encoder()
_room_records: msgspec.json.Decoder[RoomRecord] = msgspec.json.Decoder(RoomRecord)
_server_records: msgspec.json.Decoder[ServerRecord] = msgspec.json.Decoder(ServerRecord)
_outcomes = msgspec.json.Decoder(Outcome)


class Histories:
    """Writes the histories of a run into a folder."""

    def __init__(self, folder: Path, rooms: int) -> None:
        self._folder = folder
        self._rooms = [(folder / f"{name_of(room)}.jsonl").open("wb") for room in range(rooms)]
        self._server = (folder / SERVER).open("wb")
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_over = True
        for file in (*self._rooms, self._server):
            file.close()

    def note(self, room: int, record: RoomRecord) -> None:
        """Something happened to a client in this room; after the end nobody wants to know."""
        if not self._is_over:
            self._rooms[room].write(_encoder.encode(record) + b"\n")

    def note_server(self, record: ServerRecord) -> None:
        """Something happened to the server."""
        self._server.write(_encoder.encode(record) + b"\n")

    def keep_outcome(self, room: int, outcome: Outcome) -> None:
        """What became of the room in the end."""
        (self._folder / f"{name_of(room)}.outcome.json").write_bytes(_encoder.encode(outcome))


def name_of(room: int) -> str:
    return f"room-{room:03}"


def list_rooms(folder: Path) -> list[int]:
    """The rooms that have a history here."""
    return sorted(int(path.stem.removeprefix("room-")) for path in folder.glob("room-*.jsonl"))


def read_room(folder: Path, room: int) -> Iterator[RoomRecord]:
    """The history of a room, in the order of its moments."""
    with (folder / f"{name_of(room)}.jsonl").open("rb") as lines:
        for line in lines:
            yield _room_records.decode(line)


def read_server(folder: Path) -> list[ServerRecord]:
    """The history of the server."""
    return [_server_records.decode(line) for line in (folder / SERVER).read_bytes().splitlines()]


def read_outcome(folder: Path, room: int) -> Outcome:
    """The final log of a room, and what else the server makes of it."""
    return _outcomes.decode((folder / f"{name_of(room)}.outcome.json").read_bytes())
