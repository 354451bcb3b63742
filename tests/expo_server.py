"""A fake of Expo's push service on loopback: keeps what it was sent, and fails as it is told to.

It knows tokens only: those in *gone* are not registered, *projects* says which Expo project a token is of, a
token that has not Expo's form spoils its whole request, as in the real service. *script* holds what the next
requests meet instead, one each.
"""

import asyncio
import json
import re
import socket
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = re.compile(r"Expo(nent)?PushToken\[[^\]]+\]")
MAX_PUSHES = 100
MAX_RECEIPTS = 1000

Failure = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    """One request as it came in, its body unpacked."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class ExpoServer:
    """Use as ``async with ExpoServer() as server``."""

    gone: set[str] = field(default_factory=set[str])
    ticket_errors: dict[str, str] = field(default_factory=dict[str, str])
    projects: dict[str, str] = field(default_factory=dict[str, str])
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    script: deque[Failure] = field(default_factory=deque[Failure])
    received: list[Received] = field(default_factory=list[Received])
    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    base_url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/push/send", self._send)
        app.router.add_post("/push/getReceipts", self._get_receipts)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, listener).start()
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def batch_sizes(self) -> list[int]:
        """Give how many pushes each sending request held."""
        return [len(request.body) for request in self.received if request.path == "/push/send"]

    async def _send(self, request: web.Request) -> web.StreamResponse:
        pushes = await self._receive(request)
        if self.script:
            return await self.script.popleft()(request)
        refusal = self._refusal(pushes)
        if refusal is not None:
            return web.json_response({"errors": [refusal]}, status=400)
        return web.json_response({"data": [self._ticket(push) for push in pushes]})

    async def _get_receipts(self, request: web.Request) -> web.StreamResponse:
        ids = (await self._receive(request))["ids"]
        if self.script:
            return await self.script.popleft()(request)
        if len(ids) > MAX_RECEIPTS:
            return web.json_response({"errors": [{"code": "PUSH_TOO_MANY_RECEIPTS"}]}, status=400)
        return web.json_response({"data": {id_: self.receipts[id_] for id_ in ids if id_ in self.receipts}})

    async def _receive(self, request: web.Request) -> Any:
        # aiohttp's server unpacks gzip itself before the handler reads.
        body = json.loads(await request.read())
        self.received.append(Received(path=request.path, headers=dict(request.headers), body=body))
        return body

    def _refusal(self, pushes: list[dict[str, Any]]) -> dict[str, Any] | None:
        malformed = [push["to"] for push in pushes if not TOKEN.fullmatch(push["to"])]
        if malformed:
            return {"code": "VALIDATION_ERROR", "message": f'"{malformed[0]}" is not a valid Expo push token'}
        if len(pushes) > MAX_PUSHES:
            return {"code": "PUSH_TOO_MANY_NOTIFICATIONS", "message": "at most 100"}
        tokens = {push["to"] for push in pushes}
        named = {
            project: sorted(token for token in tokens if self.projects.get(token, "@us/app") == project)
            for project in {self.projects.get(token, "@us/app") for token in tokens}
        }
        if len(named) > 1:
            return {"code": "PUSH_TOO_MANY_EXPERIENCE_IDS", "message": "mixed", "details": named}
        return None

    def _ticket(self, push: dict[str, Any]) -> dict[str, Any]:
        token = push["to"]
        error = "DeviceNotRegistered" if token in self.gone else self.ticket_errors.get(token)
        if error is not None:
            return {"status": "error", "message": f'"{token}" failed', "details": {"error": error}}
        self.taken.append(push)
        return {"status": "ok", "id": f"ticket-{len(self.taken)}"}

    def times_taken(self) -> Counter[str]:
        """Count how often each token was pushed to."""
        return Counter(push["to"] for push in self.taken)


def answer(status: int, body: object = "", headers: Mapping[str, str] | None = None) -> Failure:
    """Answer with a body as it is (text) or as JSON (anything else)."""

    async def respond(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json", headers=headers)

    return respond


async def stall(_: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    return web.Response()


async def reset_in_body(request: web.Request) -> web.StreamResponse:
    """Begin a good answer and break the connection in the middle."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"data": [{"status": "ok", "id"')
    if request.transport is not None:
        request.transport.abort()
    return response


async def reset_before_answer(request: web.Request) -> web.StreamResponse:
    """Take the request and break the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
