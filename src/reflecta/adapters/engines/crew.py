"""Works on occasions in this process, a bounded number at once. Knows no engine and no queue but its own memory."""

import asyncio
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from pathlib import PurePath

from reflecta.application.ports import Telemetry
from reflecta.domain.errors import ConfigurationError

# Processes one occasion. What becomes of it is the ledger's business; an exception here is a bug or an outage.
Work = Callable[[str], Awaitable[None]]


class Crew:
    """Runs at most *concurrency* tasks, in the order the ids were given; an id that waits has no task."""

    def __init__(self, work: Work, telemetry: Telemetry, *, concurrency: int) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"the engine's concurrency is {concurrency!r}; give at least 1")
        self._work = work
        self._telemetry = telemetry
        self._concurrency = concurrency
        self._waiting: deque[str] = deque()
        self._known: set[str] = set()  # waiting or in hand
        self._in_hand: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, occasion_ids: Iterable[str]) -> None:
        """Take ids that neither wait nor are in hand."""
        for occasion_id in occasion_ids:
            if occasion_id not in self._known:
                self._known.add(occasion_id)
                self._waiting.append(occasion_id)
        self._fill()

    async def idle(self) -> None:
        """Wait until nothing waits and nothing is in hand, what running work adds included."""
        while not self._idle.is_set():  # more may have come between the event and this task's turn
            await self._idle.wait()

    async def stop(self, grace: timedelta) -> int:
        """Forget what waits, let what is in hand finish within *grace*, cancel the rest and say how many."""
        self._known.difference_update(self._waiting)
        self._waiting.clear()
        broken_off = 0
        try:
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=grace.total_seconds())
        finally:  # who is cancelled while it waits here must leave no work behind that nobody awaits
            for task in self._in_hand:
                broken_off += task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand)
        return broken_off

    def _fill(self) -> None:
        while self._waiting and len(self._in_hand) < self._concurrency:
            occasion_id = self._waiting.popleft()
            task = asyncio.create_task(attempt(self._work, occasion_id, self._telemetry))
            self._in_hand.add(task)
            task.add_done_callback(lambda task, done=occasion_id: self._finish(task, done))
        if self._in_hand:
            self._idle.clear()
        else:
            self._idle.set()

    def _finish(self, task: asyncio.Task[None], occasion_id: str) -> None:
        self._in_hand.discard(task)
        self._known.discard(occasion_id)
        self._fill()


async def attempt(work: Work, occasion_id: str, telemetry: Telemetry) -> None:
    """Work on one occasion; an exception becomes an event. Cancellation passes."""
    try:
        await work(occasion_id)
    except Exception as error:  # noqa: BLE001 - one occasion's failure must not stop all others
        telemetry.event("engine.work_failed", occasion_id=occasion_id, error=type(error).__name__, detail=_place(error))


def _place(error: Exception) -> str | None:
    """Say where it was raised, as file:line; its text may hold a journal."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
