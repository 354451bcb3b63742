"""A clock that jumps between any two steps of tick, process and deliver, in two processes' worth of service at once.

    python -m tests.faults.clock --injections 200 --seed 1

Before a transaction begins, a model is asked or a push leaves, the clock may be put minutes, an hour or a day ahead
or back, or back by a breath. It stays within a day of the true time; in the end it is right again. On a real SQLite
file and PostgreSQL; audited from outside, zones by `whenever`. Prints a table and writes out/clock.json.
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.builders import an_entry
from tests.databases import postgres_database, sql
from tests.faults.lives import rows, run
from tests.machine.calendar import date_in, is_open
from tests.proof.audit import Set
from tests.proof.figures import Figure, report

from reflecta.adapters.stores.sql.database import Database, Transaction
from reflecta.application.ports import Completion
from reflecta.application.ports.channel import Result, ResultKind
from reflecta.bootstrap import Service, open_service
from reflecta.config import ChannelName, EngineName, load
from reflecta.domain.errors import ModelUnavailable
from reflecta.domain.model import Cadence, Call, Delivery, Preferences, Purpose, User, Window
from reflecta.domain.prompt import Question
from reflecta.testing import FakeClock, RecordingTelemetry, answer

T = TypeVar("T")

START = datetime(2026, 3, 26, tzinfo=UTC)  # Europe's clocks go forward on the 29th
DAYS_AT_LEAST = 2
DAYS_STEADY = 7
HOUR = timedelta(hours=1)
OFFS = (
    *(timedelta(0), timedelta(milliseconds=-50), timedelta(seconds=-2), timedelta(seconds=3)),
    *(sign * jump for sign in (-1, 1) for jump in (timedelta(minutes=10), HOUR, timedelta(days=1))),
)
ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "America/Los_Angeles"),
    *("Pacific/Kiritimati", "Pacific/Pago_Pago"),
)
PEOPLE = tuple(product(ZONES, Window, (Cadence.DAILY, Cadence.MULTIPLE_TIMES_PER_WEEK)))
_OFTEN = 0.08  # jumps a step


@dataclass
class Unsteady(FakeClock):
    """Runs with the true time, but for a distance that may change at each step."""

    chance: random.Random
    true: datetime = START
    off: timedelta = timedelta(0)
    is_steady: bool = False
    jumps: Counter[timedelta] = field(default_factory=Counter[timedelta])

    def now(self) -> datetime:
        return self.true + self.off

    def step(self) -> None:
        """Stand between two steps: the clock may jump."""
        if self.is_steady or self.chance.random() > _OFTEN:
            return
        before, self.off = self.off, self.chance.choice(OFFS)
        if self.off != before:
            self.jumps[self.off - before] += 1

    def steady(self) -> None:
        """Be right from now on."""
        self.is_steady, self.off = True, timedelta(0)


@dataclass
class Remembered:
    """The same clock as one sender of pushes reads it."""

    clock: Unsteady
    last: datetime = START

    def now(self) -> datetime:
        self.last = self.clock.now()
        return self.last


@dataclass
class Steps:
    """A database before each of whose transactions the clock may jump."""

    inner: Database
    clock: Unsteady

    async def write(self, transaction: Transaction[T]) -> T:
        self.clock.step()
        return await self.inner.write(transaction)

    async def read(self, transaction: Transaction[T]) -> T:
        self.clock.step()
        return await self.inner.read(transaction)

    async def rebuild(self, transaction: Transaction[T]) -> T:
        return await self.inner.rebuild(transaction)

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass
class Author:
    """A model that sometimes fails while the clock is unsteady, and whose first drafts are sometimes poor."""

    clock: Unsteady
    drafts: int = 0

    async def complete(self, question: Question) -> Completion:
        self.clock.step()
        await asyncio.sleep(0)
        if not self.clock.is_steady and self.clock.chance.random() < 0.05:
            raise ModelUnavailable("503")
        self.drafts += question.purpose is not Purpose.SCREENING
        call = Call(
            purpose=question.purpose,
            model="author",
            prompt_version=question.prompt_version,
            at=self.clock.now(),
            latency=0.1,
        )
        poor = not self.clock.is_steady and self.drafts % 7 == 0
        return Completion(text=answer(question, self.drafts, rating=4 if poor else 8), call=call)

    async def aclose(self) -> None:
        """Hold no connection."""


@dataclass
class Witness:
    """A channel that remembers when each push left, by the clock as its sender had read it last."""

    clock: Unsteady
    reading: Remembered
    seen: list[tuple[str, datetime]]
    name: str = "log"
    batch_size: int = 5

    async def send(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        self.seen += [(delivery.message_id, self.reading.last) for delivery in deliveries]
        self.clock.step()
        await asyncio.sleep(0)
        return [Result(kind=ResultKind.ACCEPTED)] * len(deliveries)

    async def receipts(self, tickets: Sequence[str]) -> Sequence[Result]:
        return [Result(kind=ResultKind.WAITING)] * len(tickets)

    async def aclose(self) -> None:
        """Hold no connection."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found in the tables and at the witness."""

    users: int
    sent: int
    left_open: int
    due_twice: int
    outcomes_without_message: int
    outside_window: int
    second_of_a_date: int
    pushed_twice: int
    pushed_outside_window: int
    pushes_unaccounted: int
    starved: int
    unknown: int


async def prove(url: str, *, injections: int, seed: int) -> tuple[Audit, Counter[timedelta]]:
    """Run on one database until the clock has jumped so often, then let it be right for days, and audit."""
    clock = Unsteady(random.Random(seed))
    author, seen = Author(clock), list[tuple[str, datetime]]()
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(_service(url, clock, author, seen)) for _ in range(2)]
        await _populate(services[0])
        while clock.jumps.total() < injections or clock.true < START + timedelta(days=DAYS_AT_LEAST):
            await _hour(services, clock)
        clock.steady()
        for _ in range(24 * DAYS_STEADY):
            await _hour(services, clock)
    return await audit(url, seen, clock.true), clock.jumps


@asynccontextmanager
async def _service(
    url: str, clock: Unsteady, author: Author, seen: list[tuple[str, datetime]]
) -> AsyncGenerator[Service]:
    settings = load().model_copy(update={"database_url": url, "channel": ChannelName.LOG, "engine": EngineName.LOCAL})
    async with open_service(
        settings,
        clock=clock,
        telemetry=RecordingTelemetry(),
        random_source=random.Random(clock.chance.random()),
        model=author,
        with_models=False,
    ) as service:
        store = sql(service.store)
        store.database = Steps(store.database, clock)
        assert service.local is not None
        await service.local.start()
        reading = Remembered(clock)
        witness = Witness(clock, reading, seen=seen)
        yield replace(service, deliver=replace(service.deliver, channels={witness.name: witness}, clock=reading))


async def _populate(service: Service) -> None:
    await service.ingest.upsert_users(
        [
            User(
                id=f"{zone}-{window}-{cadence}",
                timezone=zone,
                given_timezone=zone,
                preferences=Preferences(enabled=True, window=window, cadence=cadence),
            )
            for zone, window, cadence in PEOPLE
        ]
    )
    await _let_write(service, START)


async def _let_write(service: Service, at: datetime) -> None:
    """Let everybody write: who has long been silent is not written to."""
    ids = [f"{zone}-{window}-{cadence}" for zone, window, cadence in PEOPLE]
    await service.ingest.upsert_entries([an_entry(f"e-{who}-{at:%j}", who, written_at=at) for who in ids])


async def _hour(services: Sequence[Service], clock: Unsteady) -> None:
    """Let an hour pass, then do everything twice at once."""
    before = clock.true
    clock.true += HOUR + timedelta(seconds=clock.chance.choice((-20, 0, 0, 20)))
    if before.date() != clock.true.date():
        await _let_write(services[0], clock.true)
    await asyncio.gather(*(_turn(service) for service in services))


async def _turn(service: Service) -> None:
    assert service.local is not None
    await service.tick()
    await service.local.drain()
    await service.deliver.drain()


_MESSAGES = (
    "SELECT m.id, m.user_id, m.occasion_id, m.sent_at, m.local_date, o.timezone, o.time_window "
    "FROM messages m JOIN occasions o ON o.id = m.occasion_id"
)


async def audit(url: str, seen: Sequence[tuple[str, datetime]], end: datetime) -> Audit:
    """Reckon from the tables, by statements and calendars of the audit's own."""
    here = Set("clock", EngineName.LOCAL, url)
    messages = await rows(here, _MESSAGES)
    occasions = await rows(here, "SELECT id, user_id, due_at, state, ended_at FROM occasions")
    users = await rows(here, "SELECT id, timezone, cadence, next_due_at FROM users")
    deliveries = await rows(here, "SELECT message_id, state FROM deliveries")
    sent = {str(row["occasion_id"]) for row in messages}
    by_id = {str(row["id"]): row for row in messages}
    pushed = Counter(message for message, _ in seen)
    dates = Counter((row["user_id"], _date_of(row)) for row in messages)
    dues = Counter((row["user_id"], row["due_at"]) for row in occasions)
    return Audit(
        users=len(users),
        sent=len(messages),
        left_open=sum(row["state"] in {"queued", "in_work"} or row["ended_at"] is None for row in occasions),
        due_twice=sum(count > 1 for count in dues.values()),
        outcomes_without_message=sum((row["state"] == "sent") != (row["id"] in sent) for row in occasions)
        + len(messages)
        - len(sent),
        outside_window=sum(not _is_within(row, _instant(row["sent_at"])) for row in messages),
        second_of_a_date=sum(count > 1 for count in dates.values())
        + sum(str(row["local_date"]) != _date_of(row).isoformat() for row in messages),
        pushed_twice=sum(count > 1 for count in pushed.values()),
        pushed_outside_window=sum(not _is_within(by_id[message], at) for message, at in seen),
        pushes_unaccounted=sum(
            (row["state"] == "accepted") != (str(row["message_id"]) in pushed)
            for row in deliveries
            if row["state"] != "unknown"
        ),
        starved=_starved(users, messages, end),
        unknown=sum(row["state"] == "unknown" for row in deliveries),
    )


def _instant(stored: object) -> datetime:
    return datetime.fromtimestamp(int(str(stored)) / 1000, UTC)


def _is_within(row: Mapping[str, object], at: datetime) -> bool:
    return is_open(str(row["timezone"]), str(row["time_window"]), at)


def _date_of(row: Mapping[str, object]) -> date:
    return date_in(str(row["timezone"]), _instant(row["sent_at"]))


def _starved(users: Sequence[Mapping[str, object]], messages: Sequence[Mapping[str, object]], end: datetime) -> int:
    """Count who is not due again within their cadence, or had no message on a day of the last two (four)."""
    sent_on = {(row["user_id"], _date_of(row)) for row in messages}
    starved = 0
    for user in users:
        step = 1 if user["cadence"] == "daily" else 2
        yesterday = date_in(str(user["timezone"]), end) - timedelta(days=1)
        days = [yesterday - timedelta(days=back) for back in range(2 * step)]
        had = sum((user["id"], day) in sent_on for day in days)
        due = _instant(user["next_due_at"]) if user["next_due_at"] is not None else end + timedelta(days=99)
        starved += had < 2 or not end - HOUR <= due <= end + timedelta(days=step + 1)
    return starved


def figures(name: str, found: Audit, jumps: Counter[timedelta], wanted: int) -> dict[str, Figure]:
    """Name the figures of one database."""
    n, values = jumps.total(), asdict(found)
    shown = {key: values.pop(key) for key in ("users", "sent", "unknown")}
    back = sum(count for by, count in jumps.items() if by < timedelta(0))
    return (
        {f"{name} jumps": Figure(n, f">= {wanted}", met=n >= wanted, n=n)}
        | {f"{name} jumps_back": Figure(back, ">= 1", met=back > 0, n=n)}
        | {f"{name} {key}": Figure(value, "shown", met=True, n=n) for key, value in shown.items()}
        | {f"{name} {key}": Figure(value, "== 0", met=value == 0, n=found.sent) for key, value in values.items()}
    )


async def main(injections: int, seed: int) -> int:
    found: dict[str, Figure] = {}
    with TemporaryDirectory() as folder, ExitStack() as stack:
        places = {
            "sqlite": f"sqlite:///{Path(folder) / 'clock.db'}",
            "postgresql": stack.enter_context(postgres_database()),
        }
        for name, url in places.items():
            audited, jumps = await prove(url, injections=injections, seed=seed)
            found |= figures(name, audited, jumps, injections)
    return report("clock", found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--injections", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(run(main(given.injections, given.seed)))
