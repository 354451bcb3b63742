"""Puts the HTTP API together."""

from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reflecta import __version__
from reflecta.bootstrap import Service
from reflecta.config import LOOPBACK, Environment
from reflecta.entrypoints.api.actions import Actions, TestDocument
from reflecta.entrypoints.api.auth import Auth
from reflecta.entrypoints.api.describe import describe
from reflecta.entrypoints.api.drain import Drain
from reflecta.entrypoints.api.errors import Shield, install_errors
from reflecta.entrypoints.api.guide import Guide, ProcessorDocument
from reflecta.entrypoints.api.health import Health
from reflecta.entrypoints.api.pages import Pages
from reflecta.entrypoints.api.safety import HoldDocument, SafetyApi
from reflecta.entrypoints.api.v1 import DOCUMENTS, PREFIX, HostApi

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(service: Service, *, host: str, drain: Drain | None = None) -> FastAPI:
    """Give the API of a service that will listen on *host*; *drain* tells it when the process is stopping.

    Raises ConfigurationError where anybody could call it without a secret.
    """
    settings = service.settings
    settings.require_secret(host)
    secret = settings.cron_secret.get_secret_value().encode() if settings.cron_secret else None
    auth, drain = Auth(secret=secret), drain or Drain()
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(_Headers), Middleware(Shield, telemetry=service.telemetry), Middleware(_RawIds)],
    )
    install_errors(app, service.telemetry)
    routers = [
        Guide(service).router(auth, drain),
        SafetyApi(service).router(auth),
        HostApi(service).router(auth),
        Health(service, drain).router(),
    ]
    if settings.env is Environment.DEVELOPMENT and host in LOOPBACK:
        routers.append(Actions(service).router(auth, drain))
    documents = [*DOCUMENTS, HoldDocument, ProcessorDocument, TestDocument]
    routers.append(Pages(lambda: describe(app, __version__, documents)).router())
    for router in routers:
        app.include_router(router)
    return app


class _Headers:
    """Puts the headers that every answer has, where it has no better ones of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, dressed)


class _RawIds:
    """Lets the router see the host app's ids as they were sent, so that `%2F` in an id is no separator."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and str(scope["path"]).startswith(f"{PREFIX}/"):
            scope["path"] = _raw_path(scope)
        await self._app(scope, receive, send)


def _raw_path(scope: MutableMapping[str, Any]) -> str:
    raw: bytes | None = scope.get("raw_path")
    return quote(str(scope["path"])) if raw is None else raw.partition(b"?")[0].decode("latin-1")
