"""Lives a small life of the service in memory when imported, so that what is forked from here need not warm up.

What is loaded late or worked out once (drivers, templates, schemas of the settings) is then there for all.
"""

import asyncio
import gc
from datetime import UTC, datetime
from importlib import import_module

from tests.builders import a_call
from tests.proof.world import due_lines

from reflecta.adapters.documents import parse_line
from reflecta.application.importing import Import
from reflecta.application.ports import Completion
from reflecta.bootstrap import open_service
from reflecta.config import ChannelName, load
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock, RecordingTelemetry, answer

_LOADED_LATE = (
    "reflecta.adapters.engines.pgqueue",
    "reflecta.adapters.stores.firestore",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "tests.proof.boundaries",  # with what it imports: all that is run in a fork
)


class _Model:
    """Answers at once, and well."""

    async def complete(self, question: Question) -> Completion:
        return Completion(text=answer(question, 1), call=a_call(purpose=question.purpose))

    async def aclose(self) -> None:
        """Nothing is open."""


async def _rehearse() -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    changed = {"database_url": "sqlite://", "channel": ChannelName.LOG, "likeness": False}
    settings = load().model_copy(update=changed)
    async with open_service(settings, clock=FakeClock(now), telemetry=RecordingTelemetry(), model=_Model()) as service:
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
