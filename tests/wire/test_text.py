"""What people may send as text: something that can be seen, and nothing that reorders what stands around it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.wire.errors import Code, Refusal
from parlour.wire.text import clean_line, has_forbidden_characters, is_visible

OVERRIDES = ["\u202d", "\u202e"]
MARKS = ["\u202a", "\u202b", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069"]
CONTROLS = ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800", "\u2028", "\u2029"]


def clean_name(text: str) -> str:
    return clean_line(text, most_chars=40, empty="empty_name", too_long="name_too_long")


def refusal_of(text: str) -> Code:
    with pytest.raises(Refusal) as caught:
        clean_name(text)
    return caught.value.code


@pytest.mark.parametrize("text", ["a", "上海", "שלום", "é", "e\u0301", "👍", "👩\u200d👩\u200d👧", "?", "\U0001fae9"])
def test_letters_signs_and_emoji_are_seen(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "text", ["", " ", "\t\n", "\u200b", "\u200d\ufeff", "\u00a0\u3000", "\u3164", "\u2800", "\u0301", "\u00ad"]
)
def test_spaces_joiners_fillers_and_lone_marks_are_not(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("character", OVERRIDES + CONTROLS, ids=ascii)
def test_controls_and_overrides_are_forbidden_everywhere(character: str) -> None:
    assert has_forbidden_characters(f"a{character}b", is_line=False)
    assert refusal_of(f"a{character}b") == "forbidden_characters"


@pytest.mark.parametrize("character", [*MARKS, "\n", "\r", "\t"], ids=ascii)
def test_direction_marks_and_line_breaks_are_for_bodies_only(character: str) -> None:
    assert not has_forbidden_characters(f"a{character}b", is_line=False)
    assert refusal_of(f"a{character}b") == "forbidden_characters"


@pytest.mark.parametrize("text", ["", "  ", "\u200b\u200b", "\u3164"], ids=ascii)
def test_a_line_in_which_nothing_is_seen_is_empty(text: str) -> None:
    assert refusal_of(text) == "empty_name"


def test_a_line_is_kept_without_outer_spaces_with_single_inner_ones_and_composed() -> None:
    assert clean_name("  Zoe\u0308 \u3000 Li  ") == "Zo\u00eb Li"


def test_a_line_is_measured_as_it_is_kept() -> None:
    assert clean_name("   " + "e\u0301" * 40 + "   ") == "\u00e9" * 40
    assert refusal_of("x" * 41) == "name_too_long"


@given(st.text(st.characters(), max_size=60))
def test_a_line_is_refused_or_kept_and_then_kept_again_as_it_is(text: str) -> None:
    line = kept(text)
    if line is None:
        return
    assert kept(line) == line
    assert 1 <= len(line) <= 40
    assert unicodedata.is_normalized("NFC", line)


def kept(text: str) -> str | None:
    """The line, or None when it is refused; anything but a refusal passes through and fails the test."""
    try:
        return clean_name(text)
    except Refusal:
        return None
