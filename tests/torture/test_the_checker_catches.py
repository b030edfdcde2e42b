"""The proof of delivery is worth what it catches: servers with one fault each, and the promise that each one breaks.

Messages cannot be edited yet. What would be an edit outside the log is a rename outside the log here: a change that
people see, and that no event tells of.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.torture.proof import prove
from bench.torture.sizes import Size
from tests.torture import mutants
from tests.torture.mutants import Mutant

TALK = Size("mutant", clients=12, rooms=1, posts=150, kills=0, cuts=0, posts_per_s=200, settles_within_s=8)
CUTS = replace(TALK, cuts=30)
KILLS = replace(TALK, kills=2)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


def broken(mutant: Mutant, size: Size, folder: Path, aim: str = "at any moment") -> set[str]:
    """The promises that a server with this fault breaks."""
    verdict = prove(size, folder, source=mutant.make(folder), aims={aim: 1}, processes=1)
    print(verdict)
    return verdict.broken


def test_an_answer_before_the_commit(tmp_path: Path) -> None:
    assert "I1" in broken(mutants.ACKNOWLEDGES_BEFORE_COMMIT, KILLS, tmp_path, "behind an answer")


def test_a_store_without_the_unique_index(tmp_path: Path) -> None:
    assert "I2" in broken(mutants.HAS_NO_UNIQUE_INDEX, CUTS, tmp_path)


def test_a_resend_that_is_stored_twice(tmp_path: Path) -> None:
    assert "I2" in broken(mutants.STORES_A_RESEND_TWICE, CUTS, tmp_path)


def test_a_seq_from_memory_after_a_restart(tmp_path: Path) -> None:
    assert {"I1", "I3"} <= broken(mutants.NUMBERS_FROM_MEMORY, KILLS, tmp_path)


def test_a_subscription_after_the_reading(tmp_path: Path) -> None:
    assert "stream" in broken(mutants.SUBSCRIBES_AFTER_READING, CUTS, tmp_path)


def test_a_lost_tail_without_heads_to_find_it_by(tmp_path: Path) -> None:
    assert broken(mutants.LOSES_IT_AND_TELLS_NO_HEADS, TALK, tmp_path) == {"I6"}


def test_not_a_lost_tail_that_is_found_by_its_head(tmp_path: Path) -> None:
    assert broken(mutants.LOSES_A_LAST_WORD, TALK, tmp_path) == set()


def test_a_change_outside_the_log(tmp_path: Path) -> None:
    assert {"I1", "outside"} <= broken(mutants.RENAMES_OUTSIDE_THE_LOG, TALK, tmp_path)
