"""The embedded engine: bounded tasks in this process. Its queue is memory only; the ledger is what remembers."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

from reflecta.adapters.engines.work import Work, attempt
from reflecta.application.ports import Telemetry
from reflecta.domain.errors import ConfigurationError


class LocalEngine:
    """Works on at most *concurrency* occasions at once, in the order given. Implements `Engine`.

    It takes ids between `start` and `stop` only; others stay in the ledger, where the next tick's sweep finds
    them.
    """

    def __init__(self, work: Work, telemetry: Telemetry, *, concurrency: int = 100) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"the engine's concurrency is {concurrency!r}; give at least 1")
        self._work = work
        self._telemetry = telemetry
        self._concurrency = concurrency
        self._is_open = False
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()  # waiting or in hand
        self._in_hand: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """Take ids that neither wait nor are in hand; returns at once."""
        if not self._is_open:
            return
        for occasion_id in occasion_ids:
            if occasion_id not in self._known:
                self._known.add(occasion_id)
                self._waiting.append(occasion_id)
        self._fill()

    async def start(self) -> None:
        """Begin to take ids."""
        self._is_open = True

    async def drain(self) -> None:
        """Wait until nothing waits and nothing is in hand, what running work enqueues included."""
        await self._idle.wait()

    async def stop(self, grace: timedelta) -> None:
        """Take nothing more, let what is in hand finish within *grace*, then cancel it.

        What is cancelled keeps its lease until `Process` releases it or it runs out; then a sweep finds it.
        """
        self._is_open = False
        self._known.difference_update(self._waiting)
        self._waiting.clear()
        broken_off = 0
        try:
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=grace.total_seconds())
        finally:  # whoever is tired of waiting for the stop must not leave work behind that nobody awaits
            for task in self._in_hand:
                broken_off += task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand)
        self._settle()
        self._telemetry.event("engine.stopped", count=broken_off)

    def _fill(self) -> None:
        """Start as many tasks as may run; there is none for an id that waits."""
        while self._waiting and len(self._in_hand) < self._concurrency:
            occasion_id = self._waiting.popleft()
            task = asyncio.create_task(attempt(self._work, occasion_id, self._telemetry))
            self._in_hand.add(task)
            task.add_done_callback(lambda task, done=occasion_id: self._finish(task, done))
        self._settle()

    def _finish(self, task: asyncio.Task[None], occasion_id: str) -> None:
        self._in_hand.discard(task)
        self._known.discard(occasion_id)
        self._fill()

    def _settle(self) -> None:
        if self._waiting or self._in_hand:
            self._idle.clear()
        else:
            self._idle.set()
