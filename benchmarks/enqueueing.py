"""Enqueueing as a claim does it, 500 ids within each transaction of the ledger, beside a bare INSERT of the same."""

import statistics
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

import sqlalchemy as sa
from tests.proof.figures import Figure

from benchmarks.drivers import Driver
from benchmarks.measure import ratio, told
from benchmarks.places import kinds, place
from benchmarks.sizes import Sizes
from benchmarks.stopwatch import timed
from benchmarks.tape import Kind, Step
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql.database import PostgresDatabase, connect
from reflecta.domain.errors import ConfigurationError
from reflecta.testing import RecordingTelemetry

_BATCH: Final = 500
_INSERT: Final = (
    "INSERT INTO pgqueuer (priority, entrypoint, payload, dedupe_key, status) "
    "SELECT 0, 'occasion', payload, key, 'queued' FROM unnest($1::bytea[], $2::text[]) AS t(payload, key)"
)


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Enqueue on PostgreSQL; where there is none there is no such queue."""
    if "postgresql" not in kinds():
        return {}
    ids = [f"{number:032x}" for number in range(sizes.enqueued)]
    parts = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
    ours, floor = list[float](), list[float]()
    async with AsyncExitStack() as stack:
        there = stack.enter_context(place("postgresql"))
        driver = await stack.enter_async_context(there.driver())
        queue = PgQueue(there.url, RecordingTelemetry())
        stack.push_async_callback(queue.aclose)
        await queue.install()
        database = connect(there.url)
        stack.push_async_callback(database.aclose)
        for _ in range(sizes.rounds):
            await _empty(driver)
            ours.append(await timed(_enlist(database, queue, parts)))
            await _empty(driver)
            floor.append(await timed(_insert(driver, parts)))
    return {
        "ratio_enqueue_postgresql": told(ratio(ours, floor), len(ours)),
        "seconds_enqueue_postgresql": told(statistics.median(ours), len(ids)),
        "seconds_enqueue_postgresql_floor": told(statistics.median(floor), len(ids)),
    }


async def _enlist(database: object, queue: PgQueue, parts: Sequence[Sequence[str]]) -> None:
    if not isinstance(database, PostgresDatabase):
        raise ConfigurationError("only PostgreSQL has this queue")
    for part in parts:
        await database.write(_begin, lambda connection, _result, part=part: queue.enlist(connection, part))


def _begin(connection: sa.Connection) -> None:
    """Do what the claim's INSERT does for the queue: begin the transaction."""
    connection.exec_driver_sql("SELECT 1")


async def _insert(driver: Driver, parts: Sequence[Sequence[str]]) -> None:
    for part in parts:
        values = ([occasion_id.encode() for occasion_id in part], list(part))
        await driver.play(
            [
                Step(Kind.EDGE, "BEGIN"),
                Step(Kind.ONE, "SELECT 1"),
                Step(Kind.ONE, _INSERT, values),
                Step(Kind.EDGE, "COMMIT"),
            ]
        )


async def _empty(driver: Driver) -> None:
    await driver.run("TRUNCATE pgqueuer, pgqueuer_log")
