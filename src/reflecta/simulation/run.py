"""Plays a scenario: wires the real service to the doubles, fires the ticks, lets people live, reads the ledger."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

from reflecta.adapters.engines.local import LocalEngine
from reflecta.adapters.models import Breaker, Fallback, Limited, Limits, Retrying
from reflecta.application.deliver import Deliver
from reflecta.application.ports import Model
from reflecta.application.tick import Tick
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Environment, Settings, seconds
from reflecta.domain.model import Address, User
from reflecta.simulation import people
from reflecta.simulation.audit import audit
from reflecta.simulation.doubles import PUSH, ByPurpose, SimulatedChannel, SimulatedModel, is_down
from reflecta.simulation.effects import DAY, MICROSECONDS, Log
from reflecta.simulation.ledger import Ledger
from reflecta.simulation.life import Life
from reflecta.simulation.load import measure
from reflecta.simulation.people import Population
from reflecta.simulation.report import Report
from reflecta.simulation.scenario import Scenario
from reflecta.simulation.virtual import VirtualClock, run_virtually

# Deliver's own pauses are for a service that waits for other processes; here every message rings.
_SELDOM: Final = timedelta(hours=6)


class _Silence:
    """Keeps the events out of the picture; the effects tell everything."""

    def event(self, name: str, **values: str | float | bool | None) -> None:
        """Hear nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """Where everything plays."""

    scenario: Scenario
    settings: Settings
    clock: VirtualClock
    log: Log
    chance: random.Random
    telemetry: _Silence


def simulate(scenario: Scenario, settings: Settings, start: datetime, *, users: Path | None = None) -> Report:
    """Simulate, audit and measure. *users* is an export (import JSON lines) to take in place of made-up people."""
    began, cpu = perf_counter(), process_time()
    scale = _scale(scenario, users)
    stage = _Stage(
        scenario=scenario,
        settings=_settings(settings, scale),
        clock=VirtualClock(start),
        log=Log(),
        chance=random.Random(scenario.seed),  # noqa: S311 - the same run for the same seed
        telemetry=_Silence(),
    )
    population = run_virtually(_play(stage, users))
    effects = stage.log.ordered()
    return Report(
        scenario=scenario,
        start=start,
        users_file=users,
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


def _settings(settings: Settings, scale: float) -> Settings:
    """Take the operator's settings, but no service; a sample gets its share of every limit."""
    per_minute = settings.model_requests_per_minute
    return settings.model_copy(
        update={
            "env": Environment.DEVELOPMENT,
            "database_url": "sqlite://",
            "engine": EngineName.LOCAL,
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
    has_model = stage.scenario.model.writer == "model"
    async with open_service(
        stage.settings,
        clock=stage.clock,
        telemetry=stage.telemetry,
        random_source=stage.chance,
        model=_model(stage) if has_model else None,
        with_models=False,
    ) as service:
        if users is None:
            population = await people.make_up(service, stage.scenario, stage.clock.start)
        else:
            population = await people.bring_in(service, stage.scenario, users)
        await _go_on(stage, service, population.users)
        stage.log.extend(await Ledger(database=service.store.database, start=stage.clock.start).effects())
        return population


def _model(stage: _Stage) -> Model:
    """Give writer and judge, each behind the guards that the service has around its models."""
    settings, limits = (
        stage.settings,
        Limits(concurrency=stage.settings.model_concurrency, per_minute=stage.settings.model_requests_per_minute),
    )

    def guarded(name: str) -> Model:
        double = SimulatedModel(
            name=name,
            world=stage.scenario.model,
            seed=stage.scenario.seed,
            gate=settings.gate,
            timeout=settings.model_timeout,
            clock=stage.clock,
            log=stage.log,
        )
        breaker = Breaker(model=double, name=name, clock=stage.clock, telemetry=stage.telemetry)
        return Retrying(
            model=Limited(model=breaker, limits=limits),
            jitter=stage.chance.random,
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
    channel = SimulatedChannel(
        world=stage.scenario.push, seed=stage.scenario.seed, clock=stage.clock, log=stage.log, taken=life.push_taken
    )
    deliver = Deliver(
        store=service.store,
        channels={PUSH: channel},
        sending_lease=service.deliver.sending_lease,
        clock=stage.clock,
        telemetry=stage.telemetry,
        poll=_SELDOM,
        receipt_poll=_SELDOM,
        jitter=service.deliver.jitter,
    )
    process = replace(service.process, addresses=_addresses, notify=deliver.wake)

    async def work(occasion_id: str) -> None:
        await process(occasion_id)

    engine = LocalEngine(work, stage.telemetry, concurrency=stage.settings.concurrency)
    stop = asyncio.Event()
    life.begin(users)
    await engine.start()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(deliver.run(stop))
        tasks.create_task(life.live(stage.scenario.days * DAY))
        await _fire(stage, replace(service.tick, engine=engine), life)
        await engine.drain()
        stop.set()
    await engine.stop(timedelta(0))
    await deliver.drain()


async def _fire(stage: _Stage, tick: Tick, life: Life) -> None:
    """Tick at every beat of the cron that is not out."""
    cron, end = stage.scenario.cron, stage.scenario.days * DAY
    for beat in range(0, end, cron.every_minutes * 60 * MICROSECONDS):
        await stage.clock.sleep_until(beat + round(cron.delay_seconds * MICROSECONDS))
        await life.arrive()
        if is_down(cron.outages, beat):
            stage.log.add(stage.clock.elapsed(), "", "tick.missed")
            continue
        report = await tick()
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
