"""Takes occasions off the PostgreSQL queue, through outages, until told to stop. Installs no signal handler."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and few annotations
from pgqueuer import AsyncpgPoolDriver, Job, QueueManager, RetryRequested
from pgqueuer.types import Channel

from reflecta.adapters.engines.crew import Work, attempt
from reflecta.adapters.engines.pgconnect import NAMES, TROUBLE, Arguments, close, open_pool, queries
from reflecta.application.ports import Telemetry
from reflecta.domain.errors import ConfigurationError

ENTRYPOINT: Final = "occasion"
_CONNECTIONS: Final = 5  # one listens; taking, finishing and heartbeats share the others
_LEAST_CONCURRENCY: Final = 2  # pgqueuer wants twice the batch
_PAUSE: Final = 2.0  # seconds before trying again after an outage
_GIVING_BACK_AT_MOST: Final = 10.0  # seconds
_TIDYING_EVERY: Final = 3600.0  # seconds
_LOG_KEPT: Final = timedelta(days=7)  # pgqueuer writes three rows a job and deletes none


@dataclass(slots=True, kw_only=True)
class _Hands:
    """The jobs in hand, and the way to give them back."""

    work: Work
    telemetry: Telemetry
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    are_tied: bool = False

    async def take(self, job: Job) -> None:
        """Work on one job; one that is given back is queued again for whichever worker comes first."""
        if self.are_tied:
            raise RetryRequested
        occasion_id = (job.payload or b"").decode(errors="replace")
        # A task of its own, so that giving back is not mistaken for pgqueuer's cancellation, which ends a job.
        task = asyncio.create_task(attempt(self.work, occasion_id, self.telemetry))
        self.tasks.add(task)
        try:
            await task
        except asyncio.CancelledError:
            if self.are_tied:
                raise RetryRequested from None
            raise
        finally:
            self.tasks.discard(task)

    def give_back(self) -> int:
        """Cancel what is in hand, say how many, and take nothing more."""
        self.are_tied = True
        return sum(task.cancel() for task in self.tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One process's worker; see `PgQueue.run` for the settings."""

    arguments: Arguments
    work: Work
    telemetry: Telemetry
    concurrency: int
    batch_size: int
    heartbeat: timedelta
    poll: timedelta
    grace: timedelta

    def __post_init__(self) -> None:
        """Refuse what pgqueuer would refuse later."""
        if self.concurrency < _LEAST_CONCURRENCY:
            raise ConfigurationError(f"the worker's concurrency is {self.concurrency!r}; pgqueuer needs at least 2")

    async def run(self, stop: asyncio.Event) -> None:
        """Work until *stop* is set; an outage of the database is waited out."""
        while not stop.is_set():
            # A pool for each try: pgqueuer does not give back a listener whose connection broke.
            pool = await open_pool(self.arguments, name="reflecta worker", size=_CONNECTIONS)
            try:
                await self._serve(pool, stop)
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 - the driver fails with any, where the wire brings it nonsense
                self.telemetry.event("engine.interrupted", error=type(error).__name__)
                await _wait(stop, _PAUSE)
            finally:
                await close(pool)

    async def _serve(self, pool: asyncpg.Pool, stop: asyncio.Event) -> None:
        """Work until the stop or an outage."""
        hands = _Hands(work=self.work, telemetry=self.telemetry)
        manager = await _manager(pool)
        manager.entrypoint(ENTRYPOINT, accepts_context=False)(hands.take)
        running = asyncio.create_task(self._manage(manager))
        stopping = asyncio.create_task(stop.wait())
        tidying = asyncio.create_task(_tidy(pool))
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            manager.shutdown.set()
            await asyncio.wait({running}, timeout=self.grace.total_seconds())
        finally:
            manager.shutdown.set()
            stopping.cancel()
            tidying.cancel()
            given_back = hands.give_back()
            await asyncio.wait({running}, timeout=_GIVING_BACK_AT_MOST)
        if not running.done():  # the database hangs; heartbeats have ended, so others take over
            running.cancel()
        else:
            running.result()
        self.telemetry.event("engine.stopped", count=given_back)

    async def _manage(self, manager: QueueManager) -> None:
        await manager.run(
            dequeue_timeout=self.poll,
            batch_size=max(1, min(self.batch_size, self.concurrency // 2)),
            max_concurrent_tasks=self.concurrency,
            heartbeat_timeout=self.heartbeat,
        )


async def _manager(pool: asyncpg.Pool) -> QueueManager:
    manager = QueueManager(queries(AsyncpgPoolDriver(pool)), Channel(NAMES.channel))
    try:
        await manager.verify_structure()
    except RuntimeError as error:
        raise ConfigurationError(
            "the queue's tables are missing or older than this version; run `reflecta migrate`"
        ) from error
    return manager


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass


async def _tidy(pool: asyncpg.Pool) -> None:
    """Delete old rows of pgqueuer's log and statistics, now and every hour."""
    driver = AsyncpgPoolDriver(pool)
    while True:
        for table in (NAMES.queue_table_log, NAMES.statistics_table):
            try:
                await driver.execute(
                    f"DELETE FROM {table} WHERE entrypoint = $1 AND created < now() - $2::interval",  # noqa: S608
                    ENTRYPOINT,
                    _LOG_KEPT,
                )
            except TROUBLE:  # the worker meets it as well, and says so
                break
        await asyncio.sleep(_TIDYING_EVERY)
