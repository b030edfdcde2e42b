"""The page and its files, as the front-end's build left them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from litestar import Response, Router, get
from litestar.datastructures import CacheControlHeader
from litestar.router import Router as AnyRouter
from litestar.static_files import create_static_files_router

STATIC: Final = Path(__file__).parent.parent / "static"
_YEAR_S: Final = 365 * 86_400
_MISSING: Final = (
    "<!doctype html><title>Parlour</title><p>This copy of Parlour was installed without its page. "
    "Build it with bin/serve, or install a wheel that holds it."
)


def pages(static: Path = STATIC) -> list[AnyRouter]:
    """Routers for the page at / and /r/CODE and for the files it loads."""
    index = static / "index.html"
    html = index.read_bytes() if index.exists() else _MISSING.encode()

    @get(["/", "/r/{code:str}", "/r/{code:str}/{seq:int}"], include_in_schema=False, sync_to_thread=False)
    def read_page() -> Response[bytes]:
        """The page: one document, which finds out by itself what to show."""
        return Response(html, media_type="text/html", headers={"cache-control": "no-cache"})

    routers: list[AnyRouter] = [Router("/", route_handlers=[read_page], include_in_schema=False)]
    if index.exists():
        routers += [_hashed(static / "assets"), _named(static)]
    return routers


def _hashed(directory: Path) -> AnyRouter:
    """Files whose name changes with their content."""
    return create_static_files_router(
        "/assets",
        [directory],
        include_in_schema=False,
        cache_control=CacheControlHeader(public=True, max_age=_YEAR_S, immutable=True),
        name="assets",
    )


def _named(static: Path) -> AnyRouter:
    """Files with a fixed name: icons, the theme's script, robots.txt."""
    return create_static_files_router(
        "/", [static], include_in_schema=False, cache_control=CacheControlHeader(no_cache=True), name="files"
    )
