"""Breaks the wire to model, push service and database in every way, and audits from outside what became of it.

    python -m tests.faults.wire --injections 200

For each place and each class of fault: users come due, the service works through a proxy that injects until enough
faults have struck; then the wire is whole again, the clock moves on to the hour of the next try, and the service,
started anew, brings everything to its end. Prints a table and writes out/wire.json.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from tests.databases import postgres_database
from tests.faults.counterparts import Counterparts
from tests.faults.outside import Audit, Outside, audit, saved_answers
from tests.faults.proxy import ON_BYTES, ON_HTTP, Fault, HttpProxy, Plan, Proxy, StreamProxy
from tests.proof.figures import NO_TARGET, Figure, report
from tests.proof.world import due_lines

from reflecta.adapters.channels.expo import ExpoChannel
from reflecta.adapters.documents import parse_line
from reflecta.application.deliver import Deliver
from reflecta.application.importing import Import
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, Settings, load
from reflecta.entrypoints.working import Grace, ticking, working
from reflecta.testing import RecordingTelemetry

# Later than the next try (two hours, less the minute that a tick looks ahead), and still in the window.
NEXT_TRY: Final = timedelta(hours=2, minutes=1)
# Amid faults everything is given up soon, so that many fit in a minute.
HURRY: Final = {"push_timeout": 0.5, "model_timeout": 0.6, "lease": 1.5, "lease_renewal": 0.4}
ROUNDS_AT_MOST: Final = 100
QUIET_WITHIN: Final = 20.0  # seconds; what is not done by then is left to the second life
ENDED_WITHIN: Final = 60.0


class Wire(StrEnum):
    """Which connection is broken."""

    MODEL = "model"
    PUSH = "push"
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One wire of one set-up. *rate* is of requests or, before the database, of pieces of the stream.

    *yields* says how many injections a user brings about; *most* bounds the users of one round, of whom one in
    *one_off_in* is switched off before the second life. *share* is of the injections that are asked for.
    """

    wire: Wire
    store: str
    engine: EngineName
    faults: Sequence[Fault]
    rate: float
    yields: float
    most: int
    senders: int = 2
    batch: int = 20
    tokens: int = 1
    share: float = 1.0
    one_off_in: int = 10

    @property
    def name(self) -> str:
        return f"{self.wire} ({self.store}/{self.engine})"

    def asked(self, injections: int) -> int:
        """Give this place's share of the injections of each class."""
        return ceil(injections * self.share)


PLACES: Final = (
    Place(
        wire=Wire.DATABASE,
        store="postgresql",
        engine=EngineName.LOCAL,
        faults=ON_BYTES,
        rate=0.01,
        yields=1.5,
        most=80,
    ),
    Place(
        wire=Wire.MODEL,
        store="sqlite",
        engine=EngineName.LOCAL,
        faults=ON_HTTP,
        rate=0.35,
        yields=0.9,
        most=60,
    ),
    Place(
        wire=Wire.DATABASE,
        store="postgresql",
        engine=EngineName.PGQUEUER,
        faults=ON_BYTES,
        rate=0.01,
        yields=1.5,
        most=80,
        share=0.25,
    ),
    Place(
        wire=Wire.PUSH,
        store="sqlite",
        engine=EngineName.LOCAL,
        faults=(*ON_HTTP, Fault.REFUSED),
        rate=0.6,
        yields=1.2,
        most=200,
        senders=12,
        batch=2,
        tokens=4,
    ),
)


@dataclass
class MovingClock:
    """The machine's clock, ahead by as much as it was told to."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Scene:
    """A set-up whose one wire runs through a proxy.

    *url* is the database past the proxy, *crashes* are jobs that an error ended, *off* says when users were
    switched off (epoch milliseconds), *saved* which answers were ever seen in the tables.
    """

    place: Place
    plan: Plan
    proxy: Proxy
    counterparts: Counterparts
    outside: Outside
    url: str
    settings: Settings
    clock: MovingClock = field(default_factory=MovingClock)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)
    crashes: list[str] = field(default_factory=list[str])

    off: dict[str, int] = field(default_factory=dict[str, int])
    saved: set[int] = field(default_factory=set[int])

    async def round(self, fault: Fault, prefix: str, users: int) -> None:
        """Let users come due amid faults, switch some off, and bring all to their end without faults."""
        self.clock.ahead = timedelta(0)
        lines = [_with_tokens(line, self.place.tokens) for line in due_lines(prefix, users, self.clock.now())]
        await self._import(lines)
        # Where every push must arrive in the end, a machine that is slow must not look like a fault.
        hurry = HURRY if self.place.wire is not Wire.PUSH or fault not in KNOWN_NOT_TAKEN else {}
        async with self._alive(hurry), self._broken(fault, prefix):
            await self._until_done(prefix, QUIET_WITHIN, startable_at=self.clock.now)
        await self._switch_off([line for line in lines if b'"user"' in line][:: self.place.one_off_in])
        self.clock.ahead = NEXT_TRY
        async with self._alive({}):
            await self._until_done(prefix, ENDED_WITHIN, startable_at=lambda: datetime.max.replace(tzinfo=UTC))

    @asynccontextmanager
    async def _broken(self, fault: Fault, prefix: str) -> AsyncGenerator[None]:
        """Inject one class of faults for as long as the block runs."""
        if fault is not Fault.REFUSED:
            self.plan.faults = (fault,)
            yield
            self.plan.faults = ()
            return
        await self.proxy.down()
        yield
        # Nobody sees a refused connection but who was refused: every try of a push was one.
        self.plan.struck[fault] += await self.outside.count(
            "SELECT coalesce(sum(tries), 0) FROM deliveries WHERE user_id LIKE :m AND state = 'pending'", m=f"{prefix}%"
        )
        await self.proxy.up()

    async def _switch_off(self, lines: Sequence[bytes]) -> None:
        users = [json.loads(line) for line in lines]
        for user in users:
            user["coachingConfig"]["enableCoachingMessages"] = False
        await self._import([json.dumps(user).encode() for user in users])
        now = int(self.clock.now().timestamp() * 1000)
        self.off |= {user["uid"]: now for user in users}

    async def _import(self, lines: Sequence[bytes]) -> None:
        settings = self.settings.model_copy(update={"database_url": self.url})
        async with open_service(settings, telemetry=self.telemetry, with_models=False) as service:
            importing = Import(ingest=service.ingest, telemetry=self.telemetry, parse=parse_line)
            done = await importing.run(lambda: enumerate(lines, start=1))
            assert done.bad_lines == 0, done.bad

    @asynccontextmanager
    async def _alive(self, hurry: Mapping[str, float]) -> AsyncGenerator[None]:
        """Let the service live, with its own jobs; the senders are more than one and look more often."""
        settings = self.settings.model_copy(update=hurry)
        with_models = self.settings.model_base_url is not None
        stop, grace = asyncio.Event(), Grace(2.0)
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(
                open_service(settings, clock=self.clock, telemetry=self.telemetry, with_models=with_models)
            )
            senders = [self._sender(service, stack) for _ in range(self.place.senders)]
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(stop.set)
            for sender in senders:
                tasks.create_task(self._keep_running(sender.run, stop))
            if service.queue is None:
                await stack.enter_async_context(working(service, grace))
            else:
                tasks.create_task(self._keep_running(_worker(service), stop))
            await stack.enter_async_context(ticking(service, grace))
            yield

    def _sender(self, service: Service, stack: AsyncExitStack) -> Deliver:
        channel = ExpoChannel(
            base_url=self.settings.expo_base_url or "",
            timeout=timedelta(seconds=service.settings.push_timeout),
            batch_size=self.place.batch,
        )
        stack.push_async_callback(channel.aclose)
        gather, poll = timedelta(milliseconds=20), timedelta(milliseconds=200)
        return replace(service.deliver, channels={channel.name: channel}, gather=gather, poll=poll)

    async def _keep_running(self, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
        """Run a job anew whenever an error ends it, as a supervisor would, and count that."""
        while not stop.is_set():
            try:
                await run(stop)
            except* Exception as broken:  # noqa: BLE001 - whatever it is, it is counted
                self.crashes += [repr(error) for error in broken.exceptions]
                await asyncio.sleep(0.2)

    async def _until_done(self, prefix: str, seconds: float, *, startable_at: Callable[[], datetime]) -> None:
        """Wait until nothing of these users can be worked on or sent by then, at most so many *seconds*."""
        give_up_at = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < give_up_at:
            self.saved |= await saved_answers(self.outside, prefix)
            if not await self.outside.count(_OPEN, m=f"{prefix}%", now=int(startable_at().timestamp() * 1000)):
                return
            await asyncio.sleep(0.15)


_OPEN: Final = """SELECT
(SELECT count(*) FROM users u WHERE u.id LIKE :m AND NOT EXISTS (SELECT 1 FROM occasions o WHERE o.user_id = u.id)) +
(SELECT count(*) FROM occasions WHERE user_id LIKE :m
  AND (state = 'in_work' OR (state = 'queued' AND coalesce(not_before, 0) <= :now))) +
(SELECT count(*) FROM deliveries WHERE user_id LIKE :m
  AND (state = 'sending' OR (state = 'pending' AND next_try_at <= :now)))"""


def _with_tokens(line: bytes, count: int) -> bytes:
    """Give the user of an import line several devices."""
    given = json.loads(line)
    if given["type"] == "user":
        tokens = [f"ExponentPushToken[{given['uid']}-{number}]" for number in range(count)]
        given["mobilePushNotifications"]["expoPushTokens"] = tokens
    return json.dumps(given).encode()


def _worker(service: Service) -> Callable[[asyncio.Event], Awaitable[None]]:
    queue = service.queue
    assert queue is not None

    async def work(occasion_id: str) -> None:
        await service.process(occasion_id)

    async def run(stop: asyncio.Event) -> None:
        heartbeat, poll, grace = timedelta(seconds=2), timedelta(milliseconds=200), timedelta(seconds=2)
        await queue.run(work, stop, heartbeat=heartbeat, poll=poll, grace=grace)

    return run


@dataclass(frozen=True, slots=True)
class Found:
    """What one class of faults at one place came to."""

    struck: int
    audit: Audit


@asynccontextmanager
async def scene(place: Place, url: str, seed: int) -> AsyncGenerator[Scene]:
    """Set up one place: the counterparts, and the proxy before the one that is to be broken."""
    plan = Plan(seed=seed, rate=place.rate)
    async with AsyncExitStack() as stack:
        counterparts = await stack.enter_async_context(Counterparts())
        outside = await stack.enter_async_context(Outside(url))
        ports = dict.fromkeys(Wire, counterparts.port) | {Wire.DATABASE: sa.make_url(url).port or 0}
        make = StreamProxy if place.wire is Wire.DATABASE else HttpProxy
        proxy = await stack.enter_async_context(make(ports[place.wire], plan))
        settings = _settings(place, url, ports | {place.wire: proxy.port})
        yield Scene(
            place=place,
            plan=plan,
            proxy=proxy,
            counterparts=counterparts,
            outside=outside,
            url=url,
            settings=settings,
        )


def _settings(place: Place, url: str, ports: Mapping[Wire, int]) -> Settings:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(port=ports[Wire.DATABASE])
    # The composer writes where only pushes matter: a model's client costs ten times as much.
    model = None if place.wire is Wire.PUSH else f"http://127.0.0.1:{ports[Wire.MODEL]}/v1"
    changes = {
        "database_url": parsed.render_as_string(hide_password=False),
        "engine": place.engine,
        "channel": ChannelName.EXPO,
        "expo_base_url": f"http://127.0.0.1:{ports[Wire.PUSH]}",
        "push_timeout": 10.0,
        "model_base_url": model,
        "generator_model": "acme/writer",
        "judge_model": "other/judge",
        "model_timeout": 10.0,
        "model_retry_total": 4.0,
        "tick_every": 0.2,
    }
    return load().model_copy(update=changes)


async def prove(place: Place, url: str, *, injections: int, seed: int) -> tuple[Mapping[Fault, Found], list[str]]:
    """Inject so many faults of each class and audit after each class; gives the crashes as well."""
    found: dict[Fault, Found] = {}
    injections = place.asked(injections)
    async with scene(place, url, seed) as there:
        for fault in place.faults:
            users = 0
            for number in range(ROUNDS_AT_MOST):
                missing = injections - there.plan.struck[fault]
                if missing <= 0:
                    break
                count = min(place.most, max(5, ceil(missing / place.yields)))
                await there.round(fault, f"{fault}-{number}-", count)
                users += count
            audited = await audit(
                there.outside, there.counterparts, f"{fault}-", users, off=there.off, saved=there.saved
            )
            found[fault] = Found(there.plan.struck[fault], audited)
        return found, there.crashes


def figures(place: Place, found: Mapping[Fault, Found], crashes: Sequence[str], injections: int) -> dict[str, Figure]:
    """Name the figures of one place: by class what the proof is about, in sum what must be 0 besides."""
    named: dict[str, Figure] = {}
    injections = place.asked(injections)
    for fault, one in found.items():
        start, users = f"{place.name} {fault}", one.audit.users
        enough = one.struck >= injections
        named[f"{start} injections"] = Figure(one.struck, f">= {injections}", met=enough, n=users)
        values = asdict(one.audit)
        named |= {f"{start} {key}": _zero(values[key], users) for key in BY_CLASS}
        named |= {f"{start} {key}": Figure(values[key], NO_TARGET, met=True, n=users) for key in SHOWN}
    users = sum(one.audit.users for one in found.values())
    for key in IN_SUM:
        named[f"{place.name} {key}"] = _zero(sum(asdict(one.audit)[key] for one in found.values()), users)
    named[f"{place.name} crashes"] = _zero(len(crashes), users)
    for fault in sorted(KNOWN_NOT_TAKEN & found.keys()) if place.wire is Wire.PUSH else ():
        named[f"{place.name} {fault} not_accepted"] = _zero(found[fault].audit.not_accepted, users)
    return named


BY_CLASS: Final = ("lost", "doubled", "more_than_one_outcome", "pushed_twice", "saved_calls_repeated")
SHOWN: Final = ("unsaved_calls", "pushes_unknown", "switched_off")
IN_SUM: Final = ("push_fate_wrong", "altered", "outside_window", "after_switching_off")
# After these nothing was taken, which the service can tell: every push must arrive in the end.
KNOWN_NOT_TAKEN: Final = frozenset({Fault.RATE_LIMITED, Fault.REFUSED})


def _zero(value: int, n: int) -> Figure:
    return Figure(value, "== 0", met=value == 0, n=n)


def prove_place(number: int, injections: int, seed: int) -> dict[str, Figure]:
    """Prove one of PLACES, on a database of its own."""
    place = PLACES[number]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = f"sqlite:///{Path(folder) / 'wire.db'}"
        if place.store == "postgresql":
            url = stack.enter_context(postgres_database())
        found, crashes = asyncio.run(prove(place, url, injections=injections, seed=seed + number))
    return figures(place, found, crashes, injections)


def main(injections: int, seed: int) -> int:
    """Prove all places at once: much of it is waiting."""
    numbers = range(len(PLACES))
    with ProcessPoolExecutor(len(PLACES), mp_context=get_context("spawn")) as processes:
        found = processes.map(prove_place, numbers, [injections] * len(PLACES), [seed] * len(PLACES))
        return report("wire", {name: figure for figures_of_place in found for name, figure in figures_of_place.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--injections", type=int, default=200, help="of each class of faults at each place")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(main(options.injections, options.seed))
