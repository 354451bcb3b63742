"""Ticks that find 5,000 due among ever more users, beside a bare driver that says the same to the database."""

import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.proof.figures import Figure

from benchmarks.drivers import Driver
from benchmarks.measure import at_most, ratio, spread, told
from benchmarks.people import NOW, add_users
from benchmarks.places import Place, kinds, place
from benchmarks.sizes import Sizes
from benchmarks.stopwatch import nowhere, timed
from benchmarks.tape import Tape, taping
from reflecta.adapters.engines.local import LocalEngine
from reflecta.adapters.engines.pgqueue import PgQueue
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.telemetry import LogTelemetry
from reflecta.application.ports import Engine
from reflecta.application.tick import Tick
from reflecta.domain.schedule import LOOKAHEAD
from reflecta.testing import FakeClock

_PAGE: Final = 500
_KEEP_DUE: Final = "CREATE TABLE bench_due AS SELECT id, next_due_at FROM users WHERE enabled AND next_due_at <= {now}"
_REWIND: Final = (
    "DELETE FROM occasions",
    "DELETE FROM ticks",
    "UPDATE users SET next_due_at = bench_due.next_due_at FROM bench_due WHERE bench_due.id = users.id",
)
_REWIND_QUEUE: Final = ("DELETE FROM pgqueuer", "DELETE FROM pgqueuer_log", "VACUUM users", "VACUUM occasions")


@dataclass(slots=True)
class _Town:
    """A database of so many users, opened both ways, and the times measured there."""

    kind: str
    users: int
    store: SqlStore
    driver: Driver
    tick: Tick
    tape: Tape = field(default_factory=Tape)
    due_tape: Tape = field(default_factory=Tape)
    ticks: list[float] = field(default_factory=list[float])
    tick_floors: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    dues: list[float] = field(default_factory=list[float])
    due_floors: list[float] = field(default_factory=list[float])

    async def rewind(self) -> None:
        """Make the same users due again."""
        for statement in (*_REWIND, *(_REWIND_QUEUE if self.kind == "postgresql" else ())):
            await self.driver.run(statement)

    async def look(self) -> None:
        """Ask who is due."""
        await self.store.due(NOW + LOOKAHEAD, _PAGE)


async def measure(sizes: Sizes) -> dict[str, Figure]:
    """Tick at every size on every store."""
    figures: dict[str, Figure] = {}
    for kind in kinds():
        async with AsyncExitStack() as stack:
            towns = [await stack.enter_async_context(_town(kind, users, sizes.due)) for users in sizes.users]
            await _look_at(towns, sizes.reads)
            for town in towns:
                await _tick_at(town, sizes.rounds)
            for town in towns:
                figures |= _figures(town, sizes.due)
            figures |= _growth(kind, towns)
    return figures


@asynccontextmanager
async def _town(kind: str, users: int, due: int) -> AsyncGenerator[_Town]:
    async with AsyncExitStack() as stack:
        there: Place = stack.enter_context(place(kind))
        store = await stack.enter_async_context(there.store())
        driver = await stack.enter_async_context(there.driver())
        await add_users(store, users, due=due)
        await driver.run(_KEEP_DUE.format(now=int(NOW.timestamp() * 1000)))
        await driver.run("ANALYZE" if kind == "sqlite" else "VACUUM ANALYZE")
        clock = FakeClock(NOW)
        telemetry = LogTelemetry(clock=clock, format="json", stream=stack.enter_context(nowhere()))
        engine: Engine = LocalEngine(_nothing, telemetry)
        if kind == "postgresql":
            queue = PgQueue(there.url, telemetry)
            stack.push_async_callback(queue.aclose)
            await queue.install()
            store.enlist, engine = queue.enlist, queue
        tick = Tick(store=store, engine=engine, clock=clock, telemetry=telemetry, draw=lambda: 0.5)
        yield _Town(kind, users, store, driver, tick)


async def _nothing(_occasion_id: str) -> None:
    return


async def _look_at(towns: list[_Town], reads: int) -> None:
    """Ask in turns, so that what else the machine does falls on every size alike."""
    for town in towns:
        with taping() as town.due_tape:
            await town.look()
        for _ in range(5):
            await town.look()
    for _ in range(reads):
        for town in towns:
            town.dues.append(await timed(town.look()))
            town.due_floors.append(await timed(town.driver.play(town.due_tape.steps)))


async def _tick_at(town: _Town, rounds: int) -> None:
    enlist = town.store.enlist
    with taping() as town.tape:
        town.store.enlist = town.tape.listen(enlist) if enlist else None
        await town.tick()
    town.store.enlist = enlist
    for _ in range(rounds):
        await town.rewind()
        began = time.process_time()
        town.ticks.append(await timed(town.tick()))
        town.cpu.append(time.process_time() - began)
        await town.rewind()
        town.tick_floors.append(await timed(town.driver.play(town.tape.steps)))


def _figures(town: _Town, due: int) -> dict[str, Figure]:
    name = f"{town.kind}_{town.users}"
    p50, p95 = spread(town.dues)
    floor, _ = spread(town.due_floors)
    return {
        f"ratio_tick_{name}": told(ratio(town.ticks, town.tick_floors), len(town.ticks)),
        f"seconds_tick_{name}": at_most(statistics.median(town.ticks), 1, due),
        f"cpu_seconds_tick_{name}": told(statistics.median(town.cpu), due),
        f"seconds_tick_{name}_floor": told(statistics.median(town.tick_floors), due),
        f"ms_due_query_{name}_p50": told(p50, len(town.dues)),
        f"ms_due_query_{name}_p95": told(p95, len(town.dues)),
        f"ms_due_query_{name}_floor_p50": told(floor, len(town.due_floors)),
    }


def _growth(kind: str, towns: list[_Town]) -> dict[str, Figure]:
    """Compare the quickest tenth: what else the machine does only adds to a time, and to all sizes by chance."""
    first = towns[0]
    return {
        f"growth_due_query_{kind}_{first.users}_to_{town.users}": at_most(
            _quick(town.dues) / _quick(first.dues), 1.5, len(town.dues)
        )
        for town in towns[1:]
    }


def _quick(seconds: list[float]) -> float:
    return statistics.median(sorted(seconds)[: len(seconds) // 10 + 1])
