"""The API as an ASGI application for platforms that bring their own server: ``reflecta.entrypoints.asgi:app``.

Built from the environment when the server starts it, or by the first request where it does not. It never ticks by
itself: the platform's cron calls `/scheduler`. A secret is always needed, and `/test` is not there.
"""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from reflecta.bootstrap import open_service
from reflecta.config import EngineName, load
from reflecta.entrypoints.api import create_app
from reflecta.entrypoints.working import Grace, delivering, working

# Nobody here knows which address the server listens at; to the settings it is any.
_ANYWHERE: Final = "any address"


class Application:
    """Opens the service once and keeps it until the server's lifespan ends."""

    def __init__(self) -> None:
        self._keeping: asyncio.Task[None] | None = None
        self._app: asyncio.Future[ASGIApp] | None = None
        self._stop = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the lifespan."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        app = await self._opened()
        await app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._opened()
        except Exception as error:  # noqa: BLE001 - whatever it is, the server must hear that there is no service
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop.set()
        if self._keeping is not None:
            await self._keeping
        await send({"type": "lifespan.shutdown.complete"})

    async def _opened(self) -> ASGIApp:
        """Give the API; whoever comes first opens the service, the others wait for it."""
        if self._app is None:
            self._app = asyncio.get_running_loop().create_future()
            self._keeping = asyncio.create_task(self._keep(self._app))
        return await asyncio.shield(self._app)

    async def _keep(self, opened: asyncio.Future[ASGIApp]) -> None:
        """Hold the service open in one task, as its parts ask for."""
        try:
            settings = load()
            settings.require_secret(_ANYWHERE)
            async with open_service(settings) as service:
                grace = Grace(settings.grace)
                app = create_app(service, host=_ANYWHERE)
                if settings.engine is EngineName.HTTP:  # serverless: nothing may go on between requests
                    opened.set_result(app)
                    await self._stop.wait()
                    return
                async with delivering(service, grace), working(service, grace):
                    opened.set_result(app)
                    await self._stop.wait()
        except Exception as error:
            if opened.done():
                raise
            self._app = None  # the next request tries again
            opened.set_exception(error)


app: Final = Application()
