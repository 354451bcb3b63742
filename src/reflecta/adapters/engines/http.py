"""The serverless engine: one call to `/processor` for each occasion, as many as a function's time allows.

It is the local engine, whose work is a call. What is not called in time stays in the ledger, and the next tick's
sweep finds it. Knows nothing of what the receiver does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import aiohttp

from reflecta.adapters.engines.local import LocalEngine
from reflecta.application.ports import Telemetry

# Starting later than this would leave a receiver no time to answer.
_STARTING_SHARE: Final = 0.8
_CONNECT_AT_MOST: Final = timedelta(seconds=10)
_PAUSE_WITHOUT_ADVICE: Final = timedelta(seconds=1)
_LONGEST_ANSWER: Final = 64 * 1024  # bytes; a processor's answer is below one of them
_IDLE_SECONDS: Final = 2.0  # shorter than any server's own limit, so no call meets a connection being closed
_SAYS_WAIT: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_WRONG_SECRET: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(slots=True)
class _Round:
    """The calls between two drains; *began* is the event loop's time."""

    began: float
    session: aiohttp.ClientSession
    not_before: float = 0.0
    is_refused: bool = False
    answered: int = 0
    errors: int = 0
    left: int = 0


class HttpEngine:
    """Posts ``{"occasionId": …}`` to the processor's URL, at most *concurrency* at once. Implements `Engine`.

    A round begins with the first enqueue and ends with `drain`, which every tick must await: a serverless
    function is frozen once it has answered. Calls are started for four fifths of *time_limit*, counted from
    the beginning of the round; at the limit those without an answer are abandoned, and their receivers go on.
    """

    def __init__(
        self,
        processor_url: str,
        secret: str,
        telemetry: Telemetry,
        *,
        concurrency: int = 50,
        time_limit: timedelta = timedelta(seconds=60),
        request_timeout: timedelta = timedelta(seconds=60),
    ) -> None:
        self._url = processor_url
        self._secret = secret
        self._telemetry = telemetry
        self._concurrency = concurrency
        self._time_limit = time_limit.total_seconds()
        self._request_timeout = request_timeout.total_seconds()
        self._calls = LocalEngine(self._call, telemetry, concurrency=concurrency)
        self._round: _Round | None = None

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """Begin to call for ids that neither wait nor are being called; returns at once."""
        if not occasion_ids:
            return
        if self._round is not None and self._left(self._round) <= 0:  # nobody drains: a service that never sleeps
            await self._end(self._round)
        if self._round is None:
            self._round = _Round(began=_now(), session=self._session())
            await self._calls.start()
        await self._calls.enqueue(occasion_ids)

    async def drain(self) -> None:
        """Wait until every call was answered, or until the time limit; then end the round and count it."""
        if self._round is None:
            return
        round_ = self._round
        try:
            async with asyncio.timeout(max(0.0, self._left(round_))):
                await self._calls.drain()
        except TimeoutError:
            pass
        finally:
            await self._end(round_)

    async def aclose(self) -> None:
        """Abandon what is being called."""
        if self._round is not None:
            await self._end(self._round)
