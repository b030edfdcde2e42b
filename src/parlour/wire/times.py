"""Moments on the wire: RFC 3339, UTC, milliseconds. Inside, a moment is an int of milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=256)
def rfc3339(at_ms: int) -> str:
    """For example 2026-11-24T06:30:00.123Z."""
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
