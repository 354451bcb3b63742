"""Takes occasions off the PostgreSQL queue, through outages, until told to stop. Installs no signal handler."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and no py.typed
from pgqueuer import AsyncpgPoolDriver, Job, QueueManager, RetryRequested
from pgqueuer.types import Channel

from reflecta.adapters.engines.crew import Work, attempt
from reflecta.adapters.engines.pgconnect import NAMES, TROUBLE, Arguments, close, open_pool, queries
from reflecta.application.ports import Telemetry
from reflecta.domain.errors import ConfigurationError

ENTRYPOINT: Final = "occasion"
_CONNECTIONS: Final = 5  # one listens; taking, finishing and heartbeats share the rest
_FIRST_PAUSE: Final = 1.0  # seconds after an outage, doubled up to the longest
_LONGEST_PAUSE: Final = 30.0
_GIVING_BACK_AT_MOST: Final = 10.0  # seconds
_TIDYING_EVERY: Final = 3600.0  # seconds
_LOG_KEPT: Final = timedelta(days=7)  # pgqueuer writes three rows a job and deletes none


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a worker works.

    *concurrency* occasions at once, taken at most *batch_size* at a time. A worker that shows no heartbeat for
    *heartbeat* is dead to the others; give more than the longest stall of the event loop, and the same to all
    workers. *poll* is how often it looks where no notice of new work reaches it: a dead worker's occasions are
    taken over within heartbeat + poll. *grace* is how long what is in hand may go on after the stop.
    """

    concurrency: int = 100
    batch_size: int = 50
    heartbeat: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=5)
    grace: timedelta = timedelta(seconds=25)


@dataclass(slots=True)
class _Hands:
    """The jobs in hand, and the way to give them back."""

    work: Work
    telemetry: Telemetry
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    are_tied: bool = False

    async def take(self, job: Job) -> None:
        """Work on one job; given back, it is queued again at once, for whichever worker comes first."""
        task = asyncio.current_task()
        if self.are_tied or task is None or job.payload is None:
            raise RetryRequested
        self.tasks.add(task)
        try:
            await attempt(self.work, job.payload.decode(), self.telemetry)
        except asyncio.CancelledError:
            if not self.are_tied:
                raise
            task.uncancel()
            raise RetryRequested from None
        finally:
            self.tasks.discard(task)
