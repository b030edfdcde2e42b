"""Guessing: people may mistype, nobody may search. Wrong codes and wrong passwords have a budget for each address."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from parlour.accounts.limits import address_key, network_key
from tests.cast import Guest, Server, assert_refused, succeed

FREE = "ZZZZ"
BUDGET = 30


async def misses(guest: Guest, times: int, **headers: str) -> list[int]:
    """Try a free code so many times; the statuses."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(await guest.http.get(f"/codes/{FREE}", headers=named)).status_code for _ in range(times)]


async def test_after_30_misses_in_an_hour_an_address_must_wait(guarded: Server) -> None:
    mallory = await guarded.guest("Mallory", address="127.0.1.1")
    room = await mallory.opens()
    assert await misses(mallory, BUDGET) == [404] * BUDGET
    response = await mallory.http.get(f"/codes/{FREE}")
    problem = assert_refused(response, "rate_limited")
    assert int(response.headers["retry-after"]) == problem["retry_after_s"] > 0
    # Right codes, too: else the answer to a guess would say whether it was right.
    assert_refused(await mallory.http.get(f"/codes/{room.code}"), "rate_limited")
    assert_refused(await mallory.http.post(f"/codes/{room.code}/join"), "rate_limited")


async def test_right_codes_cost_nothing(guarded: Server) -> None:
    alice = await guarded.guest("Alice", address="127.0.1.2")
    room = await alice.opens()
    for _ in range(2 * BUDGET):
        succeed(await alice.http.get(f"/codes/{room.code}"))


async def test_joins_that_miss_count_as_well(guarded: Server) -> None:
    mallory = await guarded.guest("Mallory", address="127.0.2.1")
    statuses = [(await mallory.http.post(f"/codes/{FREE}/join")).status_code for _ in range(BUDGET + 1)]
    assert statuses == [404] * BUDGET + [429]


async def test_others_are_not_made_to_wait_for_it(guarded: Server) -> None:
    mallory = await guarded.guest("Mallory", address="127.0.3.1")
    alice = await guarded.guest("Alice", address="127.0.3.2")
    assert (await misses(mallory, BUDGET + 1))[-1] == 429
    assert await misses(alice, 1) == [404]


async def test_a_neighbourhood_that_searches_together_waits_together(guarded: Server) -> None:
    for host in range(1, 5):
        await misses(await guarded.guest("Mallory", address=f"127.0.4.{host}"), BUDGET)
    assert await misses(await guarded.guest("Mallory", address="127.0.4.5"), 1) == [429]


async def test_an_address_that_a_stranger_claims_is_not_believed(guarded: Server) -> None:
    mallory = await guarded.guest("Mallory", address="127.0.5.1")
    statuses = [(await misses(mallory, 1, x_forwarded_for=f"198.51.{n}.1"))[0] for n in range(BUDGET + 1)]
    assert statuses == [404] * BUDGET + [429]


async def test_an_address_that_a_trusted_proxy_names_is_believed(guarded: Server) -> None:
    proxy = await guarded.guest("Everybody")
    statuses = [(await misses(proxy, 1, x_forwarded_for=f"203.0.{n}.1"))[0] for n in range(BUDGET + 1)]
    assert statuses == [404] * (BUDGET + 1)
    assert (await misses(proxy, BUDGET + 1, x_forwarded_for="203.1.1.1"))[-1] == 429


async def test_what_a_client_adds_in_front_of_the_proxys_own_entry_is_not_believed(guarded: Server) -> None:
    proxy = await guarded.guest("Everybody")
    spoofed = [(await misses(proxy, 1, x_forwarded_for=f"198.51.{n}.1, 203.2.1.1"))[0] for n in range(BUDGET + 1)]
    assert spoofed == [404] * BUDGET + [429]


@pytest.mark.parametrize(
    ("address", "household", "neighbourhood"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64", "2001:db8:1::/48"),
        ("", "", ""),
        ("testclient", "testclient", "testclient"),
    ],
)
def test_an_ipv6_household_is_a_64(address: str, household: str, neighbourhood: str) -> None:
    assert (address_key(address), network_key(address)) == (household, neighbourhood)


async def test_who_guesses_all_at_once_gets_no_more_guesses(guarded: Server) -> None:
    mallory = await guarded.guest("Mallory", address="127.0.7.1")
    tries = (mallory.http.get(f"/codes/{FREE}") for _ in range(4 * BUDGET))
    statuses = Counter([response.status_code for response in await asyncio.gather(*tries)])
    assert statuses == {404: BUDGET, 429: 3 * BUDGET}


async def test_wrong_passwords_have_a_budget_too_even_all_at_once(guarded: Server) -> None:
    alice = await guarded.guest("Alice", address="127.0.8.1")
    mallory = await guarded.guest("Mallory", address="127.0.8.2")
    room = await alice.opens(password="sesame")
    path = f"/codes/{room.code}/join"
    for number in range(BUDGET - 5):
        assert_refused(await mallory.http.post(path, json={"password": str(number)}), "wrong_password")
    tries = (mallory.http.post(path, json={"password": f"at once {number}"}) for number in range(15))
    statuses = Counter([response.status_code for response in await asyncio.gather(*tries)])
    assert statuses == {403: 5, 429: 10}
    assert_refused(await mallory.http.post(path, json={"password": "sesame"}), "rate_limited")
    await (await guarded.guest("Bob", address="127.0.8.3")).joins(room.code, "sesame")


async def test_a_spent_budget_of_passwords_holds_up_nobody_who_needs_none(guarded: Server) -> None:
    alice = await guarded.guest("Alice", address="127.0.9.1")
    mallory = await guarded.guest("Mallory", address="127.0.9.2")
    bob = await guarded.guest("Bob", address="127.0.9.2")
    room, open_room = await alice.opens(password="sesame"), await alice.opens()
    await bob.joins(room.code, "sesame")
    path = f"/codes/{room.code}/join"
    for number in range(BUDGET):
        assert_refused(await mallory.http.post(path, json={"password": str(number)}), "wrong_password")
    assert_refused(await mallory.http.post(path, json={"password": "sesame"}), "rate_limited")
    # A member, somebody who is only told that there is a password, and a room without one.
    await bob.joins(room.code)
    assert_refused(await mallory.http.post(path), "wrong_password")
    await mallory.joins(open_room.code)
