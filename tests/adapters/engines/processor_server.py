"""A processor on loopback: keeps what it was called with, and answers as the test says."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


async def success(_: web.Request, occasion_id: str) -> web.StreamResponse:
    """Answer as the guide's processor does."""
    return web.json_response({"success": True, "messageGenerated": True, "occasionId": occasion_id})


@dataclass
class ProcessorServer:
    """Use as ``async with ProcessorServer(answer) as server``."""

    answer: Answer = success
    secret: str = "cron-secret"
    called: list[str] = field(default_factory=list[str])
    at: list[float] = field(default_factory=list[float])
    answered: list[str] = field(default_factory=list[str])
    most_at_once: int = 0
    connections: set[object] = field(default_factory=set[object])
    url: str = ""
    _now: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/coaching/processor", self._process)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, listener).start()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/coaching/processor"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _process(self, request: web.Request) -> web.StreamResponse:
        occasion_id = json.loads(await request.read())["occasionId"]
        self.called.append(occasion_id)
        self.at.append(asyncio.get_running_loop().time())
        self.connections.add(request.transport)
        if request.headers.get("Authorization") != f"Bearer {self.secret}":
            return web.json_response({"success": False, "error": "wrong secret"}, status=401)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            answer = await self.answer(request, occasion_id)
        finally:
            self._now -= 1
        self.answered.append(occasion_id)
        return answer
