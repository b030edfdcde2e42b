"""A budget for wrong codes, so that short codes stay safe: per address, per neighbourhood and for the whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from parlour.accounts.limits import (
    FIRST_MISS_TODAY,
    MISSES_OF_ADDRESS,
    MISSES_OF_NETWORK,
    MISSES_OF_SERVER,
    PASSWORDS_OF_ADDRESS,
    PASSWORDS_OF_ROOM,
    Limits,
    address_key,
    network_key,
)
from parlour.turns import Turns
from parlour.wire.errors import Refusal

_HOUR_MS = 3600 * 1000
_HOURS = 24


class MissCounter:
    """How many wrong codes were tried in the last day, by the hour."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._hours: dict[int, int] = {}

    def count(self) -> None:
        """One more."""
        hour = self._now_ms() // _HOUR_MS
        self._hours[hour] = self._hours.get(hour, 0) + 1

    def in_last_day(self) -> int:
        """Wrong codes in the last 24 hours."""
        oldest = self._now_ms() // _HOUR_MS - _HOURS
        self._hours = {hour: misses for hour, misses in self._hours.items() if hour > oldest}
        return sum(self._hours.values())


class Guessing:
    """Lets people mistype, and nobody search.

    Tries of one address take turns: who guesses all at once, before the first miss is counted, gets no more guesses.
    """

    def __init__(self, limits: Limits, misses: MissCounter) -> None:
        self._limits = limits
        self._misses = misses
        self._turns = Turns()

    @asynccontextmanager
    async def try_code(self, address: str) -> AsyncIterator[None]:
        """Around the look-up of a code; a not_found that comes out of it is a miss.

        Raises:
            Refusal: rate_limited.
        """
        async with self._turns.of(address_key(address)):
            await self._check_misses(address)
            try:
                yield
            except Refusal as refusal:
                if refusal.code == "not_found":
                    await self._count_miss(address)
                raise

    @asynccontextmanager
    async def try_password(self, address: str, code: str) -> AsyncIterator[None]:
        """Around the verification of a password, inside `try_code`: members and rooms without one are not held up.

        Raises:
            Refusal: rate_limited.
        """
        await self._limits.check(PASSWORDS_OF_ADDRESS, address_key(address))
        await self._limits.check(PASSWORDS_OF_ROOM, code)
        try:
            yield
        except Refusal as refusal:
            if refusal.code == "wrong_password":
                await self._limits.count(PASSWORDS_OF_ADDRESS, address_key(address))
                await self._limits.count(PASSWORDS_OF_ROOM, code)
            raise

    async def _check_misses(self, address: str) -> None:
        """Before a code is looked up, right or wrong: else the answer would say whether it was right."""
        await self._limits.check(MISSES_OF_ADDRESS, address_key(address))
        await self._limits.check(MISSES_OF_NETWORK, network_key(address))
        # The whole server is being searched: whoever has not missed today still gets in, whoever has waits.
        is_searched = await self._limits.is_spent(MISSES_OF_SERVER, "")
        if is_searched and await self._limits.is_spent(FIRST_MISS_TODAY, address_key(address)):
            raise Refusal("rate_limited", retry_after_s=3600)

    async def _count_miss(self, address: str) -> None:
        """A code led nowhere."""
        self._misses.count()
        await self._limits.count(MISSES_OF_ADDRESS, address_key(address))
        await self._limits.count(MISSES_OF_NETWORK, network_key(address))
        await self._limits.count(MISSES_OF_SERVER, "")
        await self._limits.count(FIRST_MISS_TODAY, address_key(address))
