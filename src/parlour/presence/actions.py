"""Arriving and departing. A person who drops out and is back within a breath never seemed to have left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from parlour.live.hub import Hub
from parlour.live.roster import Roster
from parlour.wire.codec import SharedFrame
from parlour.wire.frames import Presence as PresenceFrame

BREATH_S: Final = 3.0
"""A reload or a change of network takes less."""


class Presence:
    """Announces who comes and goes on this node."""

    def __init__(self, hub: Hub, roster: Roster, now_ms: Callable[[], int]) -> None:
        self._hub = hub
        self._roster = roster
        self._now_ms = now_ms
        self._departing: dict[str, dict[str, asyncio.TimerHandle]] = {}

    def arrive(self, room_id: str, person_id: str) -> None:
        """A connection of this person is in the room now; the others hear of it if they were not here before."""
        is_first = self._roster.arrive(room_id, person_id)
        if not self._forget_departure(room_id, person_id) and is_first:
            self._hub.broadcast(room_id, SharedFrame(PresenceFrame(room_id, joined=[person_id])))

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
        return SharedFrame(PresenceFrame(room_id, here=list(people)))

    def _announce_departure(self, room_id: str, person_id: str) -> None:
        self._forget_departure(room_id, person_id)
        self._hub.broadcast(room_id, SharedFrame(PresenceFrame(room_id, left=[person_id])))

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
