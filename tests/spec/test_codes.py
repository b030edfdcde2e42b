"""Codes: short enough to say, long enough that strangers guess none, and never yesterday's."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from parlour.live.roster import Roster
from parlour.rooms.lifetime import Lifetimes
from parlour.rooms.opening import Codes, NewRoom, open_room
from parlour.rooms.rules import CODE_ALPHABET, HITS_PER_DAY, code_chars, make_code, read_code
from parlour.storage.database import Database
from parlour.storage.migrations import migrate
from parlour.storage.schema import new_id
from parlour.wire.errors import Refusal
from tests.cast import Guest

HOUR_MS = 3_600_000


async def test_a_code_is_four_characters_without_look_alikes(alice: Guest) -> None:
    codes = [(await alice.opens()).code for _ in range(50)]
    assert all(re.fullmatch("[2-9A-HJ-NP-Z]{4}", code) for code in codes)
    assert len(set(codes)) == 50


def test_the_alphabet_is_32_characters_so_that_each_is_five_bits() -> None:
    assert CODE_ALPHABET == "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    assert make_code(4, lambda below: below - 1) == "ZZZZ"
    assert make_code(6, lambda _below: 0) == "222222"


@pytest.mark.parametrize("chars", range(4, 12))
def test_a_code_grows_when_guesses_would_find_more_than_a_room_in_a_hundred_days(chars: int) -> None:
    most = int(HITS_PER_DAY * 32**chars)
    assert code_chars(most, 1) == chars
    assert code_chars(most + 1, 1) == chars + 1
    assert code_chars(1, most) == chars
    assert code_chars(1, most + 1) == chars + 1


@pytest.mark.parametrize(
    ("occupied", "misses", "chars"), [(0, 10**9, 4), (1_000, 10, 4), (1_000, 11, 5), (10**6, 5_000, 8)]
)
def test_a_code_is_as_long_as_rooms_and_guesses_together_ask_for(occupied: int, misses: int, chars: int) -> None:
    assert code_chars(occupied, misses) == chars


def test_a_code_has_at_most_12_characters() -> None:
    assert code_chars(10**12, 10**12) == 12


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("abcd", "ABCD"),
        (" a b-c.d ", "ABCD"),
        ("O0oI", "QQQL"),
        ("1il1", "LLLL"),
        ("АВСЕ", "ABCE"),
        ("ＡＢ２３", "AB23"),
    ],
)
def test_what_was_typed_is_read_as_it_was_meant(typed: str, meant: str) -> None:
    assert read_code(typed) == meant


@pytest.mark.parametrize("typed", ["", "ABC", "A" * 13, "AB!D", "ABCÄ", "\x00" * 4, "    ", "𝟘" * 3])
def test_what_can_be_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


class House:
    """The rooms of a database, opened with codes of our choice, under a clock of ours."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now_ms = 1_000_000
        self.proposed: Iterator[str] = iter(())
        self.codes = Codes(self._draw, lambda: 0)
        self.lifetimes = Lifetimes(database, Roster(), self.codes, lambda: self.now_ms, 1, lambda _room: None)

    async def opens(self, *proposed: str) -> str:
        """Open a room; the source of randomness proposes these codes, one after the other."""
        self.proposed = iter("".join(proposed))
        new = NewRoom(new_id(), new_id(), "", None, "alice", "Alice", self.now_ms)
        room, _ = await open_room(self.database, self.codes, new)
        return room.code

    async def passes(self, ms: int) -> None:
        """Let time pass, and whatever is due happen."""
        self.now_ms += ms
        await self.lifetimes.tick()

    def _draw(self, _below: int) -> int:
        return CODE_ALPHABET.index(next(self.proposed))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path / 'parlour.sqlite3'}"
    await migrate(url)
    database = Database(url)
    house = House(database)
    await house.lifetimes.begin()
    yield house
    await database.close()


async def test_a_code_that_leads_to_a_room_is_not_given_to_another(house: House) -> None:
    assert await house.opens("AAAA") == "AAAA"
    assert await house.opens("AAAA", "BBBB") == "BBBB"
    assert house.codes.occupied == 2


async def test_a_code_rests_for_24_hours_after_its_room_is_gone(house: House) -> None:
    await house.opens("AAAA")
    await house.passes(1_000)
    assert house.codes.occupied == 0
    await house.passes(24 * HOUR_MS - 1)
    assert await house.opens("AAAA", "BBBB") == "BBBB"
    await house.passes(60_001)
    assert await house.opens("AAAA", "CCCC") == "AAAA"


async def test_a_house_without_a_free_code_says_so_instead_of_searching_for_ever(house: House) -> None:
    await house.opens("AAAA")
    with pytest.raises(Refusal) as refused:
        await house.opens(*["AAAA"] * 100)
    assert (refused.value.code, refused.value.retry_after_s) == ("overloaded", 1)


def test_codes_grow_with_the_misses_of_the_day() -> None:
    misses = iter([0, 11, 10**6])
    codes = Codes(lambda _below: 0, lambda: next(misses))
    codes.occupied = 1_000
    assert [len(codes.propose()) for _ in range(3)] == [4, 5, 8]
