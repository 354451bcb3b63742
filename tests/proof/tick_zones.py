"""Runs the real tick on SQLite through the days around every zone's clock changes of a year.

    python -m tests.proof.tick_zones

All IANA zones x 3 windows x 3 cadences; zones that change at the same instant share a run. The tick alone: each
occasion it queues counts as sent at that moment. The auditor reckons with `whenever`, never with the service.
Prints the figures and writes out/tick_zones.json.
"""

import asyncio
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product

import sqlalchemy as sa
import whenever
from tests.data import need_data
from tests.proof.figures import Figure, report

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ingest import Ingest
from reflecta.application.tick import Tick
from reflecta.domain.model import Cadence, Preferences, User, Window
from reflecta.domain.zones import NAMES
from reflecta.testing import FakeClock, RecordingTelemetry

TRANSITIONS = "tz/transitions_2020_2037.json"
YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
DAYS_BEFORE, DAYS_AFTER = 3, 5
# The guide's tables, stated again.
HOURS = {Window.MORNING: (6, 12), Window.AFTERNOON: (12, 18), Window.EVENING: (18, 22)}
STEPS = {Cadence.DAILY: 1, Cadence.MULTIPLE_TIMES_PER_WEEK: 2, Cadence.ONCE_A_WEEK: 7}


@dataclass(frozen=True, slots=True)
class Counts:
    """What was sent, and what was wrong with it."""

    users: int = 0
    ticks: int = 0
    sent: int = 0
    outside_window: int = 0
    doubled: int = 0
    starved: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add up field by field."""
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class _NoEngine:
    """Takes the ids and does nothing: the tick alone is on trial."""

    async def enqueue(self, occasion_ids: Sequence[str]) -> None:
        del occasion_ids


def groups() -> Mapping[datetime, Sequence[str]]:
    """Give zones by the instant of a clock change in the year; those without any at the year's middle."""
    found: defaultdict[datetime, list[str]] = defaultdict(list)
    transitions: list[tuple[str, int, float, str]] = json.loads(need_data(TRANSITIONS).read_text(encoding="utf-8"))
    changing: set[str] = set()
    for zone, seconds, _, _ in transitions:
        at = datetime.fromtimestamp(seconds, UTC)
        if YEAR[0] <= at < YEAR[1] and zone in NAMES:
            found[at].append(zone)
            changing.add(zone)
    found[YEAR[0] + timedelta(days=181)] += sorted(NAMES - changing)
    return dict(sorted(found.items()))


async def prove(chosen: Iterable[tuple[datetime, Sequence[str]]]) -> Counts:
    """Run and audit each group."""
    whenever.reset_tzpath([])
    total = Counts()
    for change, zones in chosen:
        total += await _group(change, zones)
    return total


async def _group(change: datetime, zones: Sequence[str]) -> Counts:
    start = change.replace(minute=0, second=0) - timedelta(days=DAYS_BEFORE)
    clock, telemetry = FakeClock(start), RecordingTelemetry()
    store = SqlStore.at("sqlite://")
    await store.open()
    users = [_user(zone, window, cadence) for zone, window, cadence in product(zones, Window, Cadence)]
    await Ingest(store=store, clock=clock, telemetry=telemetry).upsert_users(users)
    draw = random.Random(change.timestamp()).random
    tick = Tick(store=store, engine=_NoEngine(), clock=clock, telemetry=telemetry, draw=draw)
    sent: defaultdict[str, list[datetime]] = defaultdict(list)
    ticks = 24 * (DAYS_BEFORE + DAYS_AFTER)
    for _ in range(ticks):
        await tick()
        for user_id in await store.database.write(_count_as_sent):
            sent[user_id].append(clock.now())
        clock.advance(timedelta(hours=1))
    await store.aclose()
    counts = sum((_audit(user, sent[user.id], start, clock.now()) for user in users), Counts())
    return counts + Counts(ticks=ticks)


def _user(zone: str, window: Window, cadence: Cadence) -> User:
    preferences = Preferences(enabled=True, window=window, cadence=cadence)
    return User(id=f"{zone}|{window}|{cadence}", timezone=zone, given_timezone=zone, preferences=preferences)


def _count_as_sent(connection: sa.Connection) -> Sequence[str]:
    """End what the tick queued, behind the service's back."""
    return list(
        connection.scalars(sa.text("UPDATE occasions SET state = 'sent' WHERE state = 'queued' RETURNING user_id"))
    )


def _audit(user: User, sent: Sequence[datetime], start: datetime, end: datetime) -> Counts:
    assert user.timezone is not None
    local = [_local(at, user.timezone) for at in sent]
    first, last = HOURS[user.preferences.window]
    step = STEPS[user.preferences.cadence]
    dates = [at.date() for at in local]
    gaps = [(b - a).days for a, b in pairwise([at.date().to_stdlib() for at in local])]
    # The first message may take a day and a bit (bootstrap), a window and a day more.
    late = [
        (sent[0] if sent else end) - start > timedelta(days=3),
        bool(sent) and end - sent[-1] > timedelta(days=step + 1),
    ]
    return Counts(
        users=1,
        sent=len(sent),
        outside_window=sum(not first <= at.hour < last for at in local),
        doubled=len(dates) - len(set(dates)) + sum(gap < step for gap in gaps),
        starved=sum(gap > step for gap in gaps) + sum(late),
    )


def _local(at: datetime, zone: str) -> whenever.ZonedDateTime:
    return whenever.Instant(at).to_tz(zone)  # pyright: ignore[reportUnknownMemberType]  whenever's own annotation


def figures(counts: Counts, zones: int) -> dict[str, Figure]:
    """Name the figures."""
    zero = {"outside_window": counts.outside_window, "doubled": counts.doubled, "starved": counts.starved}
    shown = {"zones": zones, "users": counts.users, "ticks": counts.ticks}
    found = {name: Figure(value, "shown", met=value > 0, n=counts.sent) for name, value in shown.items()}
    return found | {name: Figure(value, "== 0", met=value == 0, n=counts.sent) for name, value in zero.items()}


if __name__ == "__main__":
    todo = groups()
    everywhere = {zone for zones in todo.values() for zone in zones}
    sys.exit(report("tick_zones", figures(asyncio.run(prove(todo.items())), len(everywhere))))
