"""Says whether the process lives, and whether it may be given work."""

import asyncio
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from reflecta import __version__
from reflecta.bootstrap import Service
from reflecta.domain.errors import StoreUnavailable
from reflecta.entrypoints.api.describe import OPEN, answers
from reflecta.entrypoints.api.drain import Drain

_PATIENCE: Final = 3.0  # seconds; a balancer's own limit is seldom shorter


class Health:
    """The handlers of `/healthz` and `/readyz`."""

    def __init__(self, service: Service, drain: Drain) -> None:
        self._service = service
        self._drain = drain

    def router(self) -> APIRouter:
        """Give the routes, open to all."""
        router = APIRouter(tags=["health"])
        router.add_api_route(
            "/healthz",
            self.healthz,
            methods=["GET"],
            summary="Alive: asks nothing else",
            responses=answers({"status": "ok", "version": __version__}),
            openapi_extra=OPEN,
        )
        router.add_api_route(
            "/readyz",
            self.readyz,
            methods=["GET"],
            summary="Ready: the store answers with the schema of this version, and the process is not stopping",
            responses=answers({"status": "ready"}, 503),
            openapi_extra=OPEN,
        )
        return router

    async def healthz(self) -> Response:
        """Answer."""
        return JSONResponse({"status": "ok", "version": __version__})

    async def readyz(self) -> Response:
        """Say ready, or why not."""
        trouble = await self._trouble()
        if trouble is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not_ready", "reason": trouble}, HTTPStatus.SERVICE_UNAVAILABLE)

    async def _trouble(self) -> str | None:
        if self._drain.has_begun:
            return "stopping"
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._service.store.ping()
                is_current = await self._service.store.is_current()
        except (StoreUnavailable, TimeoutError):
            return "the store does not answer"
        return None if is_current else "the store's schema is of another version; run `reflecta migrate`"
