"""Every live connection of this node: finds those whom a sign-out, a new name or a restart concerns."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from parlour.accounts.actions import Person
from parlour.live.services import Services
from parlour.live.visitor import Guestbook, Visitor
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import CloseCode
from parlour.wire.frames import Drain

DRAIN_SPREAD_MS: Final = 10_000
"""Clients come back at moments spread over this long, so that a restart is no storm."""


class Gateway:
    """Every live connection of this node."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._visitors: set[Visitor] = set()
        self._known: defaultdict[str, set[Visitor]] = defaultdict(set)
        self.is_draining = False

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return len(self._visitors)

    def welcome(self, token: str | None, origin: str, on_gone: Callable[[], None]) -> Visitor:
        """Somebody for one accepted socket, who needs a link now.

        Args:
            token: the session token that came with the handshake, if any.
            origin: where the handshake came in, for links.
            on_gone: called once, when the socket has closed.
        """
        visitor = Visitor(self._services, token, origin, Guestbook(self._know, self._forget, on_gone))
        self._visitors.add(visitor)
        return visitor

    def _know(self, visitor: Visitor, person: Person) -> None:
        """From now on what happens to this person or session finds the visitor."""
        for key in (person.id, person.session):
            self._known[key].add(visitor)

    def _forget(self, visitor: Visitor) -> None:
        self._visitors.discard(visitor)
        person = visitor.person
        for key in (person.id, person.session) if person else ():
            self._known[key].discard(visitor)
            if not self._known[key]:
                del self._known[key]

    @property
    def sessions(self) -> set[str]:
        """The sessions that are in use by a socket now."""
        return {visitor.person.session for visitor in self._visitors if visitor.person is not None}

    def tick(self) -> None:
        """Called about once a second: heartbeats of every connection, heads of quiet rooms."""
        for visitor in list(self._visitors):
            visitor.tick()
        self._services.hub.tell_heads()

    def end_session(self, session: str) -> None:
        """Whoever is connected with this session must sign in again."""
        for visitor in list(self._known.get(session, ())):
            visitor.link.close(CloseCode.SIGN_IN, "This session has ended.")

    def rename(self, person: Person) -> None:
        """From now on this person speaks under the new name, on every connection."""
        for visitor in self._known.get(person.id, ()):
            visitor.rename(person.name)

    def drain(self) -> None:
        """Ask everyone to come back later, each at another moment."""
        self.is_draining = True
        for visitor in self._visitors:
            visitor.is_leaving = True
            visitor.link.send(SharedFrame(Drain(random.randrange(DRAIN_SPREAD_MS))))  # noqa: S311 -- spreads load
            visitor.link.flush()

    def close_all(self) -> None:
        """The server stops."""
        for visitor in list(self._visitors):
            visitor.link.close(CloseCode.RESTART, "The server restarts.")
