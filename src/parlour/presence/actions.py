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
        self._departing: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def arrive(self, room_id: str, person_id: str) -> None:
        """A connection of this person is in the room now; the others hear of it if they were not here before."""
        timer = self._departing.pop((room_id, person_id), None)
        if timer is not None:
            # The place of the connection that dropped out is taken over: nobody saw them go.
            timer.cancel()
        elif self._roster.arrive(room_id, person_id):
            self._hub.broadcast(room_id, SharedFrame(PresenceFrame(room_id, joined=[person_id])))

    def depart(self, room_id: str, person_id: str, *, at_once: bool) -> None:
        """A connection of this person is gone; if it was the last, the others hear of it after a breath."""
        at_ms = self._now_ms()
        if at_once or self._roster.connections(room_id, person_id) > 1:
            self._depart(room_id, person_id, at_ms)
            return
        loop = asyncio.get_running_loop()
        self._departing[room_id, person_id] = loop.call_later(BREATH_S, self._depart, room_id, person_id, at_ms)

    def here(self, room_id: str) -> SharedFrame:
        """Everybody who is present, as a frame that replaces what a client knew."""
        return SharedFrame(PresenceFrame(room_id, here=self._roster.here(room_id)))

    def _depart(self, room_id: str, person_id: str, at_ms: int) -> None:
        timer = self._departing.pop((room_id, person_id), None)
        if timer is not None:
            timer.cancel()
        if self._roster.depart(room_id, person_id, at_ms):
            self._hub.broadcast(room_id, SharedFrame(PresenceFrame(room_id, left=[person_id])))
