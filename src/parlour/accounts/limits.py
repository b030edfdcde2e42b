"""How much one address or one person may do in a while, and how many connections an address may hold."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from parlour.wire.errors import Refusal

CONNECTIONS_OF_ADDRESS: Final = 500
"""Sockets and event streams of one address at the same time: a school behind one address fits."""
MOST_KEYS: Final = 100_000
"""So many names are remembered for each limit and window; beyond, the one that came first is forgotten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of something in so many seconds, counted for each of whoever is named."""

    name: str
    most: int
    per_s: int


_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400

SIGN_INS: Final = Limit("sign_ins", 300, _HOUR_S)
"""New guests of an address: a school behind one address fits, a flood does not."""
RENAMES: Final = Limit("renames", 10, _MINUTE_S)
"""Each is told to every room of the person."""
ROOMS_OF_PERSON: Final = Limit("rooms_of_person", 60, _HOUR_S)
ROOMS_OF_ADDRESS: Final = Limit("rooms_of_address", 300, _HOUR_S)
COMINGS: Final = Limit("comings", 60, 10 * _MINUTE_S)
"""Joining and leaving rooms: each is an event in a log that is kept."""
POSTS: Final = Limit("posts", 60, 10)
"""Posts of a person in ten seconds, over all rooms."""
COMMANDS: Final = Limit("commands", 300, 10)
"""Enters and fills of a person in ten seconds."""
MISSES_OF_ADDRESS: Final = Limit("misses_of_address", 30, _HOUR_S)
MISSES_OF_NETWORK: Final = Limit("misses_of_network", 120, _HOUR_S)
MISSES_OF_SERVER: Final = Limit("misses_of_server", 5_000, _DAY_S)
"""When strangers together missed this often, only addresses that did not miss today may still try."""
FIRST_MISS_TODAY: Final = Limit("first_miss_today", 1, _DAY_S)
PASSWORDS_OF_ADDRESS: Final = Limit("passwords_of_address", 30, _HOUR_S)
PASSWORDS_OF_ROOM: Final = Limit("passwords_of_room", 300, _HOUR_S)
"""Wrong passwords."""


@dataclass(slots=True)
class _Window:
    """The counts of one limit in this window of time and in the one before, by name."""

    number: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def move_to(self, number: int) -> None:
        """Forget what is older than one window: whole dictionaries, so that nothing ever looks for old names."""
        if number != self.number:
            self.before = self.counts if number == self.number + 1 else {}
            self.counts, self.number = {}, number

    def count(self, who: str) -> None:
        """One more."""
        if len(self.counts) >= MOST_KEYS and who not in self.counts:
            del self.counts[next(iter(self.counts))]
        self.counts[who] = self.counts.get(who, 0) + 1


class Limits:
    """Counts in this process. Switched off, it allows everything and still counts misses.

    A sliding window in two buckets: this window's count, and of the window before the share that still overlaps with
    the last `per_s` seconds. Its verbs are coroutines because counts that several nodes share would be.
    """

    def __init__(self, *, is_on: bool, now_s: Callable[[], float] = time.monotonic) -> None:
        self._is_on = is_on
        self._now_s = now_s
        self._windows: dict[Limit, _Window] = {}

    async def spend(self, limit: Limit, who: str) -> None:
        """Count one.

        Raises:
            Refusal: rate_limited, with the seconds to wait.
        """
        self.spend_here(limit, who)

    def spend_here(self, limit: Limit, who: str) -> None:
        """Count one on this node alone, for what cannot wait for the others.

        Raises:
            Refusal: rate_limited, with the seconds to wait.
        """
        if self._is_on:
            self._check(limit, who)
            self._window(limit).count(who)

    async def check(self, limit: Limit, who: str) -> None:
        """Refuse if one more would be too much, without counting it.

        Raises:
            Refusal: rate_limited, with the seconds to wait.
        """
        if self._is_on:
            self._check(limit, who)

    def _check(self, limit: Limit, who: str) -> None:
        wait_s = self._wait_s(limit, who)
        if wait_s > 0:
            raise Refusal("rate_limited", retry_after_s=math.ceil(wait_s))

    async def count(self, limit: Limit, who: str) -> None:
        """Count one that has happened already."""
        self._window(limit).count(who)

    async def is_spent(self, limit: Limit, who: str) -> bool:
        """Whether one more would be too much."""
        return self._is_on and self._wait_s(limit, who) > 0

    def _window(self, limit: Limit) -> _Window:
        window = self._windows.setdefault(limit, _Window())
        window.move_to(int(self._now_s() // limit.per_s))
        return window

    def _wait_s(self, limit: Limit, who: str) -> float:
        """How long until one more is allowed; 0 when it is now."""
        window = self._window(limit)
        count, before = window.counts.get(who, 0), window.before.get(who, 0)
        left_s = limit.per_s - self._now_s() % limit.per_s
        room = limit.most - count
        if room > 0:
            # Of the window before, less than `room` may still count.
            return max(0.0, left_s - limit.per_s * room / before) if before else 0.0
        # This window is full: in the next one, it must have slid out so far that less than all still counts.
        return left_s + limit.per_s * (1 - limit.most / count)


class Doors:
    """How many connections that stay each address holds."""

    def __init__(self, *, is_on: bool, most: int = CONNECTIONS_OF_ADDRESS) -> None:
        self.most = most if is_on else None
        self._open: Counter[str] = Counter()

    @contextmanager
    def open(self, address: str) -> Iterator[None]:
        """Around the life of a connection.

        Raises:
            Refusal: rate_limited, when its address holds too many.
        """
        leave = self.enter(address)
        try:
            yield
        finally:
            leave()

    def enter(self, address: str) -> Callable[[], None]:
        """A connection begins; call what this returns when it has ended.

        Raises:
            Refusal: rate_limited, when its address holds too many.
        """
        key = address_key(address)
        if self.most is not None and self._open[key] >= self.most:
            raise Refusal("rate_limited", "Your address holds too many connections.", retry_after_s=60)
        self._open[key] += 1
        return partial(self._leave, key)

    def _leave(self, key: str) -> None:
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]


def address_key(address: str) -> str:
    """Whom an address counts for: itself, or an IPv6 /64, which is one household."""
    return _network(address, 32, 64)


def network_key(address: str) -> str:
    """The neighbourhood of an address: its /24, or an IPv6 /48."""
    return _network(address, 24, 48)


def _network(address: str, bits_v4: int, bits_v6: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = bits_v4 if parsed.version == 4 else bits_v6  # noqa: PLR2004 -- IP's version number
    return str(ipaddress.ip_network((parsed, bits), strict=False))
