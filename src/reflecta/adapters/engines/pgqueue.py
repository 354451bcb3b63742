"""The engine of many machines: pgqueuer, in the PostgreSQL that holds the ledger. Knows ids, not what they mean.

A finished id can be enqueued again: that an occasion is done once is the ledger's promise, not the queue's.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and few annotations
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.ports.driver import Driver
from sqlalchemy.ext.asyncio import AsyncConnection

from reflecta.adapters.engines.crew import Work
from reflecta.adapters.engines.pgconnect import arguments, close, named_errors, one_connection, open_pool, queries
from reflecta.adapters.engines.pgworker import ENTRYPOINT, Worker
from reflecta.application.ports import Telemetry

_BATCH: Final = 5_000  # ids a statement: a few hundred kilobytes
_CONNECTIONS: Final = 2  # for enqueueing; a worker has its own


class PgQueue:
    """Queues occasion ids in PostgreSQL and works on them. Implements `Engine`.

    *url* is the ledger's, read as SQLAlchemy reads it. Belongs to the event loop that it is first used on.
    """

    def __init__(self, url: str, telemetry: Telemetry) -> None:
        self._arguments = arguments(url)
        self._telemetry = telemetry
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def install(self) -> None:
        """Make the queue's tables, or bring those of an older pgqueuer up to date; two at once wait in line.

        Raises StoreUnavailable.
        """
        with named_errors():
            async with one_connection(self._arguments) as driver:
                statements = queries(driver)
                async with statements.schema_lock():
                    if await statements.schema_is_installed():
                        await statements.upgrade()
                    else:
                        await statements.install()

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """See the port. Raises StoreUnavailable; a sweep finds the occasions again."""
        with named_errors():
            await _insert(AsyncpgPoolDriver(await self._connected()), occasion_ids)

    async def enlist(self, connection: AsyncConnection, occasion_ids: Sequence[str]) -> None:
        """Enqueue within a transaction of the ledger: with its commit, or not at all. Raises StoreUnavailable.

        SQLAlchemy sends BEGIN before the first statement, not when a transaction is opened: as a transaction's
        first act this would enqueue for good. It raises RuntimeError instead.
        """
        driver = (await connection.get_raw_connection()).driver_connection
        if not isinstance(driver, asyncpg.Connection):
            raise TypeError(f"the ledger's driver is {type(driver).__name__!r}; only asyncpg can enlist")
        if not driver.is_in_transaction():
            raise RuntimeError(
                "occasions were to be enqueued before their transaction has begun, and a rollback would not take "
                "them back; run the transaction's first statement (the INSERT of the occasions) before"
            )
        with named_errors():
            await _insert(AsyncpgDriver(driver), occasion_ids)

    async def run(
        self,
        work: Work,
        stop: asyncio.Event,
        *,
        concurrency: int = 100,
        batch_size: int = 50,
        heartbeat: timedelta = timedelta(seconds=30),
        poll: timedelta = timedelta(seconds=5),
        grace: timedelta = timedelta(seconds=25),
    ) -> None:
        """Work on what is queued until *stop* is set; raises ConfigurationError where tables are missing.

        *concurrency* occasions at once, taken at most *batch_size* at a time. A worker that shows no heartbeat
        for *heartbeat* counts as dead; give all workers the same, above the longest stall of their event loops.
        *poll* is how often to look where no notice arrives, so that a dead worker's occasions are taken over
        within heartbeat + poll. After the stop what is in hand may finish within *grace*; the rest is queued
        again at once, as it is when this is cancelled, which waits for nothing.
        """
        worker = Worker(
            arguments=self._arguments,
            work=work,
            telemetry=self._telemetry,
            concurrency=concurrency,
            batch_size=batch_size,
            heartbeat=heartbeat,
            poll=poll,
            grace=grace,
        )
        await worker.run(stop)

    async def aclose(self) -> None:
        """Disconnect."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await close(pool)

    async def _connected(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await open_pool(self._arguments, name="reflecta queue", size=_CONNECTIONS)
            return self._pool


async def _insert(driver: Driver, occasion_ids: Sequence[str]) -> None:
    """Queue ids in their order; those that are queued or in hand already are left out."""
    statements = queries(driver)
    for start in range(0, len(occasion_ids), _BATCH):
        part = list(occasion_ids[start : start + _BATCH])
        await statements.enqueue(
            [ENTRYPOINT] * len(part),
            [occasion_id.encode() for occasion_id in part],
            [0] * len(part),
            dedupe_key=[*part],
            on_conflict="skip",
        )
