"""A worker process for tests: takes occasions off the queue and counts each once in a table of the test's own.

Usage: queue_worker.py URL NAME CONCURRENCY SECONDS_OF_WORK
"""

import asyncio
import signal
import sys
from datetime import timedelta

import sqlalchemy as sa

from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql.database import connect
from reflecta.testing import RecordingTelemetry


async def main(url: str, name: str, concurrency: int, seconds: float) -> None:
    database = connect(url)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def work(occasion_id: str) -> None:
        await asyncio.sleep(seconds)
        insert = sa.text("INSERT INTO done (id, worker) VALUES (:id, :worker) ON CONFLICT DO NOTHING")
        await database.write(lambda c: c.execute(insert, {"id": occasion_id, "worker": name}).rowcount)

    queue = PgQueue(url, RecordingTelemetry())
    await queue.run(
        work,
        stop,
        concurrency=concurrency,
        batch_size=5,
        heartbeat=timedelta(seconds=2),
        poll=timedelta(seconds=0.5),
        grace=timedelta(seconds=20),
    )
    await queue.aclose()
    await database.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
