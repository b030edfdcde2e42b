"""How much one address or one person may do in a while."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from parlour.wire.errors import Refusal


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of something in a while, counted for each of whoever is named."""

    name: str
    item: RateLimitItem


SIGN_INS: Final = Limit("sign_ins", RateLimitItemPerHour(300))
"""New guests of an address: a school behind one address fits, a flood does not."""
ROOMS_OF_PERSON: Final = Limit("rooms_of_person", RateLimitItemPerHour(60))
ROOMS_OF_ADDRESS: Final = Limit("rooms_of_address", RateLimitItemPerHour(300))
POSTS: Final = Limit("posts", RateLimitItemPerSecond(60, multiples=10))
"""Posts of a person in ten seconds, over all rooms."""
COMMANDS: Final = Limit("commands", RateLimitItemPerSecond(300, multiples=10))
"""Enters and fills of a person in ten seconds."""
MISSES_OF_ADDRESS: Final = Limit("misses_of_address", RateLimitItemPerHour(30))
MISSES_OF_NETWORK: Final = Limit("misses_of_network", RateLimitItemPerHour(120))
MISSES_OF_SERVER: Final = Limit("misses_of_server", RateLimitItemPerDay(5_000))
"""When strangers together missed this often, only addresses that did not miss today may still try."""
FIRST_MISS_TODAY: Final = Limit("first_miss_today", RateLimitItemPerDay(1))
PASSWORDS_OF_ADDRESS: Final = Limit("passwords_of_address", RateLimitItemPerHour(30))
PASSWORDS_OF_ROOM: Final = Limit("passwords_of_room", RateLimitItemPerHour(300))
"""Wrong passwords."""


class Limits:
    """Counts in this process. Switched off, it allows everything and still counts misses."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def spend(self, limit: Limit, who: str) -> None:
        """Count one.

        Raises:
            Refusal: rate_limited, with the seconds to wait.
        """
        if self._is_on and not await self._limiter.hit(limit.item, limit.name, who):
            raise await self._refusal(limit, who)

    async def check(self, limit: Limit, who: str) -> None:
        """Refuse if one more would be too much, without counting it.

        Raises:
            Refusal: rate_limited, with the seconds to wait.
        """
        if self._is_on and not await self._limiter.test(limit.item, limit.name, who):
            raise await self._refusal(limit, who)

    async def count(self, limit: Limit, who: str) -> None:
        """Count one that has happened already."""
        await self._limiter.hit(limit.item, limit.name, who)

    async def is_spent(self, limit: Limit, who: str) -> bool:
        """Whether one more would be too much."""
        return self._is_on and not await self._limiter.test(limit.item, limit.name, who)

    async def _refusal(self, limit: Limit, who: str) -> Refusal:
        stats = await self._limiter.get_window_stats(limit.item, limit.name, who)
        return Refusal("rate_limited", retry_after_s=max(1, round(stats.reset_time - time.time())))


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
