"""Numbers that the pages name are those of the code."""

from __future__ import annotations

import re

import pytest

from parlour.accounts import limits
from parlour.accounts.limits import Limit
from parlour.rooms.rules import code_chars
from tests.docs.snippets import ROOT

CODES = (ROOT / "docs" / "explain" / "rooms-and-codes.md").read_text()
LENGTHS = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| (\d+)(?: characters)? \|$", CODES, re.MULTILINE)
SECURITY = (ROOT / "SECURITY.md").read_text()
LIMITS = [limit for limit in vars(limits).values() if isinstance(limit, Limit) and limit is not limits.FIRST_MISS_TODAY]
PERIODS = {10: "10 s", 60: "minute", 600: "10 min", 3600: "hour", 86_400: "day"}


@pytest.mark.parametrize(("rooms", "misses", "chars"), LENGTHS)
def test_a_code_is_as_long_as_the_table_says(rooms: str, misses: str, chars: str) -> None:
    assert code_chars(_number(rooms), _number(misses)) == int(chars)


def test_the_table_of_code_lengths_is_read() -> None:
    assert len(LENGTHS) > 5


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_is_what_the_security_page_says(limit: Limit) -> None:
    row = re.search(rf"^\| `{limit.name}` \|.*\| ([\d,]+) \| (.*?) \|$", SECURITY, re.MULTILINE)
    assert row is not None
    assert (_number(row[1]), row[2]) == (limit.most, PERIODS[limit.per_s])


def _number(text: str) -> int:
    return int(text.replace(",", ""))
