"""Moments on the wire: RFC 3339 in UTC, always with three digits of milliseconds."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.wire.times import rfc3339


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_501_800_123, "2026-11-24T06:30:00.123Z"),
        (1_795_501_800_000, "2026-11-24T06:30:00.000Z"),
        (1_795_501_800_999, "2026-11-24T06:30:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_a_moment_is_written(at_ms: int, text: str) -> None:
    assert rfc3339(at_ms) == text


@given(st.integers(0, 253_402_300_799_999))
def test_a_moment_is_read_back_to_the_millisecond(at_ms: int) -> None:
    moment = datetime.fromisoformat(rfc3339(at_ms))
    assert round(moment.timestamp() * 1000) == at_ms


@given(st.integers(0, 253_402_300_799_998))
def test_moments_sort_as_their_texts_do(at_ms: int) -> None:
    assert rfc3339(at_ms) < rfc3339(at_ms + 1)
