"""One process of the service, to be killed.

Run as ``python -m tests.proof.victim MODEL_URL`` it ticks, works and delivers until it is told to stop; settings come
from the environment as usual. `live` is the same for a warm process, `live_once` does a job from its tick to its
receipts and ends, or dies at one of its boundaries.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import aiohttp
import sqlalchemy as sa
from tests.databases import sql
from tests.proof.dying import Fate, Place, watch

from reflecta.adapters.clock import SystemClock
from reflecta.application.ports import Completion, Telemetry
from reflecta.bootstrap import Service, open_service
from reflecta.config import load
from reflecta.domain.errors import ModelUnavailable, StoreUnavailable
from reflecta.domain.model import Call, OccasionState
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock

RECEIPTS_AFTER = timedelta(minutes=16)
_ENDINGS = frozenset(f"occasion.{state.value}" for state in OccasionState) - {"occasion.queued"}
_HEARTBEAT = timedelta(seconds=2)
_PATIENT_HEARTBEAT = timedelta(seconds=30)


def _unwatched(_name: str) -> None:
    """Take no notice of a boundary."""


@dataclass
class WireModel:
    """Asks the world outside."""

    url: str
    passes: Callable[[str], None] = _unwatched
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def complete(self, question: Question) -> Completion:
        session = self._session = self._session or aiohttp.ClientSession()
        at = SystemClock().now()
        purpose = question.purpose.value
        asked = {"purpose": purpose, "user": question.context.user_id, "content": question.content}
        self.passes(f"model {purpose}: before the request")
        try:
            async with session.post(f"{self.url}/complete", json=asked) as response:
                answer = await response.json()
        except aiohttp.ClientError as error:
            raise ModelUnavailable(type(error).__name__) from error
        self.passes(f"model {purpose}: after the answer")
        call = Call(purpose=question.purpose, model="wire", prompt_version=question.prompt_version, at=at, latency=0.1)
        return Completion(text=answer["text"], call=call)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class Endings:
    """Telemetry that remembers which occasions have their outcome."""

    def __init__(self) -> None:
        self.ended: set[object] = set()

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Keep the id of one that has ended."""
        if name in _ENDINGS:
            self.ended.add(values["occasion_id"])


class Hands:
    """Telemetry that says how many occasions are in hand, each time that this changes."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell
        self._held: set[object] = set()

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Keep count."""
        before = len(self._held)
        if name == "occasion.started":
            self._held.add(values["occasion_id"])
        elif name == "lease.lost" or (name.startswith("occasion.") and name != "occasion.queued"):
            self._held.discard(values["occasion_id"])
        if len(self._held) != before:
            self._tell(len(self._held))


def live(said: Connection, environment: Mapping[str, str], model_url: str) -> None:
    """Live until told to stop; say "ready" once, and from then on how many occasions are in hand."""
    os.environ.update(environment)
    hands = Hands(lambda count: said.send_bytes(str(count).encode()))
    asyncio.run(main(model_url, telemetry=hands, ready=lambda: said.send_bytes(b"ready")))


def live_once(
    _said: Connection,
    environment: Mapping[str, str],
    model_url: str,
    at: datetime,
    die_at: Place | None,
    passed: Path,
    *,
    together: bool = False,
) -> None:
    """Do once whatever there is to do at *at*; the file *passed* tells each boundary on the way.

    Work begins when the tick has ended, or *together* with it.
    """
    os.environ.update(environment)
    with passed.open("ab", buffering=0) as file:  # written at once: what dies next cannot take it back
        fate = Fate(tell=lambda name: file.write(f"{name}\n".encode()), die_at=die_at)
        watch(fate)
        asyncio.run(_once(WireModel(model_url, fate.passes), FakeClock(at), together=together))


async def main(
    model_url: str,
    *,
    telemetry: Telemetry | None = None,
    ready: Callable[[], None] = lambda: print("ready", flush=True),
) -> None:
    settings = load()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        open_service(settings, model=WireModel(model_url), telemetry=telemetry) as service,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(service.deliver.run(stop))
        if service.queue is not None:
            tasks.create_task(_work_queue(service, stop, _HEARTBEAT))
        if service.local is not None:
            await service.local.start()
        ready()
        while not stop.is_set():
            with suppress(StoreUnavailable):
                await service.tick()
            await asyncio.sleep(0.25)
        if service.local is not None:
            await service.local.stop(timedelta(seconds=5))


async def _once(model: WireModel, clock: FakeClock, *, together: bool) -> None:
    """Tick, work until nothing waits, deliver, and ask for receipts when they are due."""
    endings = Endings()
    async with open_service(load(), clock=clock, telemetry=endings, model=model) as service:
        if service.local is not None and together:
            await service.local.start()
        await service.tick()
        if service.local is None:
            await _work_queue_off(service, endings)
        else:
            await service.local.start()
            await service.tick.sweep()
            await service.local.drain()
        await service.deliver.drain()
        clock.advance(RECEIPTS_AFTER)
        await service.deliver.collect_receipts()


async def _work_queue_off(service: Service, endings: Endings) -> None:
    """Work until what is queued now has ended; what another has leased is not waited for."""
    queued = await sql(service.store).database.read(watch_the_ledger)
    stop = asyncio.Event()
    working = asyncio.create_task(_work_queue(service, stop, _PATIENT_HEARTBEAT))
    while queued - endings.ended and not working.done():  # noqa: ASYNC110 - telemetry only tells
        await asyncio.sleep(0.005)
    stop.set()
    await working


def watch_the_ledger(connection: sa.Connection) -> set[str]:
    """Give the occasions that wait for a worker."""
    return set(connection.scalars(sa.text("SELECT id FROM occasions WHERE state = 'queued'")))


async def _work_queue(service: Service, stop: asyncio.Event, heartbeat: timedelta) -> None:
    async def work(occasion_id: str) -> None:
        await service.process(occasion_id)

    assert service.queue is not None
    await service.queue.run(
        work, stop, heartbeat=heartbeat, poll=timedelta(milliseconds=200), grace=timedelta(seconds=5)
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
