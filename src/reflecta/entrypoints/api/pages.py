"""Serves the API's description and the pages that show it, all from this package's own files."""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from swagger_ui_bundle import swagger_ui_path  # pyright: ignore[reportMissingTypeStubs] - it has none

from reflecta.domain.errors import NotFound

# The pages' scripts, styles and pictures come from here, and they talk to nobody else.
PAGES_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_ASSETS: Final[Mapping[str, str]] = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_HEADERS: Final = {"Content-Security-Policy": PAGES_CSP, "Cache-Control": "max-age=3600"}
_PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Reflecta API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="pages"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """\
SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#pages",
  deepLinking: true,
  validatorUrl: null,
});
"""


class Pages:
    """`/openapi.json` and `/docs`; *describe* is asked once."""

    def __init__(self, describe: Callable[[], dict[str, object]]) -> None:
        self._describe = describe
        self._description: dict[str, object] | None = None

    def router(self) -> APIRouter:
        """Give the routes, open to all: they tell nothing that the documentation does not."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/openapi.json", self.openapi, methods=["GET"])
        router.add_api_route("/docs", _page, methods=["GET"])
        router.add_api_route("/docs/start.js", _start, methods=["GET"])
        router.add_api_route("/docs/{name}", _asset, methods=["GET"])
        return router

    async def openapi(self) -> Response:
        """Give the description."""
        if self._description is None:
            self._description = self._describe()
        return JSONResponse(self._description)


async def _page() -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)


async def _start() -> Response:
    return Response(_START, media_type="text/javascript", headers=_HEADERS)


async def _asset(name: str) -> Response:
    if name not in _ASSETS:
        raise NotFound("the pages have no such file")
    return FileResponse(swagger_ui_path / name, media_type=_ASSETS[name], headers=_HEADERS)
