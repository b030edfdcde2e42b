"""Where a client's frame ends, and what it says: the form that most messages have, by the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from parlour.wire.framing import end_of_frame, is_text, read_text


def masked(payload: bytes) -> bytes:
    """As a client sends it, by another implementation."""
    return Frame(Opcode.TEXT, payload).serialize(mask=True)


@given(st.binary(max_size=300) | st.binary(min_size=65_000, max_size=65_535), st.binary(max_size=8))
def test_a_text_ends_where_another_implementation_ends_it_and_says_the_same(payload: bytes, behind: bytes) -> None:
    frame = masked(payload)

    assert end_of_frame(frame + behind, 0) == len(frame)
    assert read_text(frame) == payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535])
def test_every_form_of_length_is_read_at_its_edge(size: int) -> None:
    frame = masked(b"x" * size)

    assert end_of_frame(frame, 0) == len(frame)
    assert read_text(frame) == b"x" * size


def test_the_longest_form_of_length_is_read() -> None:
    frame = masked(b"x" * 65_536)

    assert end_of_frame(frame[:20], 0) == len(frame)


@pytest.mark.parametrize("size", [125, 126, 65_536])
def test_a_head_that_has_not_come_whole_tells_no_end(size: int) -> None:
    head = masked(b"x" * size)[: {125: 1, 126: 3, 65_536: 9}[size]]

    assert end_of_frame(head, 0) is None


def test_a_frame_without_a_mask_ends_at_once() -> None:
    assert end_of_frame(b"\x81\x05hello", 0) == len(b"\x81\x05hello")


def test_what_is_no_utf_8_is_no_text() -> None:
    assert is_text("Grüße".encode())
    assert not is_text(b"\xff")
