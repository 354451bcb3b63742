"""Lives a small life of the service in memory when imported, so that what is forked from here need not warm up.

What is loaded late or worked out once (drivers, templates, schemas of the settings) is then there for all.
"""

import asyncio
import gc
from datetime import UTC, datetime
from importlib import import_module

from tests.proof.world import due_lines

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import
from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, load
from reflecta.testing import FakeClock, RecordingTelemetry

_LOADED_LATE = (
    "reflecta.adapters.engines.pgqueue",
    "reflecta.adapters.stores.firestore",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "tests.proof.boundaries",  # with what it imports: all that is run in a fork
)


async def _rehearse() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    settings = load().model_copy(update={"database_url": "sqlite://", "channel": ChannelName.LOG})
    async with open_service(
        settings, clock=FakeClock(now), telemetry=RecordingTelemetry(), with_models=False
    ) as service:
        importing = Import(ingest=service.ingest, telemetry=service.telemetry, parse=parse_line)
        await importing.run(lambda: enumerate(due_lines("u", 2, now), start=1))
        assert service.local is not None
        await service.local.start()
        await service.tick()
        await service.local.drain()
        await service.deliver.drain()


for name in _LOADED_LATE:
    import_module(name)
asyncio.run(_rehearse())
gc.freeze()  # else each fork's first collection copies all of it
