"""The jobs of a long-running process, each for as long as its block runs: ticks, work, pushes.

They are entered in the order of the work's way and left in the opposite one, so that what is in hand can finish.
"""

import asyncio
import ctypes
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Final

from reflecta.adapters.engines.local import LocalEngine
from reflecta.bootstrap import Service
from reflecta.domain.errors import StoreUnavailable
from reflecta.entrypoints.api.errors import place_of
from reflecta.entrypoints.api.runs import run_tick

# How often a worker without a queue looks into the ledger. A tick elsewhere makes occasions once a minute at most.
_LOOK_EVERY: Final = 2.0
_FLUSH_AT_LEAST: Final = 2.0  # seconds, for pushes of messages that were committed at the very end


class Grace:
    """Counts down the time that work in hand may take; it begins with the first stop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at: float | None = None

    def begin(self) -> None:
        """Start to count, once."""
        if self._ends_at is None:
            self._ends_at = asyncio.get_running_loop().time() + self._seconds

    def left(self) -> timedelta:
        """Give what is left."""
        self.begin()
        assert self._ends_at is not None  # noqa: S101 - begun
        return timedelta(seconds=max(0.0, self._ends_at - asyncio.get_running_loop().time()))


@asynccontextmanager
async def background(
    run: Callable[[asyncio.Event], Awaitable[None]], grace: Grace | None = None
) -> AsyncGenerator[None]:
    """Run a job that ends when its event is set, or is cancelled after the *grace*; its failure ends the block."""
    stop = asyncio.Event()

    async def job() -> None:
        await run(stop)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(job())
        try:
            yield
        finally:
            stop.set()
            if grace is not None:
                asyncio.get_running_loop().call_later(grace.left().total_seconds(), task.cancel)


@asynccontextmanager
async def delivering(service: Service, grace: Grace) -> AsyncGenerator[None]:
    """Send pushes; at the end what was committed last leaves too, as far as time allows."""
    async with background(service.deliver.run):
        yield
    left = max(grace.left().total_seconds(), _FLUSH_AT_LEAST)
    with suppress(TimeoutError, StoreUnavailable):  # the outbox keeps what did not leave
        async with asyncio.timeout(left):
            await service.deliver.drain()


@asynccontextmanager
async def working(service: Service, grace: Grace) -> AsyncGenerator[None]:
    """Work on occasions with the engine that works in this process, if one does."""
    async with AsyncExitStack() as stack:
        stack.enter_context(ready(service))
        if service.local is not None:
            await stack.enter_async_context(_local(service.local, grace))
        if service.queue is not None:
            await stack.enter_async_context(background(lambda stop: _from_queue(service, stop)))
        yield


@contextmanager
def ready(service: Service) -> Generator[None]:
    """Load what the first message would be kept waiting for; the garbage collector passes over what is loaded then.

    Looking through the half a million objects of the rules for cycles takes 0.15 s each time: a tenth of all CPU.
    """
    service.process.screen.prepare()
    gc.collect()
    _give_back()
    gc.freeze()
    gc.collect()  # how much is left tells when to look again
    try:
        yield
    finally:
        gc.unfreeze()


def _give_back() -> None:
    """Give the system what reading the rules took and left free, some 10 MB; glibc alone keeps it."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


@asynccontextmanager
async def _local(engine: LocalEngine, grace: Grace) -> AsyncGenerator[None]:
    await engine.start()
    try:
        yield
    finally:
        await engine.stop(grace.left())


async def _from_queue(service: Service, stop: asyncio.Event) -> None:
    assert service.queue is not None  # noqa: S101 - the caller looked

    async def work(occasion_id: str) -> None:
        await service.process(occasion_id)

    settings = service.settings
    await service.queue.run(work, stop, concurrency=settings.concurrency, grace=timedelta(seconds=settings.grace))


@asynccontextmanager
async def ticking(service: Service, grace: Grace) -> AsyncGenerator[None]:
    """Tick at once and then every `tick_every`; a tick that fails does not end the next."""

    async def tick() -> None:
        await run_tick(service)

    async with background(lambda stop: _every(service.settings.tick_every, tick, stop, service), grace):
        yield


@asynccontextmanager
async def looking(service: Service, grace: Grace) -> AsyncGenerator[None]:
    """Look into the ledger for what a tick elsewhere left queued: for a worker without a queue."""
    async with background(lambda stop: _every(_LOOK_EVERY, service.tick.sweep, stop, service), grace):
        yield


async def _every(seconds: float, work: Callable[[], Awaitable[None]], stop: asyncio.Event, service: Service) -> None:
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        again_at = loop.time() + seconds
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - an outage or a fault of one turn; the next finds everything again
            kind, place = type(error).__name__, place_of(error)
            service.telemetry.event("request.failed", route="tick", error=kind, detail=place)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(again_at):
                await stop.wait()
