"""When the power fails: what was acknowledged is there, and would not be without the sync that it waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.powerloss.disk import why_not
from bench.powerloss.proof import prove

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def has_a_disk_of_its_own(tmp_path: Path) -> None:
    if reason := why_not(tmp_path):
        pytest.skip(reason)


def test_nothing_acknowledged_is_lost() -> None:
    assert prove(2, is_full=True)["lost"] == 0


def test_it_would_be_if_the_commit_did_not_wait_for_the_disk() -> None:
    assert int(prove(10, is_full=False)["lost"]) > 0
