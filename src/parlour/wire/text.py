"""What text people may send: visible, without control characters, unable to reorder what stands around it. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

from parlour.wire.errors import Code, Refusal

_DIRECTION_OVERRIDES: Final = frozenset("\u202d\u202e")
_DIRECTION_MARKS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS: Final = frozenset("\n\r\t")
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols by category that print nothing: Hangul fillers and the empty braille pattern."""
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me", "Mc"))
"""Not Cn: an emoji that is newer than this Python's Unicode tables is seen all the same."""


def is_visible(text: str) -> bool:
    """Whether anything of the text would be seen: not only spaces, marks, format and filler characters."""
    return any(unicodedata.category(character) not in _UNSEEN and character not in _BLANKS for character in text)


def has_forbidden_characters(text: str, *, is_line: bool) -> bool:
    """Control characters anywhere; direction overrides anywhere; in a single line every direction mark and line break.

    Names and titles stand inside other people's text, so an open direction mark in them would reorder what follows.
    """
    forbidden = _DIRECTION_MARKS if is_line else _DIRECTION_OVERRIDES
    allowed = frozenset() if is_line else _LINE_BREAKS
    return any(
        character in forbidden
        or (unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character not in allowed)
        for character in text
    )


def clean_line(text: str, *, most_chars: int, empty: Code, too_long: Code) -> str:
    """A name or a title as it will be kept: NFC, without outer spaces, inner spaces single.

    Raises:
        Refusal: with `empty`, `too_long` or forbidden_characters.
    """
    if has_forbidden_characters(text, is_line=True):
        raise Refusal("forbidden_characters")
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if not is_visible(line):
        raise Refusal(empty)
    if len(line) > most_chars:
        raise Refusal(too_long)
    return line
