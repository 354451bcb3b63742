"""The world outside the service, for proofs: a model and a push provider that remember every effect.

Shares nothing with the service but the wire, and the answers that are known to please it.
"""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from aiohttp import web

from reflecta.testing import answer_sent


@dataclass
class World:
    """Use as ``async with World(seed=1) as world``; answers carry numbers that show which one was used.

    One first draft in *poor_in* is judged to be revised. *arrived* is told of each request before it is answered.
    """

    seed: int
    latency: tuple[float, float] = (0.03, 0.2)
    poor_in: int = 5
    arrived: Callable[[str], None] | None = None
    answered: defaultdict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    pushes: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    requested: int = 0
    in_flight: int = 0
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self._random = random.Random(self.seed)
        app = web.Application()
        app.router.add_post("/complete", self._complete)
        app.router.add_post("/push/send", self._push)
        app.router.add_post("/push/getReceipts", self._receipts)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def recall(self, other: "World") -> None:
        """Remember what another world remembers, and nothing else."""
        self.requested = other.requested
        self.answered = deepcopy(other.answered)
        self.pushes = deepcopy(other.pushes)

    async def _complete(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.requested += 1
        number = self.requested
        await self._take(f"model {asked['purpose']}")
        # Counted when the answer leaves: what a dead caller never read was paid for all the same.
        earlier = len(self.answered[asked["user"], asked["purpose"]])
        self.answered[asked["user"], asked["purpose"]].append(number)
        poor = not earlier and number % self.poor_in == 0
        text = answer_sent(asked["purpose"], asked["content"], number, rating=4 if poor else 8)
        return web.json_response({"text": text})

    async def _push(self, request: web.Request) -> web.Response:
        messages: list[dict[str, Any]] = await request.json()
        for message in messages:
            self.pushes[message["to"]].append(message["data"]["messageId"])
        await self._take("push")
        return web.json_response({"data": [{"status": "ok", "id": f"ticket-{m['to']}"} for m in messages]})

    async def _receipts(self, request: web.Request) -> web.Response:
        asked = await request.json()
        await self._take("receipts")
        return web.json_response({"data": {ticket: {"status": "ok"} for ticket in asked["ids"]}})

    async def _take(self, name: str) -> None:
        """Hold a request for as long as an answer takes."""
        if self.arrived is not None:
            self.arrived(name)
        self.in_flight += 1
        try:
            await asyncio.sleep(self._random.uniform(*self.latency))
        finally:
            self.in_flight -= 1


def daytime_zone(now: datetime | None = None) -> str:
    """Give a zone in which it is between one and two in the afternoon: hours of window lie ahead."""
    offset = 13 - (now or datetime.now(UTC)).hour
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{-offset:+d}"


def due_lines(
    prefix: str, count: int, now: datetime, *, preference: str = "afternoon", zone: str | None = None, due: bool = True
) -> list[bytes]:
    """Give import lines of users who are due, each with an entry and a push token of their own.

    Where not *due*, they have no due time yet.
    """
    due_at = int((now - timedelta(minutes=5)).timestamp() * 1000)
    written = int((now - timedelta(days=1)).timestamp() * 1000)
    lines: list[bytes] = []
    for number in range(count):
        uid = f"{prefix}-{number}"
        user = {
            "type": "user",
            "uid": uid,
            "firstName": "Kim",
            "coachingConfig": {
                "enableCoachingMessages": True,
                "coachingMessageFrequency": "daily",
                "coachingMessageTimePreference": preference,
            },
            "mobilePushNotifications": {"enabled": True, "expoPushTokens": [f"ExponentPushToken[{uid}]"]},
            "userTimezone": zone or daytime_zone(now),
        } | ({"nextCoachingMessageDue": due_at} if due else {})
        entry = {
            "type": "entry",
            "id": f"entry-{uid}",
            "uid": uid,
            "content": "<p>I walked along the river and thought about the garden.</p>",
            "timestamp": written,
            "lastUpdated": written,
        }
        lines += [json.dumps(user).encode(), json.dumps(entry).encode()]
    return lines
