"""Waiting in tests: for a condition, never for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

POLL_S: Final = 0.02


async def eventually(is_so: Callable[[], Awaitable[bool]], within_s: float = 10) -> float:
    """Wait until it is so; how many seconds that took."""
    started_s = time.monotonic()
    while not await is_so():
        waited_s = time.monotonic() - started_s
        assert waited_s < within_s, f"it was not so within {within_s} s"
        await asyncio.sleep(POLL_S)
    return time.monotonic() - started_s


async def until(moment_s: float) -> None:
    """Wait for a moment of `time.monotonic()`: where the passing of time itself is the condition."""
    await asyncio.sleep(max(0, moment_s - time.monotonic()))
