"""Those who ask the store at the same time are answered together, each with their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from parlour.accounts.actions import Accounts
from parlour.storage.gathered import AT_ONCE
from tests.contracts.inprocess import server_here
from tests.contracts.watching import statements_sent

CROWD = 40


@pytest.fixture
async def accounts(store: str) -> AsyncIterator[Accounts]:
    async with server_here(store) as server:
        yield server.parlour.accounts


@pytest.fixture
async def tokens(accounts: Accounts) -> dict[str, str]:
    """Names by token."""
    return {(await accounts.sign_in_guest(f"Guest {number}")).token: f"Guest {number}" for number in range(CROWD)}


async def _count_statements(accounts: Accounts, asked: list[str]) -> tuple[int, list[str | None]]:
    with statements_sent() as statements:
        found = await asyncio.gather(*map(accounts.find_person, asked))
    sent = [statement for statement, _ in statements.sent if "FROM sessions" in statement]
    return len(sent), [person.name if person else None for person in found]


async def test_a_crowd_costs_a_few_statements(accounts: Accounts, tokens: dict[str, str]) -> None:
    asked = [*tokens, "nobody's", next(iter(tokens))]
    count, names = await _count_statements(accounts, asked)
    assert names == [*tokens.values(), None, "Guest 0"]
    assert 1 <= count <= 2


async def test_more_than_one_statement_takes_are_answered_by_several(
    accounts: Accounts, tokens: dict[str, str]
) -> None:
    asked = [*(f"nobody {number}" for number in range(AT_ONCE + 1)), *tokens]
    _, names = await _count_statements(accounts, asked)
    assert names == [*[None] * (AT_ONCE + 1), *tokens.values()]


async def test_who_gives_up_takes_the_answer_from_nobody(accounts: Accounts, tokens: dict[str, str]) -> None:
    token = next(iter(tokens))
    first, second = (asyncio.create_task(accounts.find_person(token)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    person = await asyncio.wait_for(second, 5)
    assert person is not None
    assert person.name == "Guest 0"


async def test_what_was_committed_before_it_was_asked_for_is_seen(accounts: Accounts, tokens: dict[str, str]) -> None:
    busy = [asyncio.create_task(accounts.find_person(token)) for token in tokens]
    person = await accounts.load_person(next(iter(tokens)))
    await accounts.sign_out(person)
    assert await accounts.find_person(next(iter(tokens))) is None
    await asyncio.gather(*busy)
