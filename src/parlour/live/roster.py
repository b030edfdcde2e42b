"""Who is present in which room on this node: a person is present while any connection of theirs is in the room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Final

HERE_SHOWN: Final = 500


class Roster:
    """Presence by counting connections. Also remembers which rooms were visited without a connection."""

    def __init__(self) -> None:
        self._rooms: dict[str, Counter[str]] = {}
        self._occupied: set[str] = set()
        self._emptied: dict[str, int] = {}

    def arrive(self, room_id: str, person_id: str) -> bool:
        """Count one more connection; True when the person was not present before."""
        people = self._rooms.setdefault(room_id, Counter())
        if not people:
            self._occupied.add(room_id)
            self._emptied.pop(room_id, None)
        people[person_id] += 1
        return people[person_id] == 1

    def depart(self, room_id: str, person_id: str, at_ms: int) -> bool:
        """Count one connection less, gone since `at_ms`; True when it was the person's last."""
        people = self._rooms.get(room_id)
        if people is None or person_id not in people:
            return False
        people[person_id] -= 1
        if people[person_id] > 0:
            return False
        del people[person_id]
        if not people:
            del self._rooms[room_id]
            self._occupied.discard(room_id)
            self._emptied[room_id] = at_ms
        return True

    def visit(self, room_id: str, at_ms: int) -> None:
        """Somebody did something in the room without staying: it counts as a moment of presence."""
        if room_id not in self._rooms:
            self._emptied[room_id] = at_ms

    def here(self, room_id: str) -> list[str]:
        """The person ids present, in order of arrival; the first 500."""
        return list(islice(self._rooms.get(room_id, ()), HERE_SHOWN))

    def is_occupied(self, room_id: str) -> bool:
        """Whether anybody is present, or was here since the last `take_changes`."""
        return room_id in self._rooms or room_id in self._emptied

    def take_changes(self) -> tuple[set[str], dict[str, int]]:
        """Rooms that have somebody since the last call, and rooms that have nobody, with the moment in milliseconds."""
        occupied, self._occupied = self._occupied, set()
        emptied, self._emptied = self._emptied, {}
        return occupied, emptied

    def put_back(self, occupied: set[str], emptied: Mapping[str, int]) -> None:
        """Changes that could not be kept are reported again by the next `take_changes`, unless newer ones came."""
        self._occupied |= occupied & self._rooms.keys()
        for room_id, at_ms in emptied.items():
            if room_id not in self._rooms:
                self._emptied.setdefault(room_id, at_ms)

    @property
    def rooms(self) -> int:
        """How many rooms have somebody in them."""
        return len(self._rooms)
