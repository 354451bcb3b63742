"""The other ends of the wire: an OpenAI-compatible model and Expo's push service, which remember every effect.

Share nothing with the service but the wire.
"""

import json
import re
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aiohttp import web
from tests.faults.proxy import ARRIVAL
from tests.model_server import completion

_OWNER: Final = re.compile(r'"entryId": "entry-([^"]+)"')
_NUMBER: Final = re.compile(r"Answer number (\d+):")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: whose occasion, for what purpose, and about which earlier answer (0: none)."""

    user: str
    purpose: str
    about: int


@dataclass
class Counterparts:
    """Use as ``async with Counterparts() as counterparts``; *answered* is by number, in the order of asking."""

    answered: dict[int, Question] = field(default_factory=dict[int, Question])
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
        text = json.dumps([message["content"] for message in asked["messages"]], ensure_ascii=False)
        owner = _OWNER.search(text.replace('\\"', '"'))
        purpose: str = asked["response_format"]["json_schema"]["name"]
        earlier = [int(found) for found in _NUMBER.findall(text)]
        question = Question(owner[1] if owner else "", purpose, earlier[-1] if earlier else 0)
        # Counted when the answer leaves: what nobody read was paid for all the same.
        self.answered[number] = question
        return web.json_response(completion(self._answer(number, question)))

    def _answer(self, number: int, question: Question) -> str:
        """Write a draft that bears its number, or judge: one user in five needs a revision of the first draft."""
        if question.purpose != "assessment":
            return _draft(number)
        judged = self.answered.get(question.about)
        poor = judged is not None and judged.purpose == "draft" and zlib.crc32(question.user.encode()) % 5 == 0
        return _assessment(number, poor=poor)

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


def _draft(number: int) -> str:
    return json.dumps(
        {
            "messageType": "check_in",
            "message": f"Answer number {number}: what would you like to come back to today?",
            "pushNotification": "A note is waiting.",
            "evidence": [],
        }
    )


def _assessment(number: int, *, poor: bool) -> str:
    said: Mapping[str, object] = {
        "simulatedReaction": f"Answer number {number}: hm.",
        "faults": ["too general"] if poor else [],
        "overallEffectiveness": 4 if poor else 8,
        "recommendedAction": "REVISE_MESSAGE" if poor else "SEND_MESSAGE",
    }
    return json.dumps(said)
