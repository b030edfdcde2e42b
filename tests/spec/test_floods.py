"""Floods: what one person may do in a while, where each doing is told to others or kept for ever."""

from __future__ import annotations

from parlour.accounts.limits import COMINGS, RENAMES
from tests.cast import Server, assert_refused


async def test_a_person_takes_ten_names_a_minute(guarded: Server) -> None:
    alice = await guarded.guest("Alice")
    for number in range(RENAMES.most):
        await alice.renames(f"Alice {number}")
    answer = await alice.http.patch("/session", json={"name": "One more"})
    assert_refused(answer, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 2 * RENAMES.per_s


async def test_a_person_comes_and_goes_sixty_times_in_ten_minutes(guarded: Server) -> None:
    alice, bob = await guarded.guest("Alice"), await guarded.guest("Bob")
    room = await alice.opens()
    for _ in range(COMINGS.most // 2):
        await bob.joins(room.code)
        await bob.leaves(room)
    assert_refused(await bob.http.post(f"/codes/{room.code}/join"), "rate_limited")
    assert_refused(await bob.http.post(f"{room.path}/leave"), "rate_limited")
    await alice.leaves()
