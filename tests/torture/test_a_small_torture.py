"""Nothing lost, nothing twice: 200 people, 5,000 posts, bad networks, and a server that is killed ten times."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.torture.proof import prove
from bench.torture.sizes import SMALL


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_promise_is_kept_and_enough_has_happened_to_say_so(tmp_path: Path) -> None:
    verdict = prove(SMALL, tmp_path)

    assert verdict.is_proof, str(verdict)
