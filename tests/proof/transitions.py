"""Every clock change of 2020-2037, and the promises about them, reckoned a second time.

`whenever` is the oracle: it reads the same pinned data with code of its own. The guide's tables and the arithmetic
of due times are written out here again; nothing is shared with the service's schedule.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import whenever

from reflecta.domain.model import Cadence, Window
from reflecta.domain.zones import NAMES

TRANSITIONS = "tz/transitions_2020_2037.json"
SPAN = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC))
# The guide's tables, stated again and not imported: what is proved must not prove itself.
HOURS = {Window.MORNING: (6, 12, 8), Window.AFTERNOON: (12, 18, 14), Window.EVENING: (18, 22, 19)}
STEPS = {Cadence.DAILY: 1, Cadence.MULTIPLE_TIMES_PER_WEEK: 2, Cadence.ONCE_A_WEEK: 7}
FIRST = {Cadence.DAILY: (1, 7), Cadence.MULTIPLE_TIMES_PER_WEEK: (1, 13), Cadence.ONCE_A_WEEK: (1, 25)}
RETRY = {Cadence.DAILY: 2, Cadence.MULTIPLE_TIMES_PER_WEEK: 4, Cadence.ONCE_A_WEEK: 8}
FAILURES_RUNNING = 3
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, order=True)
class Transition:
    """A clock change: the first instant of the new offset, and by how much the clock is put forward."""

    at: datetime
    zone: str
    shift: timedelta

    @property
    def kind(self) -> tuple[timedelta, str]:
        """Give what sort of change it is: by how much, and at which hour of the old clock."""
        calendar = Calendar.of(self.zone)
        before = calendar.local(self.at - MINUTE)
        return self.shift, f"{before.hour:02}:{before.minute:02}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """One user's wishes on the wall clock of their zone, of which *kept* is any moment."""

    kept: whenever.ZonedDateTime
    window: Window
    cadence: Cadence

    @classmethod
    def of(cls, zone: str, window: Window = Window.MORNING, cadence: Cadence = Cadence.DAILY) -> "Calendar":
        """Make the calendar of a zone for a user's window and cadence."""
        return cls(_loaded(zone), window, cadence)

    def local(self, at: datetime) -> whenever.ZonedDateTime:
        """Give the wall clock at an instant."""
        moment = whenever.Instant(at)
        return moment.to_tz(self.kept.tz_id)  # pyright: ignore[reportUnknownMemberType]  whenever's own annotation

    def day(self, at: datetime) -> date:
        """Give the date at an instant."""
        return self.local(at).date().to_stdlib()

    def instant(self, day: date, hour: int) -> datetime:
        """Give the instant of a local hour: in a gap shifted forward, in an overlap the first."""
        local = whenever.ZonedDateTime(
            day.year, day.month, day.day, hour, tz=self.kept.tz_id, disambiguation="compatible"
        )
        return local.to_instant().to_stdlib()

    def is_open(self, at: datetime) -> bool:
        """Say whether the window is open at an instant."""
        opens, closes, _ = HOURS[self.window]
        return opens <= self.local(at).hour < closes

    def stays_open(self, start: datetime, end: datetime) -> bool:
        """Say whether the window is open from *start* until *end*, which may be its closing hour."""
        one, other = self.local(start), self.local(end)
        opens, closes, _ = HOURS[self.window]
        if one.offset == other.offset:
            seconds = other.hour * 3600 + other.minute * 60 + other.second + other.nanosecond / 1e9
            return one.date() == other.date() and opens <= one.hour and seconds <= closes * 3600
        minutes = (end - start) // MINUTE + 1
        # A clock change lies between: look at every minute, and at the last moment.
        looked_at = [start + MINUTE * k for k in range(minutes) if start + MINUTE * k < end]
        return all(self.is_open(at) for at in [*looked_at, end - timedelta(microseconds=1)])

    def has_room(self, at: datetime) -> bool:
        """Say whether the window is open and stays so until the next hourly tick."""
        return self.stays_open(at, at + HOUR)

    def target(self, day: date, after: datetime) -> datetime:
        """Give the first target hour on *day* or later that is later than *after*."""
        hour = HOURS[self.window][2]
        while (due := self.instant(day, hour)) <= after:
            day += timedelta(days=1)
        return due

    def next_target(self, after: datetime) -> datetime:
        """Give the first target hour later than *after*."""
        return self.target(self.day(after), after)

    def opening(self, at: datetime) -> datetime:
        """Give the instant itself where the window has room, else the next target hour."""
        return at if self.has_room(at) else self.next_target(at)

    def regular(self, after: datetime) -> datetime:
        """Give the regular due time after an occasion: the target hour 1, 2 or 7 dates later."""
        return self.target(self.day(after) + timedelta(days=STEPS[self.cadence]), after)

    def first_due(self, joined_at: datetime, draw: float) -> datetime:
        """Give the first due time of who joined, by a draw in [0, 1)."""
        low, high = FIRST[self.cadence]
        return self.opening(joined_at + timedelta(hours=low + (high - low) * draw))

    def may_be_first(self, due: datetime, joined_at: datetime) -> bool:
        """Say whether a first due time is one that some draw gives."""
        low, high = (joined_at + timedelta(hours=hours) for hours in FIRST[self.cadence])
        if low <= due <= high and self.has_room(due):
            return True
        # Otherwise some moment drawn has no room; where there are such, there are some on a quarter or at an end.
        quarters = range((high - low) // QUARTER)
        return any(self.opening(drawn) == due for drawn in (high, *(low + k * QUARTER for k in quarters)))

    def retry(self, failed_at: datetime) -> datetime | None:
        """Give when the same occasion may be tried again; None where its window closes first."""
        again = failed_at + timedelta(hours=RETRY[self.cadence])
        return again if self.stays_open(failed_at, again + HOUR) else None

    def after_failure(self, due: datetime, failed_at: datetime, failures: int) -> datetime:
        """Give the due time after an occasion that failed, the *failures*-th in a row."""
        regular = self.regular(max(due, failed_at))
        if failures > FAILURES_RUNNING:
            return regular
        return min(regular, self.opening(failed_at + timedelta(hours=RETRY[self.cadence])))


@cache
def _loaded(zone: str) -> whenever.ZonedDateTime:
    """Read a zone from the pinned data, never from the system. The moment keeps it loaded."""
    whenever.reset_tzpath([])
    return whenever.ZonedDateTime(2026, 1, 1, tz=zone)


def read(path: Path) -> Sequence[Transition]:
    """Read every clock change of 2020-2037, in order of time."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return sorted(Transition(datetime.fromtimestamp(at, UTC), zone, timedelta(seconds=s)) for zone, at, s, _ in rows)


def found_in_the_zone_data() -> Iterator[Transition]:
    """Look for the same in the pinned data, through the oracle: each instant at which a zone's offset changes."""
    for zone in sorted(NAMES):
        moment = Calendar.of(zone).local(SPAN[0] - timedelta(seconds=1))
        while (later := moment.next_transition()) is not None and later.to_instant().to_stdlib() < SPAN[1]:
            shift = (later.offset - moment.offset).to_stdlib()
            if shift:
                yield Transition(later.to_instant().to_stdlib(), zone, shift)
            moment = later


def by_zone(transitions: Sequence[Transition]) -> Mapping[str, Sequence[datetime]]:
    """Give the instants of each zone's changes, in order."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for transition in transitions:
        found[transition.zone].append(transition.at)
    return dict(sorted(found.items()))


def stand_ins(changes: Sequence[Transition]) -> Sequence[Transition]:
    """Give each zone that never changes an instant in the middle of 2026, with a shift of zero."""
    others = sorted(NAMES - {change.zone for change in changes})
    return [
        Transition(datetime(2026, 7, 1, number % 24, tzinfo=UTC), zone, timedelta(0))
        for number, zone in enumerate(others)
    ]


def by_hour(transitions: Sequence[Transition]) -> Mapping[datetime, Sequence[Transition]]:
    """Give together what changes in the same hour: one run of ticks serves them all."""
    found: defaultdict[datetime, list[Transition]] = defaultdict(list)
    for transition in transitions:
        found[transition.at.replace(minute=0, second=0)].append(transition)
    return dict(sorted(found.items()))


def sample(transitions: Sequence[Transition], size: int, seed: int) -> Sequence[Transition]:
    """Draw *size* changes, every kind among them at least once (there are 23 kinds)."""
    shuffled = random.Random(seed).sample(transitions, len(transitions))
    one_of_each = set({transition.kind: transition for transition in shuffled}.values())
    others = [transition for transition in shuffled if transition not in one_of_each]
    return sorted([*one_of_each, *others[: max(0, size - len(one_of_each))]])
