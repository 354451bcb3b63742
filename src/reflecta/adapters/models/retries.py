"""Asks again when the provider was not there: bounded in attempts and in total time, honouring Retry-After."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from reflecta.application.ports import Completion, Model
from reflecta.domain.errors import ModelTimeout, ModelUnavailable
from reflecta.domain.prompt import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """Retries `ModelUnavailable` and `ModelTimeout`; what was refused stays refused.

    At most *attempts* in all, none begun later than *total* after the first. Waits as long as the provider asked,
    else *base* doubled with each attempt up to *longest*; *jitter* (draws in [0, 1)) shortens that by up to half,
    so that callers who failed together do not come back together.
    """

    model: Model
    jitter: Callable[[], float]
    attempts: int = 3
    total: timedelta = timedelta(seconds=90)
    base: timedelta = timedelta(milliseconds=500)
    longest: timedelta = timedelta(seconds=20)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def complete(self, question: Question) -> Completion:
        """Answer, or raise the last error."""
        ends = asyncio.get_running_loop().time() + self.total.total_seconds()
        attempt = 1
        while True:
            try:
                return await self.model.complete(question)
            except (ModelUnavailable, ModelTimeout) as error:
                pause = self._pause(error, attempt)
                if attempt >= self.attempts or asyncio.get_running_loop().time() + pause > ends:
                    raise
            await self.sleep(pause)
            attempt += 1

    async def aclose(self) -> None:
        """Release connections."""
        await self.model.aclose()

    def _pause(self, error: ModelUnavailable | ModelTimeout, attempt: int) -> float:
        if isinstance(error, ModelUnavailable) and error.retry_after is not None:
            # Never earlier than asked; the jitter spreads those who were all told the same second.
            return error.retry_after.total_seconds() + self.base.total_seconds() * self.jitter()
        backoff = min(self.base * 2 ** (attempt - 1), self.longest)
        return backoff.total_seconds() * (1 - self.jitter() / 2)
