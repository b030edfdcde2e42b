"""A minute of nonsense into the real socket: nothing breaks, no fault is logged, the neighbour is answered."""

from __future__ import annotations

import os

import pytest

from bench.fuzz import fuzz
from bench.server import running

SECONDS = 60


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_no_nonsense_breaks_the_server_or_reaches_its_neighbours() -> None:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")

    with running({}) as served:
        counts = await fuzz(served, SECONDS, seed)

    assert int(counts["connections"]) > 100
    assert int(counts["answers"]) > 100
