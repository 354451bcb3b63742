"""One real service on one database, with doubles around it, kept for many examples and emptied between them."""

import asyncio
import random
from collections.abc import Coroutine, Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tests.builders import NOW
from tests.databases import empty, write
from tests.machine.doubles import MoodyChannel, MoodyModel

from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, load
from reflecta.testing import FakeClock, RecordingTelemetry

T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """The service and its surroundings, on an event loop of their own. The local engine is never started."""

    runner: asyncio.Runner
    service: Service
    clock: FakeClock
    chance: random.Random
    model: MoodyModel
    channel: MoodyChannel
    telemetry: RecordingTelemetry

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end."""
        return self.runner.run(work)

    def clear(self) -> None:
        """Leave nothing of the last example: no rows, no moods, the same chance."""
        self.run(empty(self.service.store))
        if self.service.queue is not None:
            self.run(write(self.service.store, "DELETE FROM pgqueuer"))
        self.chance.seed(7)
        self.clock.set(NOW)
        self.model.moods.clear()
        self.model.answered.clear()
        self.model.complaints.clear()
        self.model.meanwhile, self.model.passes, self.model.drafts = None, 0, 0
        self.channel.clear()
        self.telemetry.events.clear()


@contextmanager
def on_stage(url: str) -> Generator[Stage]:
    """Open the service on a database; close both at the end."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield runner.run(_open(url, stack, runner))
        finally:
            runner.run(stack.aclose())


async def _open(url: str, stack: AsyncExitStack, runner: asyncio.Runner) -> Stage:
    clock, chance, telemetry = FakeClock(NOW), random.Random(7), RecordingTelemetry()
    model = MoodyModel(clock, canary_of=str, reader=lambda _: None)
    channel = MoodyChannel(witness=lambda _: None, on_gone=lambda _: None)
    # The nearest of all addresses, at which nobody listens: the double takes the channel's place.
    changes = {"database_url": url, "channel": ChannelName.EXPO, "expo_base_url": "http://127.0.0.1:9"}
    if url.startswith("postgresql"):
        changes["engine"] = EngineName.PGQUEUER
    settings = load().model_copy(update=changes)
    service = await stack.enter_async_context(
        open_service(
            settings,
            clock=clock,
            telemetry=telemetry,
            random_source=chance,
            model=model,
            with_models=False,
        )
    )
    deliver = replace(service.deliver, channels={channel.name: channel})
    return Stage(runner, replace(service, deliver=deliver), clock, chance, model, channel, telemetry)
