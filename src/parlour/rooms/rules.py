"""What a title and a code may be, and how long codes must be to stay safe. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from parlour.wire.errors import Refusal
from parlour.wire.text import clean_line

TITLE_CHARS: Final = 80
PASSWORD_CHARS: Final = 200
CODE_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_CHARS: Final = 4
MOST_CODE_CHARS: Final = 12
_MOST_TYPED_CHARS: Final = 64
_SEPARATORS: Final = frozenset("-_.·‐‑–")  # noqa: RUF001 -- dashes that phones put in
HITS_PER_DAY: Final = 0.01
"""Guessing strangers may find one room in a hundred days, all of them together."""
CODE_RESTS_MS: Final = 24 * 3600 * 1000
"""A code rests this long after its room is gone, so that nobody walks into strangers with yesterday's code."""

MISSES_PER_DAY_FLOOR: Final = 10
"""A quiet server still reckons with this many wrong codes a day: people mistype."""

_LOOK_ALIKES: Final = str.maketrans(
    "01OIАВЕКМНРСТУХОІЅЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001 -- Cyrillic and Greek capitals, on purpose
    "QLQLABEKMHPCTYXQLSJABEZHLKMNQPTYX",
)
"""Signs that no code has, and the letter of the alphabet that each looks most like: O is read as Q, 1 as L."""


def clean_title(text: str | None) -> str:
    """A room's title as it will be kept; without one, clients show the code instead."""
    if text is None:
        return ""
    return clean_line(text, most_chars=TITLE_CHARS, empty="empty_title", too_long="title_too_long")


def check_password(text: str | None) -> str | None:
    """A room's password, or None for a room without."""
    if not text:
        return None
    if len(text) > PASSWORD_CHARS:
        raise Refusal("password_too_long")
    return text


def read_code(text: str) -> str | None:
    """The code that somebody meant, whatever keyboard and case they typed it in. None when it can be no code."""
    letters = unicodedata.normalize("NFKC", text[:_MOST_TYPED_CHARS]).upper().translate(_LOOK_ALIKES)
    code = "".join(letter for letter in letters if letter not in _SEPARATORS and not letter.isspace())
    is_code = CODE_CHARS <= len(code) <= MOST_CODE_CHARS and all(letter in CODE_ALPHABET for letter in code)
    return code if is_code else None


def code_chars(occupied: int, misses_per_day: float) -> int:
    """How long a new code must be.

    The smallest length L of at least 4 at which guesses hit at most one room in a hundred days:
    occupied * misses_per_day / 32**L <= 0.01.

    Args:
        occupied: codes that lead to a room now.
        misses_per_day: wrong codes tried, over all visitors.
    """
    length = CODE_CHARS
    while length < MOST_CODE_CHARS and occupied * misses_per_day > HITS_PER_DAY * len(CODE_ALPHABET) ** length:
        length += 1
    return length


def make_code(length: int, random_below: Callable[[int], int]) -> str:
    """A code of this length; `random_below(n)` must be a cryptographic source of 0 to n-1."""
    return "".join(CODE_ALPHABET[random_below(len(CODE_ALPHABET))] for _ in range(length))
