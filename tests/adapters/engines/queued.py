"""The PostgreSQL queue as tests see it: enqueue, work in this process or in others, and look into the tables."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from tests.databases import rows, write

from reflecta.adapters.engines.crew import Work
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql import SqlStore
from reflecta.testing import RecordingTelemetry

_WORKER = Path(__file__).with_name("queue_worker.py")


async def installed(url: str) -> None:
    """Give a database the queue's tables, and one more for the worker processes to count in."""
    async with Queued.at(url) as queued:
        await queued.queue.install()
        await queued.execute("CREATE TABLE IF NOT EXISTS done (id text PRIMARY KEY, worker text)")


@dataclass(frozen=True)
class Queued:
    """A queue and the ledger in one database."""

    url: str
    queue: PgQueue
    store: SqlStore
    telemetry: RecordingTelemetry

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncGenerator[Self]:
        """Open a queue and the ledger where both are installed."""
        telemetry = RecordingTelemetry()
        queue = PgQueue(url, telemetry)
        store = SqlStore.at(url, enlist=queue.enlist, pool_size=3)
        try:
            yield cls(url=url, queue=queue, store=store, telemetry=telemetry)
        finally:
            await store.aclose()
            await queue.aclose()

    async def execute(self, statement: str) -> None:
        await write(self.store, statement)

    async def column(self, statement: str) -> Sequence[str]:
        return [str(row[0]) for row in await rows(self.store, statement)]

    async def ids(self) -> Sequence[str]:
        """Give what is queued or in hand, in the order of the queue."""
        return await self.column("SELECT convert_from(payload, 'UTF8') FROM pgqueuer ORDER BY id")

    async def done(self) -> Sequence[str]:
        """Give what the worker processes finished."""
        return await self.column("SELECT id FROM done ORDER BY id")

    async def counts(self) -> tuple[str, ...]:
        """Give how many occasions the ledger and the queue hold."""
        counts = "SELECT count(*) FROM occasions UNION ALL SELECT count(*) FROM pgqueuer"
        return tuple(await self.column(counts))

    @asynccontextmanager
    async def working(
        self,
        work: Work,
        *,
        concurrency: int = 20,
        poll: timedelta = timedelta(seconds=0.2),
        grace: timedelta = timedelta(seconds=20),
    ) -> AsyncGenerator[asyncio.Event]:
        """Run a worker in this process; set the event that this gives, or leave, to stop it."""
        stop = asyncio.Event()
        running = asyncio.create_task(
            self.queue.run(
                work,
                stop,
                concurrency=concurrency,
                heartbeat=timedelta(seconds=2),
                poll=poll,
                grace=grace,
            )
        )
        try:
            yield stop
        finally:
            stop.set()
            await running

    async def reaches(self, count: int, statement: str) -> None:
        """Return when a statement's one value is *count* or more; the test's own time limit is the limit."""
        while int((await self.column(statement))[0]) < count:  # noqa: ASYNC110 - a database knows no event
            await asyncio.sleep(0.05)

    async def becomes_empty(self) -> None:
        """Return when nothing is queued or in hand any more; the test's own time limit is the limit."""
        while await self.ids():  # noqa: ASYNC110 - a database knows no event
            await asyncio.sleep(0.05)

    @contextmanager
    def process(self, name: str, *, concurrency: int, seconds: float) -> Generator["subprocess.Popen[bytes]"]:
        """Run a worker in a process of its own; killed at the end."""
        process = subprocess.Popen([sys.executable, str(_WORKER), self.url, name, str(concurrency), str(seconds)])
        try:
            yield process
        finally:
            process.kill()
            process.wait()
