"""A fake of OpenRouter, OpenAI-compatible endpoints and Anthropic on loopback, for what llmock cannot be told to do.

*script* holds what the next requests meet, one each; what came in is kept in *received*, *arrived* tells of it.
"""

import asyncio
import json
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    """One request as it came in."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class ModelServer:
    """Use as ``async with ModelServer() as server``."""

    script: deque[Reply] = field(default_factory=deque[Reply])
    received: list[Received] = field(default_factory=list[Received])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    base_url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._respond)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, listener).start()
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.received.append(Received(path=request.path, headers=dict(request.headers), body=body))
        self.arrived.set()
        return await self.script.popleft()(request)


def answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Answer with a body as it is (text) or as JSON (anything else)."""

    async def respond(_: web.Request) -> web.StreamResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json", headers=headers)

    return respond


def completion(
    content: str | None = "{}",
    *,
    finish_reason: str = "stop",
    message: Mapping[str, object] | None = None,
    choice: Mapping[str, object] | None = None,
    usage: Mapping[str, object] | None = None,
    **fields: object,
) -> dict[str, object]:
    """Give a chat completion as OpenRouter sends it; the arguments add to its parts or replace them."""
    said = {"role": "assistant", "content": content, **(message or {})}
    return {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": "acme/served-model",
        "provider": "Acme",
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": said, **(choice or {})}],
        "usage": {"prompt_tokens": 2400, "completion_tokens": 150, "total_tokens": 2550, **(usage or {})},
        **fields,
    }


def anthropic_message(text: str, *, stop_reason: str = "end_turn") -> dict[str, object]:
    """Give a message as Anthropic sends it."""
    return {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 2400, "output_tokens": 150},
    }


async def reset(request: web.Request) -> web.StreamResponse:
    """Take the request and break the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def trickle(request: web.Request) -> web.StreamResponse:
    """Send a byte now and then, for ever: no read times out, and no answer comes."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)
