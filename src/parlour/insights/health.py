"""/health/live and /health/ready: whether the process runs, and whether it can take posts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litestar import Response, Router, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from msgspec import Struct

from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.wire.errors import Refusal


class HealthView(Struct, frozen=True):
    """`status` is ok or unavailable; `checks` says which part is not well."""

    status: str
    checks: dict[str, str]


@dataclass(frozen=True, slots=True)
class Health:
    """What readiness depends on."""

    database: Database
    journal: Journal
    is_draining: Callable[[], bool]

    async def check(self) -> dict[str, str]:
        """Each part with ok or what is wrong, in public words."""
        return {
            "journal": "ok" if self.journal.is_writable else "read-only: the store takes no writes",
            "database": await self._check_database(),
            "server": "draining" if self.is_draining() else "ok",
        }

    async def _check_database(self) -> str:
        try:
            await self.database.prove_readable()
        except Refusal:
            return "unavailable"
        return "ok"


@route("/health/live", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False)
def read_live() -> HealthView:
    """The process answers."""
    return HealthView("ok", {})


@route("/health/ready", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def read_ready(health: NamedDependency[Health]) -> Response[HealthView]:
    """200 when the server can take posts, else 503."""
    checks = await health.check()
    is_ready = all(state == "ok" for state in checks.values())
    view = HealthView("ok" if is_ready else "unavailable", checks)
    return Response(view, status_code=200 if is_ready else 503)


router = Router("/", route_handlers=[read_live, read_ready], include_in_schema=False)
