"""Keeps calls below a number at once and a number a minute, for one model or for all behind one account."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from reflecta.application.ports import Completion, Model
from reflecta.domain.prompt import Question

# How much of a minute's allowance may be spent at once: enough for a batch, too little to trip a provider that
# counts by the second.
_BURST_SECONDS: Final = 6.0


@dataclass(slots=True, kw_only=True)
class Limits:
    """What an account allows: *concurrency* calls at once and, if given, *per_minute* begun in a minute."""

    concurrency: int
    per_minute: int | None = None
    _running: asyncio.Semaphore = field(init=False, repr=False)
    _paid_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._running = asyncio.Semaphore(self.concurrency)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Wait in line; the turn lasts as long as the block."""
        async with self._running:
            if self.per_minute is not None:
                await self._wait_for_allowance(60 / self.per_minute)
            yield

    async def _wait_for_allowance(self, interval: float) -> None:
        # A token bucket told as time (GCRA): each call pays *interval*, and none may be paid further ahead than
        # the burst.
        now = asyncio.get_running_loop().time()
        self._paid_until = max(self._paid_until, now) + interval
        pause = self._paid_until - now - max(_BURST_SECONDS, interval)
        if pause > 0:
            await asyncio.sleep(pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """Asks when it is this question's turn. Models of one account share one *limits*."""

    model: Model
    limits: Limits

    async def complete(self, question: Question) -> Completion:
        """Answer, after waiting in line."""
        async with self.limits.turn():
            return await self.model.complete(question)

    async def aclose(self) -> None:
        """Release connections."""
        await self.model.aclose()
