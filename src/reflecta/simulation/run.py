"""Plays a scenario: wires the real service to the doubles, fires the ticks, lets people live, reads the ledger."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from reflecta.adapters.models import Breaker, Fallback, Limited, Limits, Retrying
from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.deliver import Deliver
from reflecta.application.ports import Model
from reflecta.application.tick import Tick
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Environment, Settings, seconds
from reflecta.domain.errors import StoreUnavailable
from reflecta.domain.model import Address, User
from reflecta.simulation import people
from reflecta.simulation.audit import audit
from reflecta.simulation.chance import Own, begin_work
from reflecta.simulation.database import MEMORY, Door, put_behind, require_empty
from reflecta.simulation.doubles import PUSH, ByPurpose, SimulatedChannel, SimulatedModel
from reflecta.simulation.effects import DAY, HOUR, MICROSECONDS, Log
from reflecta.simulation.engines import Carrier, carrier
from reflecta.simulation.ledger import Ledger
from reflecta.simulation.life import Life
from reflecta.simulation.load import measure
from reflecta.simulation.people import Population
from reflecta.simulation.report import Report
from reflecta.simulation.scenario import Scenario, is_down
from reflecta.simulation.virtual import VirtualClock, run_virtually, standing_still, this_loop

# Deliver's own pauses are for a service that waits for other processes; here every message rings.
_SELDOM: Final = timedelta(hours=6)
_RECEIPTS_EVERY: Final = timedelta(hours=1)


class _Silence:
    """Keeps the events out of the picture; the effects tell everything."""

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Hear nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Where everything plays."""

    scenario: Scenario
    settings: Settings
    engine: EngineName
    clock: VirtualClock
    log: Log
    telemetry: _Silence
    tell: Callable[[float], None]
    asked: Counter[str] = field(default_factory=Counter[str])


def _tell_nobody(_days: float) -> None:
    """Keep it quiet."""


def simulate(
    scenario: Scenario,
    settings: Settings,
    start: datetime,
    *,
    users: Path | None = None,
    database_url: str = MEMORY,
    engine: EngineName = EngineName.LOCAL,
    tell: Callable[[float], None] = _tell_nobody,
) -> Report:
    """Simulate, audit and measure.

    *users* is an export (import JSON lines) to take in place of made-up people. The database must be empty, else
    InvalidInput; what is written stays there. *tell* hears from tick to tick how many days are done.
    """
    began, cpu = perf_counter(), process_time()
    require_empty(database_url)
    scale = _scale(scenario, users)
    stage = _Stage(
        scenario=scenario,
        settings=_settings(settings, scale, database_url, engine),
        engine=engine,
        clock=VirtualClock(start),
        log=Log(),
        telemetry=_Silence(),
        tell=tell,
    )
    population = run_virtually(_play(stage, users))
    effects = stage.log.ordered()
    return Report(
        scenario=scenario,
        start=start,
        users_file=users,
        database_url=database_url,
        engine=engine,
        population=population,
        limits=_limits(settings, stage.settings, population.scale),
        findings=audit(effects, start, scenario.days * DAY),
        load=measure(effects, scenario.days),
        effects=effects,
        took=perf_counter() - began,
        cpu=process_time() - cpu,
    )


def _scale(scenario: Scenario, users: Path | None) -> float:
    """Give how many users one stands for."""
    size = scenario.size if users is None else people.count(users)
    return max(1.0, size / scenario.sample)


def _settings(settings: Settings, scale: float, database_url: str, engine: EngineName) -> Settings:
    """Take the operator's settings, but no service; a sample gets its share of every limit."""
    per_minute = settings.model_requests_per_minute
    return settings.model_copy(
        update={
            "env": Environment.DEVELOPMENT,
            "database_url": database_url,
            # The queue has its tables in the database; who calls by HTTP is set up beside the service.
            "engine": EngineName.PGQUEUER if engine is EngineName.PGQUEUER else EngineName.LOCAL,
            "channel": ChannelName.LOG,
            "migrate": True,
            "concurrency": _share(settings.concurrency, scale),
            "model_concurrency": _share(settings.model_concurrency, scale),
            "model_requests_per_minute": None if per_minute is None else _share(per_minute, scale),
        }
    )


def _share(limit: int, scale: float) -> int:
    return max(1, round(limit / scale))


def _limits(given: Settings, used: Settings, scale: float) -> dict[str, tuple[int, float]]:
    """Give each limit as set and as it was in effect simulated."""
    found = {
        "concurrency": (given.concurrency, used.concurrency * scale),
        "model_concurrency": (given.model_concurrency, used.model_concurrency * scale),
    }
    if given.model_requests_per_minute and used.model_requests_per_minute:
        found["model_requests_per_minute"] = (given.model_requests_per_minute, used.model_requests_per_minute * scale)
    return found


async def _play(stage: _Stage, users: Path | None) -> Population:
    door = Door(outages=stage.scenario.database.outages, clock=stage.clock)
    async with _opened(stage) as service:
        store = service.store
        assert isinstance(store, SqlStore)  # noqa: S101 - `require_empty` took no other URL
        await put_behind(door, store, pool_size=stage.settings.database_pool)
        if users is None:
            population = await people.make_up(service, stage.scenario, stage.clock.start)
        else:
            population = await people.bring_in(service, stage.scenario, users)
        door.is_watched = True
        await _go_on(stage, service, population.users)
        door.is_watched = False
        ledger = Ledger(database=store.database, start=stage.clock.start, end=stage.scenario.days * DAY)
        stage.log.extend(await ledger.effects())
        return population


@asynccontextmanager
async def _opened(stage: _Stage) -> AsyncGenerator[Service]:
    """Open the service, for which a real database may be waited for, and close it."""
    if stage.engine is not EngineName.LOCAL or not stage.settings.database_url.startswith("sqlite"):
        this_loop().watch_sockets()
    async with AsyncExitStack() as stack:
        with standing_still():
            service = await stack.enter_async_context(
                open_service(
                    stage.settings,
                    clock=stage.clock,
                    telemetry=stage.telemetry,
                    random_source=random.Random(stage.scenario.seed),  # noqa: S311 - the same for the same seed
                    model=_model(stage) if stage.scenario.model.writer == "model" else None,
                    with_models=False,
                )
            )
        try:
            yield service
        finally:
            with standing_still():
                await stack.aclose()


def _model(stage: _Stage) -> Model:
    """Give writer and judge, each behind the guards that the service has around its models."""
    settings, limits = (
        stage.settings,
        Limits(concurrency=stage.settings.model_concurrency, per_minute=stage.settings.model_requests_per_minute),
    )

    chance = Own(stage.scenario.seed)

    def guarded(name: str) -> Model:
        double = SimulatedModel(
            name=name,
            world=stage.scenario.model,
            seed=stage.scenario.seed,
            gate=settings.gate,
            timeout=settings.model_timeout,
            clock=stage.clock,
            log=stage.log,
            asked=stage.asked,
        )
        breaker = Breaker(model=double, name=name, clock=stage.clock, telemetry=stage.telemetry)
        return Retrying(
            model=Limited(model=breaker, limits=limits),
            jitter=chance.uniform,
            attempts=settings.model_attempts,
            total=seconds(settings.model_retry_total),
        )

    rest = [guarded(name) for name in settings.fallback_models]
    return ByPurpose(
        writer=Fallback([guarded(settings.generator_model), *rest]),
        judge=Fallback([guarded(settings.judge_model), *rest]),
    )


def _addresses(user: User) -> Sequence[Address]:
    return [Address(channel=PUSH, value=token) for token in user.push.tokens] if user.push.enabled else []


async def _go_on(stage: _Stage, service: Service, users: Sequence[User]) -> None:
    """Run ticks, edits, work and pushes side by side until the last day has ended."""
    life = Life(service=service, scenario=stage.scenario, clock=stage.clock, log=stage.log)
    deliver = _deliver(stage, service, life)
    process = replace(service.process, addresses=_addresses, notify=deliver.wake)

    async def work(occasion_id: str) -> None:
        begin_work(occasion_id)
        await process(occasion_id)

    stop = asyncio.Event()
    _announce_outages(stage)
    life.begin(users)
    async with carrier(stage.engine, service, work) as carried, asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver.run(stop))
        tasks.create_task(life.live(stage.scenario.days * DAY))
        await _fire(stage, service.tick, carried, life)
        await carried.drain()
        stop.set()
    with suppress(StoreUnavailable):  # out to the very end
        await deliver.drain()


def _deliver(stage: _Stage, service: Service, life: Life) -> Deliver:
    channel = SimulatedChannel(
        world=stage.scenario.push,
        seed=stage.scenario.seed,
        clock=stage.clock,
        log=stage.log,
        taken=life.push_taken,
        gone=life.device_gone,
    )
    return Deliver(
        store=service.store,
        channels={PUSH: channel},
        sending_lease=service.deliver.sending_lease,
        clock=stage.clock,
        telemetry=stage.telemetry,
        poll=_SELDOM,
        receipt_poll=_RECEIPTS_EVERY,
    )


def _announce_outages(stage: _Stage) -> None:
    """Note when the database is out, for the audit."""
    for outage in stage.scenario.database.outages:
        at = round(outage.from_hour * HOUR)
        stage.log.add(at, "", "database.out", until=at + round(outage.hours * HOUR))


async def _fire(stage: _Stage, tick: Tick, carried: Carrier, life: Life) -> None:
    """Tick at every beat of the cron that is not out."""
    cron, end = stage.scenario.cron, stage.scenario.days * DAY
    for beat in range(0, end, cron.every_minutes * 60 * MICROSECONDS):
        await stage.clock.sleep_until(beat + round(cron.delay_seconds * MICROSECONDS))
        stage.tell(beat / DAY)
        await life.arrive()
        if is_down(cron.outages, beat):
            stage.log.add(stage.clock.elapsed(), "", "tick.missed", why="the cron was out")
            continue
        with standing_still():
            await carried.ready()
            # All ticks of a beat draw the same: first due times do not depend on which of them comes first.
            chances = [random.Random(f"{stage.scenario.seed} {beat}") for _ in range(cron.overlap)]  # noqa: S311 - seeded
            ticks = [replace(tick, engine=carried.engine, draw=chance.random) for chance in chances]
            await asyncio.gather(*(_tick(stage, each) for each in ticks))
            await carried.carried()
    stage.tell(stage.scenario.days)


async def _tick(stage: _Stage, tick: Tick) -> None:
    try:
        report = await tick()
    except StoreUnavailable:
        stage.log.add(stage.clock.elapsed(), "", "tick.missed", why="the database was out")
        return
    stage.log.add(
        stage.clock.elapsed(),
        "",
        "tick",
        due=report.users_due,
        jobs=report.jobs_created,
        rescheduled=report.users_rescheduled,
        errors=report.errors,
        bootstrapped=report.users_bootstrapped,
    )
