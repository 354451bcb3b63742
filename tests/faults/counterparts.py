"""The other ends of the wire: an OpenAI-compatible model and Expo's push service, which remember every effect.

Share nothing with the service but the wire, and the answers that are known to please it.
"""

import json
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aiohttp import web
from tests.faults.proxy import ARRIVAL
from tests.model_server import completion

from reflecta.testing import answer_sent, numbers_in

_OWNER: Final = re.compile(r'"entryId": "entry-([^"]+)"')


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: whose occasion, for what purpose, and about which earlier answer (0: none)."""

    user: str
    purpose: str
    about: int


@dataclass
class Counterparts:
    """Use as ``async with Counterparts() as counterparts``; *answered* is by number, in the order of asking, and
    *said* is what the drafts among these say.
    """

    answered: dict[int, Question] = field(default_factory=dict[int, Question])
    said: dict[int, str] = field(default_factory=dict[int, str])
    taken: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    port: int = 0
    _asked: int = 0
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/push/send", self._push)
        app.router.add_post("/push/getReceipts", self._receipts)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        if asked is None:
            return web.json_response({"error": {"message": "no JSON", "code": "invalid_json"}}, status=400)
        self._asked += 1
        # A request that was delayed on its way counts where it was begun, not where it arrived.
        number = int(request.headers.get(ARRIVAL, self._asked))
        content: str = asked["messages"][-1]["content"]
        owner = _OWNER.search(content)
        purpose: str = asked["response_format"]["json_schema"]["name"]
        earlier = numbers_in(content)
        question = Question(owner[1] if owner else "", purpose, earlier[-1] if earlier else 0)
        text = answer_sent(purpose, content, number, rating=4 if self._is_poor(question) else 8)
        # Counted when the answer leaves: what nobody read was paid for all the same.
        self.answered[number] = question
        self.said[number] = json.loads(text).get("message", "")
        return web.json_response(completion(text))

    def _is_poor(self, question: Question) -> bool:
        """Say whether a draft is to be revised: the first one of one user in five."""
        judged = self.answered.get(question.about)
        return judged is not None and judged.purpose == "draft" and zlib.crc32(question.user.encode()) % 5 == 0

    async def _push(self, request: web.Request) -> web.Response:
        messages = await _body(request)
        if messages is None:
            return web.json_response({"errors": [{"code": "VALIDATION_ERROR", "message": "no JSON"}]}, status=400)
        for message in messages:
            self.taken[message["data"]["messageId"], message["to"]] += 1
        return web.json_response({"data": [{"status": "ok", "id": f"ticket-{m['to']}"} for m in messages]})

    async def _receipts(self, request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"data": {ticket: {"status": "ok"} for ticket in asked["ids"]}})


async def _body(request: web.Request) -> Any:
    """Read JSON; None when it is none, or breaks off: that has no effect."""
    try:
        return json.loads(await request.read())
    except (ValueError, OSError):
        return None
