"""How much of everything a run has, and how much of it must have happened for the run to prove anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """A run."""

    name: str
    clients: int
    rooms: int
    posts: int
    kills: int
    cuts: int
    posts_per_s: int
    settles_within_s: float = 60.0
    """How long everybody has at the end to come back and to catch up, before the checker says who did not."""


FULL: Final = Size("full", clients=2_000, rooms=100, posts=200_000, kills=100, cuts=20_000, posts_per_s=1_500)
SMALL: Final = Size("small", clients=200, rooms=10, posts=5_000, kills=10, cuts=1_000, posts_per_s=700)
SIZES: Final = {size.name: size for size in (FULL, SMALL)}
