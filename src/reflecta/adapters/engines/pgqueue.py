"""The engine of many machines: pgqueuer, in the PostgreSQL that holds the ledger. Knows ids, not what they mean.

A finished id can be enqueued again: that an occasion is done once is the ledger's promise, not the queue's.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none, and no py.typed
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver, Queries
from pgqueuer.ports.driver import Driver
from sqlalchemy.ext.asyncio import AsyncConnection

from reflecta.adapters.engines.crew import Work
from reflecta.adapters.engines.pgconnect import Address, address, close, open_pool, queries
from reflecta.adapters.engines.pgworker import ENTRYPOINT, Pace, Worker
from reflecta.application.ports import Telemetry
from reflecta.domain.errors import ConfigurationError, StoreUnavailable

_BATCH: Final = 5_000  # ids a statement: a few hundred kilobytes
_CONNECTIONS: Final = 2  # for enqueueing; each worker has its own


class PgQueue:
    """Queues occasion ids in PostgreSQL and works on them. Implements `Engine`.

    *url* is the ledger's, as SQLAlchemy reads it. Belongs to the event loop that it is first used on.
    """

    def __init__(self, url: str, telemetry: Telemetry) -> None:
        self._address: Address = address(url)
        self._telemetry = telemetry
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """See the port. Raises StoreUnavailable; the ids are then found again by a sweep."""
        with _named_errors():
            await _insert(AsyncpgPoolDriver(await self._connected()), occasion_ids)

    async def enlist(self, connection: AsyncConnection, occasion_ids: Sequence[str]) -> None:
        """Enqueue within a transaction of the ledger that has begun: with its commit, or not at all.

        SQLAlchemy sends BEGIN before its first statement, not when a transaction is opened: as a transaction's
        first act this would enqueue at once. It raises RuntimeError instead.
        """
        driver = (await connection.get_raw_connection()).driver_connection
        if not isinstance(driver, asyncpg.Connection):
            raise TypeError(f"the ledger's driver is {type(driver).__name__!r}; enlisting needs asyncpg")
        if not driver.is_in_transaction():
            raise RuntimeError(
                "occasions were to be enqueued before their transaction has begun, so a rollback would not take "
                "them back; run its first statement (the INSERT of the occasions) before"
            )
        with _named_errors():
            await _insert(AsyncpgDriver(driver), occasion_ids)
