"""Proof that the schedule holds in every zone: a year of due times, and every clock change of 2020-2037.

    python -m tests.proof.zones

The schedule alone, without tick or store. A year of all IANA zones x 3 windows x 3 cadences. Then each of the 7,077
clock changes, crossed by all nine; around each, first due times and retries from random instants and draws. Zones
whose data are identical byte for byte are walked once. The oracle of tests.proof.transitions says what is right.
Prints the figures and writes out/zones.json; a difference is printed with the call that shows it again.
"""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import groupby, pairwise, product

from tests.data import find_data
from tests.proof import transitions
from tests.proof.figures import NO_TARGET, Figure, report
from tests.proof.tally import Tally
from tests.proof.transitions import HOURS, STEPS, TRANSITIONS, Calendar, Transition

from reflecta.domain.model import Cadence, Window
from reflecta.domain.schedule import Schedule, first_due, next_due, next_target, retry_at, retry_due, window_end
from reflecta.domain.zones import NAMES

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 366
PAIRS = tuple(product(Window, Cadence))
MOMENTS = 1  # of joining, and of failing, around each crossing


@dataclass(frozen=True, slots=True)
class Counts(Tally):
    """What was walked, and what was wrong with it. A schedule crosses a change with due times on both sides of it."""

    due_times: int = 0
    crossed: int = 0
    first_dues: int = 0
    retries: int = 0
    outside_window: int = 0
    doubled: int = 0
    starved: int = 0
    oracle_disagrees: int = 0


def zone_groups() -> Sequence[tuple[str, ...]]:
    """Give all zone names, those with identical data together: one walk stands for them all."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    contents = {name: folder.joinpath(*name.split("/")).read_bytes() for name in NAMES}
    ordered = sorted(NAMES, key=lambda name: (contents[name], name))
    return [tuple(group) for _, group in groupby(ordered, key=lambda name: contents[name])]


def walk_year(zone: str) -> Counts:
    """Follow a zone's nine schedules for 366 days from the start of 2026."""
    return sum((_walk(*_pair(zone, *pair), START, START + timedelta(days=DAYS))[0] for pair in PAIRS), Counts())


def walk_changes(zone: str, changes: Sequence[datetime]) -> Counts:
    """Follow a zone's nine schedules over each clock change, and ask for first due times and retries around it."""
    return sum((_cross(zone, at, *pair) for at, pair in product(changes, PAIRS)), Counts())


def _pair(zone: str, window: Window, cadence: Cadence) -> tuple[Schedule, Calendar]:
    return Schedule(zone=zone, window=window, cadence=cadence), Calendar.of(zone, window, cadence)


def _cross(zone: str, at: datetime, window: Window, cadence: Cadence) -> Counts:
    schedule, calendar = _pair(zone, window, cadence)
    days = timedelta(days=STEPS[cadence] + 2)
    counts, dues = _walk(schedule, calendar, at - days, at + days)
    counts += Counts(crossed=int(dues[0] < at <= dues[-1]))
    chance = random.Random(f"{zone} {at} {window} {cadence}")
    for _ in range(MOMENTS):
        counts += _join(schedule, calendar, at, chance) + _fail(schedule, calendar, at, chance)
    return counts


def _walk(schedule: Schedule, calendar: Calendar, start: datetime, end: datetime) -> tuple[Counts, Sequence[datetime]]:
    """Follow one schedule from due time to due time and count what is wrong."""
    opens, closes, _ = HOURS[schedule.window]
    step = timedelta(days=STEPS[schedule.cadence])
    dues = list(_due_times(schedule, start, end))
    local = [calendar.local(due) for due in dues]
    dates = [at.date().to_stdlib() for at in local]
    wanted = [calendar.next_target(start), *map(calendar.regular, dues[:-1])]
    counts = Counts(
        due_times=len(dues),
        outside_window=sum(not opens <= at.hour < closes for at in local),
        doubled=sum(after - before < step for before, after in pairwise(dates)),
        starved=sum(after - before > step for before, after in pairwise(dates)),
        oracle_disagrees=sum(due != right for due, right in zip(dues, wanted, strict=True)),
    )
    return counts, dues


def _due_times(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Give the due times until *end*, at least one."""
    due = next_target(schedule, start)
    yield due
    while (due := next_due(schedule, due=due, now=due)) < end:
        yield due


def _join(schedule: Schedule, calendar: Calendar, at: datetime, chance: random.Random) -> Counts:
    """Let somebody join in the day before a clock change, or just after it."""
    now, draw = at + timedelta(hours=chance.uniform(-26, 2)), chance.random()
    given, wanted = first_due(schedule, now, draw=draw), calendar.first_due(now, draw)
    differs = _differs(given, wanted, f"first_due({schedule}, {now!r}, draw={draw})")
    return Counts(first_dues=1, outside_window=int(not calendar.is_open(given)), oracle_disagrees=int(differs))


def _fail(schedule: Schedule, calendar: Calendar, at: datetime, chance: random.Random) -> Counts:
    """Let an occasion fail within its window, in the day before a clock change or the day after it."""
    while not calendar.is_open(now := at + timedelta(hours=chance.uniform(-24, 24))):
        pass
    due, failures = now - timedelta(minutes=chance.uniform(0, 60)), chance.randint(1, 5)
    closes_at = window_end(schedule, now)
    again = retry_at(schedule, now, closes_at=closes_at)
    later = retry_due(schedule, due=due, now=now, failures=failures)
    differs = [
        _differs(again, calendar.retry(now), f"retry_at({schedule}, {now!r}, closes_at={closes_at!r})"),
        _differs(
            later,
            calendar.after_failure(due, now, failures),
            f"retry_due({schedule}, due={due!r}, now={now!r}, failures={failures})",
        ),
    ]
    outside = [not calendar.is_open(given) for given in (again, later) if given is not None]
    return Counts(retries=len(outside), outside_window=sum(outside), oracle_disagrees=sum(differs))


def _differs(given: datetime | None, wanted: datetime | None, call: str) -> bool:
    """Compare; tell of a difference by the call that shows it again."""
    if given != wanted:
        print(f"{call} gives {given}, should be {wanted}", file=sys.stderr)
    return given != wanted


def vancouver() -> str:
    """Give 08:00 in Vancouver on 2026-12-01 in UTC, by the schedule; stale data says 16:00."""
    schedule = Schedule(zone="America/Vancouver", window=Window.MORNING, cadence=Cadence.DAILY)
    return f"{next_target(schedule, datetime(2026, 12, 1, 12, tzinfo=UTC)):%H:%M}Z"


def prove() -> Mapping[str, Figure]:
    """Walk everything; give each figure with its target and the number of due times or zones behind it."""
    groups = zone_groups()
    year = sum((walk_year(group[0]) for group in groups), Counts())
    found = _faults("year", year) | {
        "year_zones": _figure(sum(map(len, groups)), len(NAMES), year.due_times),
        "vancouver_2026_12_01_0800": _figure(vancouver(), "15:00Z", 1),
    }
    path = find_data(TRANSITIONS)
    if path is None:
        return found | {"changes_crossed": _figure("no data: set REFLECTA_TEST_DATA", "all", 0)}
    return found | _crossed(transitions.read(path))


def walk_all_changes(by_zone: Mapping[str, Sequence[datetime]], groups: Sequence[tuple[str, ...]]) -> Counts:
    """Walk one zone of each group over its changes; what it crosses, all zones of the group cross."""
    total = Counts()
    for names in groups:
        if changes := by_zone.get(names[0]):
            counts = walk_changes(names[0], changes)
            total += counts + Counts(crossed=counts.crossed * (len(names) - 1))
    return total


def _crossed(changes: Sequence[Transition]) -> dict[str, Figure]:
    counts = walk_all_changes(transitions.by_zone(changes), zone_groups())
    known, listed = set(transitions.found_in_the_zone_data()), set(changes)
    return _faults("changes", counts) | {
        "changes_of_the_zone_data": _figure(len(known & listed), len(known | listed), len(NAMES)),
        "changes_crossed": _figure(round(counts.crossed / len(PAIRS), 3), len(changes), counts.crossed),
        "changes_first_dues": Figure(counts.first_dues, NO_TARGET, met=True, n=counts.first_dues),
        "changes_retries": Figure(counts.retries, NO_TARGET, met=True, n=counts.retries),
    }


def _faults(prefix: str, counts: Counts) -> dict[str, Figure]:
    asked = counts.due_times + counts.first_dues + counts.retries
    return {f"{prefix}_{name}": _figure(count, 0, asked) for name, count in counts.faults.items()}


def _figure(value: float | str, target: float | str, n: int) -> Figure:
    return Figure(value, f"== {target}", met=value == target, n=n)


if __name__ == "__main__":
    raise SystemExit(report("zones", prove()))
