"""The serverless engine: one call to `/processor` for each occasion, as many as a function's time allows.

What is not called in time stays in the ledger, and the next tick's sweep finds it. Knows nothing of what the
receiver does with an occasion.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Final

import aiohttp

from reflecta.adapters.engines.crew import Crew
from reflecta.application.ports import Telemetry

# Who is called later than this has too little time left to answer.
_STARTING_SHARE: Final = 0.8
_CONNECT_AT_MOST: Final = 10.0  # seconds
_PAUSE_WITHOUT_ADVICE: Final = 1.0  # seconds
_SHORTEST_PAUSE: Final = 0.1  # seconds; 'Retry-After: 0' must not become a busy loop
_LONGEST_ANSWER: Final = 64 * 1024  # bytes; the guide's answers are below one of them
_IDLE_SECONDS: Final = 2.0  # shorter than any server's own limit: no call meets a connection being closed
_SAYS_WAIT: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_WRONG_SECRET: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(slots=True, kw_only=True)
class _Round:
    """The calls up to a drain; instants are the event loop's. Ticks at the same time share one."""

    session: aiohttp.ClientSession
    crew: Crew = field(init=False)
    starts_until: float
    ends_at: float
    not_before: float = 0.0
    is_refused: bool = False
    given: set[str] = field(default_factory=set[str])
    in_flight: int = 0
    answered: int = 0
    errors: int = 0


class HttpEngine:
    """Posts ``{"occasionId": …}`` to the processor's URL, at most *concurrency* at once. Implements `Engine`.

    A round begins with an enqueue and ends with `drain`, which whoever ticks must await before it answers: a
    serverless function is frozen from then on. Calls are started for four fifths of *time_limit*, counted from
    the round's beginning; at its end those without an answer are abandoned, and their receivers go on. Ticks at
    the same time share a round and what is left of its time.
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
        self._round: _Round | None = None

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """Begin to call for ids that were not given in this round; returns at once."""
        if not occasion_ids:
            return
        if self._round is not None and self._round.ends_at <= _now():  # nobody drained
            await self._end(self._round)
        if self._round is None:
            self._round = self._begin()
        new = [occasion_id for occasion_id in occasion_ids if occasion_id not in self._round.given]
        self._round.given.update(new)
        self._round.crew.add(new)

    async def drain(self) -> None:
        """Wait until every call was answered, at most until the time limit, and end the round."""
        round_ = self._round
        if round_ is None:
            return
        try:
            async with asyncio.timeout_at(round_.ends_at):
                await round_.crew.idle()
        except TimeoutError:
            pass  # what has no answer is counted as such
        finally:
            if self._round is round_:  # else another tick has ended it
                await self._end(round_)

    async def aclose(self) -> None:
        """Abandon what is being called."""
        if self._round is not None:
            await self._end(self._round)

    def _begin(self) -> _Round:
        session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._secret}"},
            timeout=aiohttp.ClientTimeout(total=self._request_timeout, connect=_CONNECT_AT_MOST),
            connector=aiohttp.TCPConnector(limit=self._concurrency, keepalive_timeout=_IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        now = _now()
        round_ = _Round(
            session=session,
            starts_until=now + _STARTING_SHARE * self._time_limit,
            ends_at=now + self._time_limit,
        )
        round_.crew = Crew(partial(self._call, round_), self._telemetry, concurrency=self._concurrency)
        return round_

    async def _end(self, round_: _Round) -> None:
        """Count the round; what was neither answered nor failed is still queued in the ledger."""
        self._round = None
        unanswered = round_.in_flight
        left = len(round_.given) - round_.answered - round_.errors - unanswered
        self._telemetry.event(
            "engine.called", count=round_.answered, left=left, unanswered=unanswered, errors=round_.errors
        )
        await round_.crew.stop(timedelta())
        await round_.session.close()

    async def _call(self, round_: _Round, occasion_id: str) -> None:
        """Call until there is an answer that settles it, or no time to start."""
        while await _may_start(round_):
            round_.in_flight += 1
            try:
                status, pause = await self._post(round_.session, occasion_id)
            except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
                self._fail(round_, occasion_id, error=type(error).__name__)
                return
            finally:
                round_.in_flight -= 1
            if status not in _SAYS_WAIT:
                self._settle(round_, occasion_id, status)
                return
            round_.not_before = max(round_.not_before, _now() + pause)

    async def _post(self, session: aiohttp.ClientSession, occasion_id: str) -> tuple[int, float]:
        """Give the status, and the seconds to wait where it says so."""
        # Followed, a redirect would carry the secret to another host.
        async with session.post(self._url, json={"occasionId": occasion_id}, allow_redirects=False) as response:
            await response.content.read(_LONGEST_ANSWER)  # else the connection could not be used again
            return response.status, _pause(response.headers)

    def _settle(self, round_: _Round, occasion_id: str, status: int) -> None:
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            round_.answered += 1
        elif status not in _WRONG_SECRET:
            self._fail(round_, occasion_id, status=status)
        elif not round_.is_refused:
            round_.is_refused = True
            self._telemetry.event("engine.refused", status=status)

    def _fail(self, round_: _Round, occasion_id: str, *, status: int | None = None, error: str | None = None) -> None:
        round_.errors += 1
        self._telemetry.event("engine.call_failed", occasion_id=occasion_id, status=status, error=error)


async def _may_start(round_: _Round) -> bool:
    """Wait out the pause the receiver asked for, then say whether there is still time to call."""
    while (now := _now()) < round_.starts_until and not round_.is_refused:
        if round_.not_before <= now:
            return True
        await asyncio.sleep(min(round_.not_before, round_.starts_until) - now)
    return False


def _pause(headers: Mapping[str, str]) -> float:
    """Read Retry-After, seconds or a date; a date is measured against the receiver's own clock."""
    advice = headers.get("Retry-After", "")
    if advice.isascii() and advice.isdecimal():
        return max(_SHORTEST_PAUSE, float(advice))
    try:
        pause = parsedate_to_datetime(advice) - parsedate_to_datetime(headers["Date"])
    except (KeyError, TypeError, ValueError):
        return _PAUSE_WITHOUT_ADVICE
    return max(_SHORTEST_PAUSE, pause.total_seconds())


def _now() -> float:
    return asyncio.get_running_loop().time()
