"""Fixtures for tests of the PostgreSQL queue: its tables beside the ledger's, and one more of the tests' own."""

from collections.abc import AsyncGenerator

import pytest
from tests.adapters.engines.queued import DONE, Queued
from tests.databases import empty

from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql import SqlStore
from reflecta.testing import RecordingTelemetry


@pytest.fixture
async def queued(postgres: str) -> AsyncGenerator[Queued]:
    """Give an empty queue beside an empty ledger."""
    telemetry = RecordingTelemetry()
    queue = PgQueue(postgres, telemetry)
    await queue.install()
    store = SqlStore.at(postgres, enlist=queue.enlist, pool_size=3)
    opened = Queued(url=postgres, queue=queue, store=store, telemetry=telemetry)
    await opened.execute(DONE)
    yield opened
    await opened.execute("TRUNCATE pgqueuer, pgqueuer_log, done")
    await empty(store)
    await store.aclose()
    await queue.aclose()
