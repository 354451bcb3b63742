"""Puts the service together from its settings: the only file that knows every class, and makes randomness.

What only some settings need (pgqueuer, aiohttp: half a second each) is imported where it is chosen.
"""

import random
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal, cast

from reflecta.adapters.care import load_care
from reflecta.adapters.channels.log import LogChannel
from reflecta.adapters.clock import SystemClock
from reflecta.adapters.engines.local import LocalEngine
from reflecta.adapters.models import (
    Breaker,
    Fallback,
    Limited,
    Limits,
    Observed,
    Options,
    Retrying,
    anthropic,
    openai_compatible,
    openrouter,
)
from reflecta.adapters.models.composer import Composer
from reflecta.adapters.models.templates import load_templates
from reflecta.adapters.prompts import load_prompts
from reflecta.adapters.regions import region_of
from reflecta.adapters.risk_scores import load_local_screen, read_local_screen
from reflecta.adapters.stores import store_at
from reflecta.adapters.stores.sql import SqlStore
from reflecta.adapters.telemetry import LogTelemetry
from reflecta.application.budget import Budget
from reflecta.application.compose import Compose
from reflecta.application.deliver import Deliver
from reflecta.application.explain import Explain
from reflecta.application.holds import Holds
from reflecta.application.ingest import Ingest
from reflecta.application.leases import Leases
from reflecta.application.on_demand import OnDemand
from reflecta.application.ports import Channel, Clock, Engine, Model, Telemetry
from reflecta.application.ports.store import Store
from reflecta.application.process import Policy, Process
from reflecta.application.screening import Screen
from reflecta.application.tick import Tick
from reflecta.config import EngineName, Settings, seconds
from reflecta.domain.checks import Likeness
from reflecta.domain.errors import ConfigurationError
from reflecta.domain.model import Address, User
from reflecta.domain.risk import LocalScreen

if TYPE_CHECKING:
    from reflecta.adapters.engines.http import HttpEngine
    from reflecta.adapters.engines.pgqueue import PgQueue

# Below the circuit breaker's cooldown.
_MOVE_ON: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The use cases, wired. *local*, *queue* or neither is the engine that works in this process."""

    settings: Settings
    clock: Clock
    telemetry: Telemetry
    store: Store
    engine: Engine
    local: LocalEngine | None
    queue: "PgQueue | None"
    tick: Tick
    process: Process
    on_demand: OnDemand
    deliver: Deliver
    ingest: Ingest
    explain: Explain
    holds: Holds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What everything else is built from."""

    settings: Settings
    clock: Clock
    telemetry: Telemetry
    chance: random.Random


@asynccontextmanager
async def open_service(
    settings: Settings,
    *,
    clock: Clock | None = None,
    telemetry: Telemetry | None = None,
    random_source: random.Random | None = None,
    model: Model | None = None,
    with_models: bool = True,
) -> AsyncGenerator[Service]:
    """Connect and wire everything; disconnects at the end.

    *model* stands for every language model (tests, demonstrations). Without *with_models* no vendor's client is
    loaded (1.5 s) and the composer stands in: for commands that only read.
    """
    clock = clock or SystemClock()
    ground = _Ground(
        settings=settings,
        clock=clock,
        telemetry=telemetry or _telemetry(settings, clock),
        chance=random_source or random.SystemRandom(),
    )
    async with AsyncExitStack() as stack:
        queue = await _queue(ground, stack)
        store = _store(ground, queue)
        stack.push_async_callback(store.aclose)
        await store.open()
        deliver = _deliver(ground, store)
        for channel in deliver.channels.values():
            stack.push_async_callback(channel.aclose)
        writing = _writing(ground, model, with_models=with_models)
        if writing.compose.uses_model:
            await store.keep_prompts(writing.compose.prompts.all, now=clock.now())
        for asked in filter(None, (writing.compose.writer, writing.compose.judge, writing.classifier)):
            stack.push_async_callback(asked.aclose)
        process = _process(ground, store, writing, deliver)
        yield _wire(ground, store, queue, _http(ground, stack), (process, deliver))


def _wire(
    ground: _Ground,
    store: Store,
    queue: "PgQueue | None",
    http: "HttpEngine | None",
    work_with: tuple[Process, Deliver],
) -> Service:
    settings, clock, telemetry = ground.settings, ground.clock, ground.telemetry
    process, deliver = work_with

    async def work(occasion_id: str) -> None:
        await process(occasion_id)

    local = LocalEngine(work, telemetry, concurrency=settings.concurrency)
    engine: Engine = queue or http or local
    return Service(
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        store=store,
        engine=engine,
        local=local if engine is local else None,
        queue=queue,
        tick=Tick(store=store, engine=engine, clock=clock, telemetry=telemetry, draw=ground.chance.random),
        process=process,
        on_demand=OnDemand(store=store, process=process, clock=clock),
        deliver=deliver,
        ingest=Ingest(store=store, clock=clock, telemetry=telemetry),
        explain=Explain(store=store, clock=clock),
        holds=Holds(store=store, clock=clock, telemetry=telemetry, hold=_hold(settings)),
    )


def _store(ground: _Ground, queue: "PgQueue | None") -> Store:
    settings = ground.settings
    if queue is not None:
        return SqlStore.at(
            settings.database_url, enlist=queue.enlist, migrate=settings.migrate, pool_size=settings.database_pool
        )
    return store_at(
        settings.store_url,
        clock=ground.clock,
        migrate=settings.migrate,
        pool_size=settings.database_pool,
        credentials=settings.firestore_key,
    )


def _local_screen(settings: Settings) -> Callable[[], LocalScreen]:
    """Give the local screen when it is asked for; an operator's rules are read now, so that a fault is told at once."""
    if settings.safety_rules is None:
        return load_local_screen
    own = read_local_screen(settings.safety_rules)
    return lambda: own


def _process(ground: _Ground, store: Store, writing: "_Writing", deliver: Deliver) -> Process:
    settings, clock, telemetry = ground.settings, ground.clock, ground.telemetry
    return Process(
        store=store,
        screen=Screen(
            local=_local_screen(settings),
            classifier=writing.classifier,
            prompts=writing.compose.prompts,
            clock=clock,
            telemetry=telemetry,
            hold=_hold(settings),
        ),
        care=load_care(settings.care_texts),
        budget=Budget(store=store, clock=clock, per_user=settings.budget_per_user, in_all=settings.budget_per_day),
        compose=writing.compose,
        leases=Leases(
            store=store,
            clock=clock,
            telemetry=telemetry,
            lease=seconds(settings.lease),
            renewal=seconds(settings.lease_renewal),
        ),
        clock=clock,
        telemetry=telemetry,
        new_token=_tokens(ground.chance),
        addresses=_addresses(settings),
        region_of=region_of,
        notify=deliver.wake,
        policy=Policy(
            entries=settings.context_entries,
            context_tokens=settings.context_tokens,
            on_model_failure=settings.on_model_failure,
            push_privacy=settings.push_privacy,
        ),
    )


def _hold(settings: Settings) -> timedelta | None:
    return None if settings.safety_review else timedelta(hours=settings.safety_hold_hours)


def _deliver(ground: _Ground, store: Store) -> Deliver:
    return Deliver(
        store=store,
        channels=_channels(ground),
        sending_lease=2 * seconds(ground.settings.push_timeout),
        clock=ground.clock,
        telemetry=ground.telemetry,
        jitter=lambda delay: delay * (1 + ground.chance.random() / 4),
    )


def _telemetry(settings: Settings, clock: Clock) -> LogTelemetry:
    level = settings.log_level.lower()
    if level not in {"debug", "info", "warning", "error"}:
        raise ConfigurationError(f"REFLECTA_LOG_LEVEL is {level[:20]!r}; choose debug, info, warning or error")
    return LogTelemetry(
        clock=clock,
        format=settings.log_format.value,
        stream=sys.stderr,
        level=cast("Literal['debug', 'info', 'warning', 'error']", level),
        no_color=bool(settings.no_color),
    )


def _tokens(chance: random.Random) -> Callable[[], str]:
    """Give a maker of lease tokens: unguessable, or repeatable where chance is seeded."""
    if isinstance(chance, random.SystemRandom):
        return lambda: secrets.token_hex(16)
    return lambda: f"{chance.getrandbits(128):032x}"


async def _queue(ground: _Ground, stack: AsyncExitStack) -> "PgQueue | None":
    settings = ground.settings
    if settings.engine is not EngineName.PGQUEUER:
        return None
    if not settings.database_url.startswith(("postgresql", "postgres")):
        raise ConfigurationError(
            "REFLECTA_ENGINE=pgqueuer needs PostgreSQL; set REFLECTA_DATABASE_URL=postgresql://USER@HOST/NAME"
        )
    from reflecta.adapters.engines.pgqueue import PgQueue

    queue = PgQueue(settings.database_url, ground.telemetry)
    stack.push_async_callback(queue.aclose)
    if settings.migrate:
        await queue.install()
    return queue


def _http(ground: _Ground, stack: AsyncExitStack) -> "HttpEngine | None":
    settings = ground.settings
    if settings.engine is not EngineName.HTTP:
        return None
    if settings.processor_url is None or settings.cron_secret is None:
        raise ConfigurationError(
            "REFLECTA_ENGINE=http needs REFLECTA_PROCESSOR_URL (the full URL of /processor) and CRON_SECRET"
        )
    from reflecta.adapters.engines.http import HttpEngine

    engine = HttpEngine(
        settings.processor_url,
        settings.cron_secret.get_secret_value(),
        ground.telemetry,
        concurrency=settings.concurrency,
        time_limit=seconds(settings.http_time_limit),
        request_timeout=seconds(settings.http_time_limit),
    )
    stack.push_async_callback(engine.aclose)
    return engine


def _channels(ground: _Ground) -> Mapping[str, Channel]:
    settings = ground.settings
    if not settings.pushes_to_expo:
        return {"log": LogChannel(telemetry=ground.telemetry)}
    from reflecta.adapters.channels.expo import ExpoChannel

    token = settings.expo_access_token
    secret = token.get_secret_value() if token else None
    timeout = seconds(settings.push_timeout)
    if settings.expo_base_url:
        return {"expo": ExpoChannel(base_url=settings.expo_base_url, access_token=secret, timeout=timeout)}
    return {"expo": ExpoChannel(access_token=secret, timeout=timeout)}


def _addresses(settings: Settings) -> Callable[[User], Sequence[Address]]:
    if not settings.pushes_to_expo:
        return lambda user: [Address(channel="log", value=user.id)]
    return lambda user: [Address(channel="expo", value=t) for t in user.push.tokens] if user.push.enabled else []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """What writes and judges, and what looks for signs of risk."""

    compose: Compose
    classifier: Model | None


def _writing(ground: _Ground, model: Model | None, *, with_models: bool) -> _Writing:
    settings = ground.settings
    templates = load_templates(settings.templates)
    composer = Composer(templates, ground.clock)
    classifier: Model | None = None
    if model is not None:
        writer = judge = classifier = model
    elif with_models and settings.uses_model:
        limits = Limits(concurrency=settings.model_concurrency, per_minute=settings.model_requests_per_minute)

        def asked(name: str) -> Model:
            return _guarded((name, *settings.fallback_models), ground, limits)

        writer, judge = asked(settings.generator_model), asked(settings.judge_model)
        classifier = judge if settings.screening_model is None else asked(settings.screening_model)
    else:
        writer = judge = composer
    compose = Compose(
        writer=writer,
        judge=judge,
        composer=composer,
        templates=templates,
        prompts=load_prompts(settings.prompts),
        clock=ground.clock,
        telemetry=ground.telemetry,
        revisions=settings.revisions,
        threshold=settings.gate,
        likeness=_likeness() if settings.likeness and writer is not composer else None,
    )
    return _Writing(compose=compose, classifier=classifier if settings.screening else None)


def _likeness() -> Likeness | None:
    """Give what tells a repeat in other words, where `reflecta[likeness]` is installed."""
    if find_spec("wordllama") is None:
        return None
    from reflecta.adapters.likeness import StaticLikeness

    return StaticLikeness()


def _guarded(names: Sequence[str], ground: _Ground, limits: Limits) -> Model:
    """Wrap each model in its guards, and the models in their order of fallback."""
    settings = ground.settings

    def guarded(name: str, *, is_last: bool) -> Model:
        observed = Observed(model=_vendor(name, settings, ground.clock), name=name, telemetry=ground.telemetry)
        limited = Limited(
            model=Breaker(model=observed, name=name, clock=ground.clock, telemetry=ground.telemetry), limits=limits
        )
        return Retrying(
            model=limited,
            jitter=ground.chance.random,
            attempts=settings.model_attempts,
            # Where another model follows, an open circuit moves on at once; the last one waits an outage out.
            total=seconds(settings.model_retry_total)
            if is_last
            else min(_MOVE_ON, seconds(settings.model_retry_total)),
        )

    last = len(names) - 1
    return Fallback(models=[guarded(name, is_last=place == last) for place, name in enumerate(names)])


def _vendor(name: str, settings: Settings, clock: Clock) -> Model:
    """Give the client of one model: an endpoint of one's own, OpenRouter, or Anthropic."""
    options = Options(timeout=seconds(settings.model_timeout), temperature=settings.model_temperature)
    openrouter_key, anthropic_key = settings.openrouter_api_key, settings.anthropic_api_key
    if settings.model_base_url is not None:
        key = settings.model_api_key or openrouter_key
        secret = key.get_secret_value() if key else None
        return openai_compatible(name, settings.model_base_url, secret, clock=clock, options=options)
    if openrouter_key is not None:
        return openrouter(name, openrouter_key.get_secret_value(), clock=clock, options=options)
    if anthropic_key is not None:
        plain = name.removeprefix("anthropic/")
        return anthropic(plain, anthropic_key.get_secret_value(), clock=clock, options=options)
    raise ConfigurationError("no model is configured; set OPENROUTER_API_KEY or REFLECTA_MODEL_BASE_URL")
