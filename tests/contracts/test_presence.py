"""News of who comes and goes: at once in a quiet room, gathered for a large one and while a crowd returns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from parlour.live.hub import Hub
from parlour.live.link import Flusher, Link, Waiting, frames_of
from parlour.live.roster import Roster
from parlour.messages.actions import Fill
from parlour.presence.actions import AHEAD_S, GATHER_MOST_S, LISTENERS_A_SECOND, LISTENERS_AT_ONCE, Presence
from parlour.wire.codec import decode_frame
from parlour.wire.errors import CloseCode
from parlour.wire.frames import Presence as PresenceFrame


class Ear(Link):
    """A link that remembers who joined, and how many frames said so."""

    def __init__(self, flusher: Flusher) -> None:
        super().__init__(flusher)
        self.joined: set[str] = set()
        self.frames = 0

    def buffered_bytes(self) -> int:
        return 0

    def _write(self, waiting: Sequence[Waiting]) -> None:
        for shared in frames_of(waiting):
            frame = decode_frame(shared.payload)
            assert isinstance(frame, PresenceFrame)
            self.frames += 1
            self.joined |= set(frame.joined or ())

    def _close(self, code: CloseCode, reason: str) -> None:
        raise AssertionError(f"closed with {code}: {reason}")


class Stage:
    """Rooms without a log."""

    def __init__(self) -> None:
        self.hub = Hub(self._read)
        self.presence = Presence(self.hub, Roster(), lambda: 0)
        self._flusher = Flusher()

    async def _read(self, _room_id: str, _after: int, _limit: int) -> Fill:
        return Fill((), 0)

    def enter(self, room_id: str, person_id: str) -> Ear:
        """Somebody comes, listens, and is announced."""
        ear = Ear(self._flusher)
        self.hub.follow(self.hub.attach(room_id, ear, person_id, lambda _code: None), 0)
        self.presence.arrive(room_id, person_id)
        return ear

    def audience(self, room_id: str, people: int) -> list[Ear]:
        """So many listen, without being announced."""
        ears = [Ear(self._flusher) for _ in range(people)]
        for ear in ears:
            self.hub.follow(self.hub.attach(room_id, ear, "audience", lambda _code: None), 0)
        return ears


async def test_a_crowd_that_comes_back_is_told_of_at_the_pace_of_the_server_and_nobody_is_left_out() -> None:
    stage, rooms, people = Stage(), 40, 40
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    ears: dict[str, list[Ear]] = {}
    for number in range(people):
        for room in range(rooms):
            ears.setdefault(f"room {room}", []).append(stage.enter(f"room {room}", f"person {number}"))
        await asyncio.sleep(0.01)
    await asyncio.sleep(GATHER_MOST_S + AHEAD_S)
    seconds = loop.time() - started_s

    for listeners in ears.values():
        for number, ear in enumerate(listeners):
            # Who came before was in the list of those who are here; whoever came later was announced.
            assert ear.joined >= {f"person {later}" for later in range(number + 1, people)}
    told = sum(ear.frames for listeners in ears.values() for ear in listeners)
    # The crowd has passed: news of a quiet room is told at once again.
    await asyncio.sleep(GATHER_MOST_S)
    (witness,) = stage.audience("quiet room", 1)
    stage.enter("quiet room", "newcomer")
    await asyncio.sleep(0.001)
    assert witness.joined == {"newcomer"}
    # Each room may tell once more after a second, whatever the others have spent.
    assert told <= (seconds + AHEAD_S) * LISTENERS_A_SECOND + rooms * people * seconds / GATHER_MOST_S


@pytest.mark.parametrize(("people", "is_at_once"), [(LISTENERS_AT_ONCE - 1, True), (LISTENERS_AT_ONCE, False)])
async def test_fifty_are_told_at_once_and_one_more_a_little_later(people: int, *, is_at_once: bool) -> None:
    stage = Stage()
    ears = stage.audience("room", people)
    stage.enter("room", "newcomer")
    await asyncio.sleep(0.001)
    assert all(ear.joined == {"newcomer"} for ear in ears) is is_at_once
    await asyncio.sleep(2 * people / LISTENERS_A_SECOND)
    assert all(ear.joined == {"newcomer"} for ear in ears)
