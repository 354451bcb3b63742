"""A process of its own that answers chat completions on loopback after a set latency; prints its port.

GET /asked gives the bodies of the newest questions, one of each purpose: the floor sends those again.
"""

import asyncio
import base64
import json
import re
import socket
import sys
from typing import Final

from aiohttp import web

from benchmarks.answers import answer
from reflecta.domain.model import Purpose

# Searched for in the raw body, which is cheaper than reading it. Within texts quotation marks are escaped.
_PURPOSE: Final = re.compile(rf'"name": ?"({"|".join(Purpose)})"'.encode())
_KIND: Final = re.compile(rb'\\"messageType\\": \\"(\w+)\\"')
_ENTRY: Final = re.compile(rb'\\"entryId\\": \\"([^\\"]+)\\"')


def _completion(content: str) -> bytes:
    answer = {
        "id": "gen-1",
        "object": "chat.completion",
        "created": 1_780_000_000,
        "model": "acme/served-model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
        "usage": {"prompt_tokens": 2400, "completion_tokens": 150, "total_tokens": 2550, "cost": 0.004},
    }
    return json.dumps(answer).encode()


def _found(pattern: re.Pattern[bytes], body: bytes) -> str:
    found = pattern.search(body)
    return found[1].decode() if found else ""


async def serve(latency: float) -> None:
    """Serve until cancelled."""
    asked: dict[Purpose, bytes] = {}

    async def complete(request: web.Request) -> web.Response:
        body = await request.read()
        purpose = Purpose(_found(_PURPOSE, body))
        asked[purpose] = body
        if latency:
            await asyncio.sleep(latency)
        said = answer(purpose, _found(_KIND, body), _found(_ENTRY, body))
        return web.Response(body=_completion(said), content_type="application/json")

    async def tell(_: web.Request) -> web.Response:
        return web.json_response([base64.b64encode(body).decode() for body in asked.values()])

    app = web.Application(client_max_size=2**22)
    app.router.add_get("/asked", tell)
    app.router.add_post("/{path:.*}", complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    await web.SockSite(runner, listener, backlog=2048).start()
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - the parent waits for it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
