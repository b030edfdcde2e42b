"""Arriving and departing. A person who drops out and is back within a breath never seemed to have left.

News of a large room is gathered and told in one frame, and that of any room while a crowd comes or goes: five thousand
arrivals are not told five thousand times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from parlour.live.hub import Hub
from parlour.live.roster import HERE_SHOWN, Roster
from parlour.wire.codec import SharedFrame
from parlour.wire.frames import Presence as PresenceFrame

BREATH_S: Final = 3.0
"""A reload or a change of network takes less."""
LISTENERS_AT_ONCE: Final = 50
GATHER_MOST_S: Final = 1.0
LISTENERS_A_SECOND: Final = 5_000
"""Up to 50 listeners are told at once. More are told less often: once a second in a room of 5,000."""
AHEAD_S: Final = 0.2
"""All rooms together may tell 1,000 listeners ahead of that rate; then each room waits, for a second at most."""


class _Pace:
    """How fast the rooms of this node tell their news, all together."""

    def __init__(self) -> None:
        self._paid_until_s = 0.0

    def wait_s(self, now_s: float) -> float:
        """How long the next room waits."""
        return max(0.0, self._paid_until_s - now_s - AHEAD_S)

    def spend(self, listeners: int, now_s: float) -> None:
        """So many are told now. The debt is bounded: when the crowd has passed, news is soon told at once again."""
        debt_until_s = max(self._paid_until_s, now_s) + listeners / LISTENERS_A_SECOND
        self._paid_until_s = min(debt_until_s, now_s + AHEAD_S + GATHER_MOST_S)


class Presence:
    """Announces who comes and goes on this node."""

    def __init__(self, hub: Hub, roster: Roster, now_ms: Callable[[], int]) -> None:
        self._hub = hub
        self._roster = roster
        self._now_ms = now_ms
        self._pace = _Pace()
        self._departing: dict[str, dict[str, asyncio.TimerHandle]] = {}
        self._news: dict[str, dict[str, bool]] = {}

    def arrive(self, room_id: str, person_id: str) -> None:
        """A connection of this person is in the room now; the others hear of it if they were not here before."""
        is_first = self._roster.arrive(room_id, person_id)
        if not self._forget_departure(room_id, person_id) and is_first:
            self._note(room_id, person_id, is_here=True)

    def depart(self, room_id: str, person_id: str, *, at_once: bool) -> None:
        """A connection of this person is gone; if it was the last, the others hear of it, at once or after a breath."""
        if not self._roster.depart(room_id, person_id, self._now_ms()):
            return
        if at_once:
            self._announce_departure(room_id, person_id)
            return
        timer = asyncio.get_running_loop().call_later(BREATH_S, self._announce_departure, room_id, person_id)
        self._departing.setdefault(room_id, {})[person_id] = timer

    def here(self, room_id: str) -> SharedFrame:
        """Everybody who is present, or may be back within a breath, as a frame that replaces what a client knew."""
        people = {**dict.fromkeys(self._roster.here(room_id)), **dict.fromkeys(self._departing.get(room_id, ()))}
        return SharedFrame(PresenceFrame(room_id, here=list(islice(people, HERE_SHOWN))))

    def _announce_departure(self, room_id: str, person_id: str) -> None:
        self._forget_departure(room_id, person_id)
        self._note(room_id, person_id, is_here=False)

    def _note(self, room_id: str, person_id: str, *, is_here: bool) -> None:
        """Tell a change at once in a small room; gather it in a large one, where with its reverse it is no news."""
        is_gathering = room_id in self._news
        news = self._news.setdefault(room_id, {})
        if news.get(person_id, is_here) == is_here:
            news[person_id] = is_here
        else:
            del news[person_id]
        if is_gathering:
            return
        wait_s = self._gather_s(room_id)
        if wait_s:
            asyncio.get_running_loop().call_later(wait_s, self._tell, room_id)
        else:
            self._tell(room_id)

    def _gather_s(self, room_id: str) -> float:
        """How long this room's news is gathered before it is told."""
        listeners = self._hub.count(room_id)
        own_s = listeners / LISTENERS_A_SECOND if listeners > LISTENERS_AT_ONCE else 0.0
        return min(GATHER_MOST_S, max(own_s, self._pace.wait_s(asyncio.get_running_loop().time())))

    def _tell(self, room_id: str) -> None:
        news = self._news.pop(room_id, {})
        joined = [person_id for person_id, is_here in news.items() if is_here]
        left = [person_id for person_id, is_here in news.items() if not is_here]
        if joined:
            self._broadcast(PresenceFrame(room_id, joined=joined))
        if left:
            self._broadcast(PresenceFrame(room_id, left=left))

    def _broadcast(self, frame: PresenceFrame) -> None:
        self._pace.spend(self._hub.count(frame.room), asyncio.get_running_loop().time())
        self._hub.broadcast(frame.room, SharedFrame(frame))

    def _forget_departure(self, room_id: str, person_id: str) -> bool:
        """Whether the person was about to be gone."""
        departing = self._departing.get(room_id, {})
        timer = departing.pop(person_id, None)
        if not departing:
            self._departing.pop(room_id, None)
        if timer is None:
            return False
        timer.cancel()
        return True
