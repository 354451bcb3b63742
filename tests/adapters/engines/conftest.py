"""Fixtures for tests of the PostgreSQL queue."""

from collections.abc import AsyncGenerator

import pytest
from tests.adapters.engines.queued import Queued, installed
from tests.databases import apart, empty


@pytest.fixture(scope="session")
def queue_url(postgres: str) -> str:
    """Give the URL of this process's own database, with the queue's tables beside the ledger's."""
    apart(lambda: installed(postgres))
    return postgres


@pytest.fixture
async def queued(queue_url: str) -> AsyncGenerator[Queued]:
    """Give an empty queue beside an empty ledger."""
    async with Queued.at(queue_url) as queued:
        yield queued
        await queued.execute("TRUNCATE pgqueuer, pgqueuer_log, pgqueuer_statistics, done")
        await empty(queued.store)
