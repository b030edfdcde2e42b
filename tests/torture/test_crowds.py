"""A crowd that comes back at once, and people who stop reading: nobody is lost, and the server goes on living."""

from __future__ import annotations

import asyncio

import pytest

from bench import restart, slow
from bench.processes import raise_file_limit
from bench.server import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def may_open_many_files() -> None:
    raise_file_limit()


async def test_everybody_is_back_after_a_restart() -> None:
    for row in await restart.measure(200):
        restart.judge(row)


def test_who_stops_reading_is_no_burden_and_has_everything_in_the_end() -> None:
    with running({}) as served:
        row = asyncio.run(slow.measure(served, people=60, slow=6, seconds=8))
    assert int(row["most_behind"]) >= 6
    assert float(row["grown_mb"]) <= slow.MOST_GROWN_MB
