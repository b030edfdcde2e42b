"""What happens again and again, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from parlour.wire.errors import Refusal

_log = structlog.get_logger("parlour.timers")


async def every(period_s: float, step: Callable[[], Awaitable[None] | None]) -> None:
    """Call `step` every `period_s` seconds, for ever. A step that fails is logged, and tried again next time."""
    while True:
        await asyncio.sleep(period_s)
        try:
            result = step()
            if result is not None:
                await result
        except Refusal as refusal:
            _log.warning("step_refused", step=step.__qualname__, code=refusal.code)
        except Exception:  # noqa: BLE001 -- a timer that dies would be a server that slowly rots
            _log.exception("step_failed", step=step.__qualname__)
