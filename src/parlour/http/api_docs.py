"""/api/openapi.json, and the same for people at /api/docs, with nothing loaded from elsewhere."""

from __future__ import annotations

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

import parlour


def openapi_config() -> OpenAPIConfig:
    """How the API describes itself."""
    page = SwaggerRenderPlugin(
        path="/docs",
        js_url="/api-docs/swagger-ui-bundle.js",
        css_url="/api-docs/swagger-ui.css",
        standalone_preset_js_url="/api-docs/swagger-ui-standalone-preset.js",
        favicon='<link rel="icon" href="/favicon.svg">',
    )
    bearer = SecurityScheme(type="http", scheme="bearer", description="The token that POST /api/v1/session answers.")
    return OpenAPIConfig(
        title="Parlour",
        version=parlour.__version__,
        description="Rooms to talk in. The live socket is described in protocol/protocol.md.",
        path="/api",
        render_plugins=[page],
        components=Components(security_schemes={"session": bearer}),
        security=[{"session": []}],
        use_handler_docstrings=True,
    )
