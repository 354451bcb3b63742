"""Proof that the schedule holds in every zone: a year of due times, and every clock change of 2020-2037.

`python -m tests.proof.zones` prints the figures and writes out/zones.json. `whenever` is the oracle: it reads the
same pinned data with code of its own, and its arithmetic is written out here a second time.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import groupby
from pathlib import Path

import whenever
from tests.data import find_data
from tests.proof.figures import Figure, report

from reflecta.domain.model import Cadence, Window
from reflecta.domain.schedule import Schedule, next_due, next_target
from reflecta.domain.zones import NAMES

TRANSITIONS = "tz/transitions_2020_2037.json"
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 366
# The guide's tables, stated again and not imported: what is proved must not prove itself.
HOURS = {Window.MORNING: (6, 12, 8), Window.AFTERNOON: (12, 18, 14), Window.EVENING: (18, 22, 19)}
STEPS = {Cadence.DAILY: 1, Cadence.MULTIPLE_TIMES_PER_WEEK: 2, Cadence.ONCE_A_WEEK: 7}


@dataclass(frozen=True, slots=True)
class Counts:
    """What was walked, and what was wrong with it."""

    due_times: int = 0
    outside_window: int = 0
    doubled: int = 0
    starved: int = 0
    oracle_disagrees: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Add up field by field."""
        return Counts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Oracle:
    """Reckons with `whenever`. Holds a moment of its zone, which keeps the zone loaded."""

    kept: whenever.ZonedDateTime

    @classmethod
    def of(cls, zone: str) -> "Oracle":
        """Read a zone from the pinned data, never from the system."""
        whenever.reset_tzpath([])
        return cls(whenever.ZonedDateTime(2026, 1, 1, tz=zone))

    def local(self, at: datetime) -> whenever.ZonedDateTime:
        """Give the wall clock at an instant."""
        moment = whenever.Instant(at)
        return moment.to_tz(self.kept.tz_id)  # pyright: ignore[reportUnknownMemberType]  whenever's own annotation

    def instant(self, day: date, hour: int) -> datetime:
        """Give the instant of a local hour: in a gap shifted forward, in an overlap the first."""
        local = whenever.ZonedDateTime(
            day.year, day.month, day.day, hour, tz=self.kept.tz_id, disambiguation="compatible"
        )
        return local.to_instant().to_stdlib()


def zone_groups() -> Sequence[tuple[str, ...]]:
    """Give all zone names, those with identical data together: one walk stands for them all."""
    folder = resources.files("tzdata").joinpath("zoneinfo")
    contents = {name: folder.joinpath(*name.split("/")).read_bytes() for name in NAMES}
    ordered = sorted(NAMES, key=lambda name: (contents[name], name))
    return [tuple(group) for _, group in groupby(ordered, key=lambda name: contents[name])]


def walk(schedule: Schedule, oracle: Oracle, *, start: datetime, end: datetime) -> Counts:
    """Follow one schedule from due time to due time and count what is wrong."""
    opens, closes, target = HOURS[schedule.window]
    step = STEPS[schedule.cadence]
    due = next_target(schedule, start)
    day = oracle.local(due).date().to_stdlib()
    counts = [1, 0, 0, 0, int(due != oracle.instant(day, target))]
    while (due := next_due(schedule, due=due, now=due)) < end:
        local = oracle.local(due)
        before, day = day, local.date().to_stdlib()
        counts[0] += 1
        counts[1] += not opens <= local.hour < closes
        counts[2] += day <= before
        counts[3] += day > before + timedelta(days=step)
        counts[4] += due != oracle.instant(before + timedelta(days=step), target)
    return Counts(*counts)


def walk_year(zone: str) -> Counts:
    """Follow a zone's nine schedules for 366 days from the start of 2026."""
    oracle, total = Oracle.of(zone), Counts()
    for window in Window:
        for cadence in Cadence:
            schedule = Schedule(zone=zone, window=window, cadence=cadence)
            total += walk(schedule, oracle, start=START, end=START + timedelta(days=DAYS))
    return total


def transitions(path: Path) -> Iterator[tuple[str, Sequence[datetime]]]:
    """Read every clock change of 2020-2037 by zone."""
    rows = sorted((str(row[0]), int(row[1])) for row in json.loads(path.read_text(encoding="utf-8")))
    for zone, group in groupby(rows, key=lambda row: row[0]):
        yield zone, [datetime.fromtimestamp(seconds, UTC) for _, seconds in group]


def walk_changes(zone: str, changes: Sequence[datetime]) -> Counts:
    """Follow a zone's three daily schedules over each clock change, from three days before to three after."""
    oracle, total = Oracle.of(zone), Counts()
    for window in Window:
        schedule = Schedule(zone=zone, window=window, cadence=Cadence.DAILY)
        for at in changes:
            total += walk(schedule, oracle, start=at - timedelta(days=3), end=at + timedelta(days=3))
    return total


def vancouver() -> str:
    """Give 08:00 in Vancouver on 2026-12-01 in UTC, by the schedule; stale data says 16:00."""
    schedule = Schedule(zone="America/Vancouver", window=Window.MORNING, cadence=Cadence.DAILY)
    return f"{next_target(schedule, datetime(2026, 12, 1, 12, tzinfo=UTC)):%H:%M}Z"


def prove() -> Mapping[str, Figure]:
    """Walk everything; give each figure with its target and the number of due times or zones behind it."""
    groups = zone_groups()
    year = sum((walk_year(group[0]) for group in groups), Counts())
    figures = _figures("year", year) | {
        "year_zones": _figure(sum(map(len, groups)), target=len(NAMES), n=len(groups)),
        "vancouver_2026_12_01_0800": _figure(vancouver(), target="15:00Z", n=1),
    }
    path = find_data(TRANSITIONS)
    if path is None:
        return figures | {"changes_walked": _figure("no data: set REFLECTA_TEST_DATA", target="all", n=0)}
    changes = dict(transitions(path))
    crossed = sum((walk_changes(zone, moments) for zone, moments in changes.items()), Counts())
    walked = sum(map(len, changes.values()))
    return figures | _figures("changes", crossed) | {"changes_walked": _figure(walked, target=walked, n=len(changes))}


def _figures(prefix: str, counts: Counts) -> dict[str, Figure]:
    faults = {name: count for name, count in asdict(counts).items() if name != "due_times"}
    return {f"{prefix}_{name}": _figure(count, target=0, n=counts.due_times) for name, count in faults.items()}


def _figure(value: float | str, *, target: float | str, n: int) -> Figure:
    return Figure(value, f"== {target}", met=value == target, n=n)


if __name__ == "__main__":
    raise SystemExit(report("zones", prove()))
