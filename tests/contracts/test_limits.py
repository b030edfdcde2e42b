"""Limits: a sliding window for each name, which costs the same however many names there are."""

from __future__ import annotations

import time

import pytest

from parlour.accounts import limits as module
from parlour.accounts.limits import Doors, Limit, Limits
from parlour.wire.errors import Refusal

TRIES = Limit("tries", 10, 100)


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(is_on=True, now_s=clock)


async def spend(limits: Limits, times: int, who: str = "alice") -> None:
    for _ in range(times):
        await limits.spend(TRIES, who)


async def wait_after(limits: Limits, who: str = "alice") -> float:
    """The seconds that a refusal asks for."""
    with pytest.raises(Refusal) as refused:
        await limits.spend(TRIES, who)
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after_s is not None
    return refused.value.retry_after_s


async def test_one_more_than_allowed_is_refused_to_whoever_it_was_and_nobody_else(limits: Limits) -> None:
    await spend(limits, 10)
    await wait_after(limits)
    await spend(limits, 10, "bob")


@pytest.mark.parametrize("spent_at_s", [0, 30, 99])
async def test_after_the_wait_it_is_allowed_and_just_before_it_is_not(
    limits: Limits, clock: Clock, spent_at_s: float
) -> None:
    clock.now_s += spent_at_s
    await spend(limits, 10)
    wait_s = await wait_after(limits)
    clock.now_s += wait_s - 1.5
    await wait_after(limits)
    clock.now_s += 1.6
    await spend(limits, 1)


async def test_no_boundary_between_windows_doubles_what_is_allowed(limits: Limits, clock: Clock) -> None:
    clock.now_s += 99
    await spend(limits, 10)
    clock.now_s += 2
    await spend(limits, 1)
    await wait_after(limits)


async def test_two_windows_later_all_is_forgotten(limits: Limits, clock: Clock) -> None:
    await spend(limits, 10)
    clock.now_s += 200
    await spend(limits, 10)


async def test_a_refused_try_is_not_counted(limits: Limits) -> None:
    await spend(limits, 10)
    first = await wait_after(limits)
    for _ in range(20):
        assert await wait_after(limits) == first


async def test_the_first_names_are_forgotten_when_there_are_too_many(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 3)
    await spend(limits, 10)
    for who in ("bob", "carol", "dave"):
        await spend(limits, 10, who)
    await spend(limits, 1)
    await wait_after(limits, "dave")


async def test_a_count_costs_the_same_among_a_hundred_thousand_names(limits: Limits) -> None:
    async def cost_s() -> float:
        started_s = time.perf_counter()
        for number in range(200):
            await limits.count(TRIES, f"new {number}")
        return time.perf_counter() - started_s

    for number in range(100_000):
        await limits.count(TRIES, str(number))
    # A walk over the names once for each count takes seconds; the bound is far from both.
    assert await cost_s() < 0.1


async def test_switched_off_everything_is_allowed() -> None:
    off = Limits(is_on=False)
    await spend(off, 100)
    assert not await off.is_spent(TRIES, "alice")


def test_an_address_holds_so_many_connections_and_gets_a_place_back() -> None:
    doors = Doors(is_on=True, most=2)
    with doors.open("192.0.2.1"), doors.open("2001:db8::1"):
        with doors.open("192.0.2.1"), pytest.raises(Refusal) as refused, doors.open("192.0.2.1"):
            pass
        assert refused.value.code == "rate_limited"
        with doors.open("192.0.2.1"), doors.open("2001:db8::2"), pytest.raises(Refusal), doors.open("2001:db8::3"):
            pass
