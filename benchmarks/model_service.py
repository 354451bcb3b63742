"""A process of its own that answers chat completions on loopback after a set latency; prints its port.

GET /asked gives the bodies of the newest draft and the newest assessment: the floor sends those again.
"""

import asyncio
import base64
import json
import socket
import sys
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from benchmarks.answers import DRAFT, VERDICT

# In the answer's name only, which our own requests carry: cheaper than reading the whole body.
_ASSESSMENT: Final = b'"name":"assessment"'


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


_ANSWERS: Final[Mapping[bool, bytes]] = {False: _completion(DRAFT), True: _completion(VERDICT)}


async def serve(latency: float) -> None:
    """Serve until cancelled."""
    asked: dict[bool, bytes] = {}

    async def complete(request: web.Request) -> web.Response:
        body = await request.read()
        judges = _ASSESSMENT in body.replace(b": ", b":")
        asked[judges] = body
        if latency:
            await asyncio.sleep(latency)
        return web.Response(body=_ANSWERS[judges], content_type="application/json")

    async def tell(_: web.Request) -> web.Response:
        return web.json_response([base64.b64encode(asked[judges]).decode() for judges in (False, True)])

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
