"""The whole service on a database in memory, under a clock that stands, with a channel that only takes note.

What was sent is read from the database and from the channel, never from what the service says it did.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from reflecta.application.ports import Model
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, load
from reflecta.domain.model import Attempt, Delivery, Draft, Entry, Occasion, OccasionState
from reflecta.testing import FakeClock, RecordingTelemetry

_SEED: Final = 7
_AT_ONCE: Final = timedelta(0)


@dataclass(slots=True)
class Notebook:
    """A channel that takes every push and keeps it in *pushed*."""

    name: str = "expo"
    batch_size: int = 100
    pushed: list[Delivery] = field(default_factory=list[Delivery])

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """See the port."""
        self.pushed += deliveries
        return [Result(kind=ResultKind.ACCEPTED)] * len(deliveries)

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        """See the port."""
        return [Result(kind=ResultKind.DELIVERED)] * len(tickets)

    async def aclose(self) -> None:
        """Hold no connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message as it stands in the database: the attempt, the journal entry and the pushes of an occasion."""

    occasion: Occasion
    attempt: Attempt
    draft: Draft
    at: datetime
    entry: Entry
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running service with its clock and its channel."""

    service: Service
    clock: FakeClock
    notebook: Notebook

    async def work(self) -> None:
        """Tick, work on all that waits, push."""
        engine = self.service.local
        assert engine is not None  # noqa: S101 - it was opened with this one
        await engine.start()
        try:
            await self.service.tick()
            await engine.drain()
            await replace(self.service.deliver, channels={self.notebook.name: self.notebook}).drain()
        finally:
            await engine.stop(_AT_ONCE)

    async def occasions(self, user_id: str) -> Sequence[Occasion]:
        """Give a user's occasions, the newest first."""
        return await self.service.store.occasions(user_id=user_id, limit=1000)

    async def sent(self, user_id: str) -> Sequence[Sent]:
        """Give the messages of a user, the newest first."""
        found = [await self._sent(each) for each in await self.occasions(user_id) if each.state is OccasionState.SENT]
        return [each for each in found if each is not None]

    async def _sent(self, occasion: Occasion) -> Sent | None:
        told = await self.service.store.explanation(occasion.id)
        if told is None or told.sent_at is None or told.journal_entry_id is None:
            return None
        entry = await self.service.store.entry(told.journal_entry_id)
        last = told.attempts[-1]
        if entry is None or last.draft is None:
            return None
        return Sent(
            occasion=told.occasion,
            attempt=last,
            draft=last.draft,
            at=told.sent_at,
            entry=entry,
            deliveries=told.deliveries,
        )


@asynccontextmanager
async def open_stage(model: Model | None, *, at: datetime, **settings: object) -> AsyncGenerator[Stage]:
    """Open the service; without a *model* the composer writes. The default settings hold but for those given."""
    clock = FakeClock(at)
    alone: dict[str, object] = {
        "database_url": "sqlite://",
        "engine": EngineName.LOCAL,
        "channel": ChannelName.EXPO,
        "migrate": True,
    }
    async with open_service(
        load().model_copy(update=alone | settings),
        clock=clock,
        telemetry=RecordingTelemetry(),
        random_source=random.Random(_SEED),  # noqa: S311 - chance that can be repeated, not secrets
        model=model,
        with_models=False,
    ) as service:
        yield Stage(service=service, clock=clock, notebook=Notebook())
