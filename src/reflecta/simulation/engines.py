"""The engines beside virtual time: the local one on the virtual loop, the others on a real loop in a thread.

What a queue or a call brings comes back to the virtual loop and is worked on there. Virtual time stands still until
all that a tick handed over has arrived, so that no message is late because a socket was slow.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from reflecta.adapters.engines.crew import Work
from reflecta.adapters.engines.local import LocalEngine
from reflecta.application.ports import Engine, Telemetry
from reflecta.bootstrap import Service
from reflecta.config import EngineName
from reflecta.simulation.virtual import VirtualLoop, standing_still, this_loop

if TYPE_CHECKING:
    from aiohttp import web
    from pgqueuer.ports.driver import Driver

    from reflecta.adapters.engines.http import HttpEngine

T = TypeVar("T")

# Neither engine is to give up by the real clock.
_FOR_EVER: Final = timedelta(days=1)
_LOOK_EVERY: Final = 0.005  # real seconds
_PATIENCE: Final = 60.0  # real seconds
_SECRET: Final = "simulated"  # noqa: S105 - opens a processor on loopback for as long as a simulation runs


class Carrier(Protocol):
    """Brings what a tick hands to *engine* to the work."""

    @property
    def engine(self) -> Engine:
        """What the tick hands occasions to."""
        ...

    async def ready(self) -> None:
        """Prepare for a tick."""
        ...

    async def carried(self) -> None:
        """Return when what the tick handed over is at work or waits for a place."""
        ...

    async def drain(self) -> None:
        """Wait until all is done."""
        ...


@asynccontextmanager
async def carrier(name: EngineName, service: Service, work: Work) -> AsyncGenerator[Carrier]:
    """Open an engine for as long as the block runs."""
    match name:
        case EngineName.LOCAL:
            made = _local(service, work)
        case EngineName.PGQUEUER:
            made = _by_queue(service, work)
        case EngineName.HTTP:
            made = _by_http(service, work)
    async with made as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class _Local:
    engine: LocalEngine

    async def ready(self) -> None:
        """Nothing is in the way."""

    async def carried(self) -> None:
        """Do nothing: it is where it is worked on."""

    async def drain(self) -> None:
        await self.engine.drain()


@asynccontextmanager
async def _local(service: Service, work: Work) -> AsyncGenerator[Carrier]:
    engine = LocalEngine(work, service.telemetry, concurrency=service.settings.concurrency)
    await engine.start()
    yield _Local(engine)
    await engine.stop(timedelta())


class _Outside:
    """A thread with an event loop of its own, in real time."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="reflecta-engine", daemon=True)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run there and wait, while virtual time stands still."""
        with standing_still():
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def aclose(self) -> None:
        """End what still runs there, and the thread."""
        await self.run(_end_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@dataclass(slots=True, kw_only=True)
class _Gate:
    """Where occasions come in from outside. *places* of them are worked on at once."""

    work: Work
    loop: VirtualLoop
    places: asyncio.Semaphore
    in_hand: set[str] = field(default_factory=set[str])
    has_finished: bool = False
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def bring(self, occasion_id: str) -> None:
        """Work on one, from the thread outside."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.enter(occasion_id), self.loop))

    async def enter(self, occasion_id: str) -> None:
        self.in_hand.add(occasion_id)
        self.idle.clear()
        try:
            async with self.places:
                await self.work(occasion_id)
        finally:
            self.in_hand.discard(occasion_id)
            self.has_finished = True
            if not self.in_hand:
                self.idle.set()

    async def emptied(self) -> None:
        if self.in_hand:
            await self.idle.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ByQueue:
    """pgqueuer: the tick enqueues with its transactions, a worker in a thread takes everything at once."""

    engine: Engine
    queue: "Driver"
    gate: _Gate
    outside: _Outside

    async def ready(self) -> None:
        # What is done must have left the queue: an id that is still there would not be queued again.
        if self.gate.has_finished:
            self.gate.has_finished = False
            await self.carried()

    async def carried(self) -> None:
        await self.outside.run(self._settle())

    async def drain(self) -> None:
        await self.gate.emptied()
        await self.carried()

    async def _settle(self) -> None:
        from reflecta.adapters.engines.pgconnect import NAMES  # noqa: PLC0415 - see _by_queue

        until = monotonic() + _PATIENCE
        while monotonic() < until:
            rows = await self.queue.fetch(f"SELECT payload FROM {NAMES.queue_table}")  # noqa: S608 - a name of its own
            if {cast("bytes", row["payload"]).decode() for row in rows} == self.gate.in_hand:
                return
            await asyncio.sleep(_LOOK_EVERY)
        raise RuntimeError(f"the queue and its worker disagree for {_PATIENCE:.0f} seconds; look at its log")


@asynccontextmanager
async def _by_queue(service: Service, work: Work) -> AsyncGenerator[Carrier]:
    # Half a second, only where it is chosen.
    from reflecta.adapters.engines.pgconnect import arguments, one_connection  # noqa: PLC0415
    from reflecta.adapters.engines.pgqueue import PgQueue  # noqa: PLC0415

    settings, outside, stop = service.settings, _Outside(), asyncio.Event()
    gate = _Gate(work=work, loop=this_loop(), places=asyncio.Semaphore(settings.concurrency))
    worker = PgQueue(settings.database_url, service.telemetry)
    connection = one_connection(arguments(settings.database_url))

    async def serve() -> None:
        # All ids are taken as they come and wait at the gate: a worker's own limit would be in real time.
        await worker.run(gate.bring, stop, concurrency=100_000, batch_size=500)

    queue = await outside.run(connection.__aenter__())
    running = asyncio.run_coroutine_threadsafe(serve(), outside.loop)
    try:
        yield _ByQueue(engine=service.engine, queue=queue, gate=gate, outside=outside)
    finally:
        outside.loop.call_soon_threadsafe(stop.set)
        with standing_still():
            await asyncio.wrap_future(running)
        await outside.run(connection.__aexit__(None, None, None))
        await outside.aclose()


@dataclass(kw_only=True)
class _ByHttp:
    """The http engine: as many calls at once as the settings say, to a processor on loopback.

    Of those that were handed over and are not done, so many must have arrived as there are places; until then
    virtual time is held.
    """

    gate: _Gate
    outside: _Outside
    telemetry: Telemetry
    places: int
    engine: Engine = field(init=False)
    _calling: "HttpEngine" = field(init=False)
    _runner: "web.AppRunner" = field(init=False)
    _given: set[str] = field(default_factory=set[str])
    _arrived: set[str] = field(default_factory=set[str])
    _is_held: bool = False

    def __post_init__(self) -> None:
        self.engine = self

    async def open(self) -> None:
        """Begin to answer at a free port and make the engine that calls there."""
        from reflecta.adapters.engines.http import HttpEngine  # noqa: PLC0415 - aiohttp takes half a second

        port = await self.outside.run(self._listen())
        self._calling = HttpEngine(
            f"http://127.0.0.1:{port}/processor",
            _SECRET,
            self.telemetry,
            concurrency=self.places,
            time_limit=_FOR_EVER,
            request_timeout=_FOR_EVER,
        )

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        """See the port."""
        self._given.update(occasion_ids)
        self._hold_or_not()
        await self.outside.run(self._calling.enqueue(occasion_ids))

    async def ready(self) -> None:
        """End the last round: whom it has not called is still queued, and this tick's sweep finds them."""
        await self.outside.run(self._calling.aclose())
        self._given.clear()
        self._arrived.clear()
        self._hold_or_not()

    async def carried(self) -> None:
        """Do nothing: the hold sees to it."""

    async def drain(self) -> None:
        await self.gate.emptied()
        await self.outside.run(self._calling.drain())

    async def _enter(self, occasion_id: str) -> None:
        self._arrived.add(occasion_id)
        self._hold_or_not()
        try:
            await self.gate.enter(occasion_id)
        finally:
            self._given.discard(occasion_id)
            self._arrived.discard(occasion_id)
            self._hold_or_not()

    def _hold_or_not(self) -> None:
        is_lacking = len(self._arrived & self._given) < min(self.places, len(self._given))
        if is_lacking and not self._is_held:
            self.gate.loop.hold()
        elif self._is_held and not is_lacking:
            self.gate.loop.release()
        self._is_held = is_lacking

    async def _listen(self) -> int:
        from aiohttp import web  # noqa: PLC0415 - half a second

        async def process(request: "web.Request") -> "web.Response":
            document = await request.json()
            arriving = asyncio.run_coroutine_threadsafe(self._enter(document["occasionId"]), self.gate.loop)
            await asyncio.wrap_future(arriving)
            return web.json_response({"success": True})

        application = web.Application()
        application.router.add_post("/processor", process)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def aclose(self) -> None:
        """Stop to call and to answer."""
        await self.outside.run(self._calling.aclose())
        await self.outside.run(self._runner.cleanup())


@asynccontextmanager
async def _by_http(service: Service, work: Work) -> AsyncGenerator[Carrier]:
    outside, places = _Outside(), service.settings.concurrency
    # The caller's limit is the one that counts; a processor takes whatever comes.
    gate = _Gate(work=work, loop=this_loop(), places=asyncio.Semaphore(2**31))
    by_http = _ByHttp(gate=gate, outside=outside, telemetry=service.telemetry, places=places)
    await by_http.open()
    try:
        yield by_http
    finally:
        with suppress(asyncio.CancelledError):
            await by_http.aclose()
        await outside.aclose()
