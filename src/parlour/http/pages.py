"""The page and its files, as the front-end's build left them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from litestar import Response, Router, route
from litestar.datastructures import CacheControlHeader
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, NotFoundException
from litestar.static_files import create_static_files_router

from parlour.accounts.identity import AnyRequest
from parlour.http.problems import render_http

STATIC: Final = Path(__file__).parent.parent / "static"
_YEAR_S: Final = 365 * 86_400
_MOST_PATH_BYTES: Final = 255
_MISSING: Final = (
    "<!doctype html><title>Parlour</title><p>This copy of Parlour was installed without its page. "
    "Build it with bin/serve, or install a wheel that holds it."
)


def pages(static: Path = STATIC) -> list[Router]:
    """Routers for the page at / and /r/CODE and for the files it loads."""
    html = _read_page(static)
    etag = f'"{hashlib.sha256(html).hexdigest()[:22]}"'

    @route(
        ["/", "/r/{code:str}", "/r/{code:str}/{seq:int}"],
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        sync_to_thread=False,
    )
    def read_page(request: AnyRequest) -> Response[bytes]:
        """The page: one document, which finds out by itself what to show."""
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        is_known = not known.isdisjoint((etag, "*"))
        response = _respond(b"" if is_known else html, 304 if is_known else 200)
        response.headers["etag"] = etag
        return response

    routers = [Router("/", route_handlers=[read_page], include_in_schema=False)]
    if (static / "index.html").exists():
        routers += [_hashed(static / "assets"), _named(static)]
    return routers


def missing_pages(static: Path = STATIC) -> Callable[[AnyRequest, HTTPException], Response[Any]]:
    """Renders what is not there: to a person the page, which says so; to a program a problem."""
    html = _read_page(static)

    def render_missing(request: AnyRequest, error: HTTPException) -> Response[Any]:
        is_person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if is_person and not request.scope["path"].startswith("/api/"):
            return _respond(html, error.status_code)
        return render_http(request, error)

    return render_missing


def _read_page(static: Path) -> bytes:
    index = static / "index.html"
    return index.read_bytes() if index.exists() else _MISSING.encode()


def _respond(html: bytes, status: int) -> Response[bytes]:
    return Response(html, status_code=status, media_type="text/html", headers={"cache-control": "no-cache"})


def _hashed(directory: Path) -> Router:
    """Files whose name changes with their content."""
    return create_static_files_router(
        "/assets",
        [directory],
        before_request=_check_path,
        include_in_schema=False,
        cache_control=CacheControlHeader(public=True, max_age=_YEAR_S, immutable=True),
        name="assets",
    )


def _named(static: Path) -> Router:
    """Files with a fixed name: icons, the theme's script, robots.txt."""
    return create_static_files_router(
        "/",
        [static],
        before_request=_check_path,
        include_in_schema=False,
        cache_control=CacheControlHeader(no_cache=True),
        name="files",
    )


def _check_path(request: AnyRequest) -> None:
    """A path that no file system could hold names a file that is not there: asking for it is no failure of ours."""
    path = request.scope["path"]
    if "\0" in path or len(path.encode()) > _MOST_PATH_BYTES:
        raise NotFoundException
