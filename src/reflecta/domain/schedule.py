"""When to write next: windows, cadences and due times in the user's own calendar.

Windows are half-open local intervals. A cadence counts calendar days, never 24-hour steps. A local time that a
clock change skips moves forward by the gap; one that occurs twice means its first occurrence.
Source of the tables: the guide, 'Time Window Logic', 'Frequency Logic', 'Retry Intervals'.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from reflecta.domain.model import Cadence, Window
from reflecta.domain.zones import zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What due times depend on. *zone* is an exact IANA name."""

    zone: str
    window: Window
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class _Hours:
    start: time
    end: time
    target: time


_HOURS: Final = {
    Window.MORNING: _Hours(time(6), time(12), time(8)),
    Window.AFTERNOON: _Hours(time(12), time(18), time(14)),
    Window.EVENING: _Hours(time(18), time(22), time(19)),
}
_DAYS: Final = {Cadence.DAILY: 1, Cadence.MULTIPLE_TIMES_PER_WEEK: 2, Cadence.ONCE_A_WEEK: 7}
_FIRST_DUE_HOURS: Final = {
    Cadence.DAILY: (1, 7),
    Cadence.MULTIPLE_TIMES_PER_WEEK: (1, 13),
    Cadence.ONCE_A_WEEK: (1, 25),
}
_RETRY: Final = {
    Cadence.DAILY: timedelta(hours=2),
    Cadence.MULTIPLE_TIMES_PER_WEEK: timedelta(hours=4),
    Cadence.ONCE_A_WEEK: timedelta(hours=8),
}
# The guide's cron is hourly: a due time is seen at most this much later.
TICK_INTERVAL: Final = timedelta(hours=1)
# A cron that fires a little early must not cost its users an hour.
LOOKAHEAD: Final = timedelta(seconds=60)


def instant(day: date, at: time, zone_name: str) -> datetime:
    """Give the UTC instant of a local time; in a gap shifted forward, in an overlap the first."""
    local = datetime.combine(day, at, tzinfo=zone(zone_name)).replace(fold=0)
    # fold=0 in a gap reckons with the offset before it, which is the shift forward that RFC 5545 asks for.
    return local.astimezone(UTC)


def local_time(at: datetime, zone_name: str) -> datetime:
    """Give the user's wall clock at an instant."""
    return at.astimezone(zone(zone_name))


def local_date(at: datetime, zone_name: str) -> date:
    """Give the user's calendar date at an instant."""
    return local_time(at, zone_name).date()


def is_open(schedule: Schedule, at: datetime) -> bool:
    """Say whether the user may be written to at an instant."""
    hours = _HOURS[schedule.window]
    return hours.start <= local_time(at, schedule.zone).time() < hours.end


def window_end(schedule: Schedule, at: datetime) -> datetime:
    """Give the first instant after *at* (which lies in the window) at which the window is closed."""
    day, end = local_date(at, schedule.zone), _HOURS[schedule.window].end
    first = instant(day, end, schedule.zone)
    if first > at:
        return first
    # A clock change sent the hours around the end back (Casey, 2022-03-13): the second end is meant.
    return datetime.combine(day, end, tzinfo=zone(schedule.zone)).replace(fold=1).astimezone(UTC)


def has_room(schedule: Schedule, at: datetime, tick_interval: timedelta = TICK_INTERVAL) -> bool:
    """Say whether the window is open at an instant and stays open until the tick after it."""
    return is_open(schedule, at) and at + tick_interval <= window_end(schedule, at)


def next_target(schedule: Schedule, after: datetime) -> datetime:
    """Give the first target hour later than *after*."""
    return _first_target(schedule, local_date(after, schedule.zone), after)


def next_opening(schedule: Schedule, now: datetime, tick_interval: timedelta = TICK_INTERVAL) -> datetime:
    """Give *now* if the window has room, else the next target hour."""
    return now if has_room(schedule, now, tick_interval) else next_target(schedule, now)


def first_due(schedule: Schedule, now: datetime, *, draw: float, tick_interval: timedelta = TICK_INTERVAL) -> datetime:
    """Give a new user's first due time: 1-7, 1-13 or 1-25 hours from now by cadence, moved into the window.

    *draw* is uniform in [0, 1).
    """
    low, high = _FIRST_DUE_HOURS[schedule.cadence]
    return next_opening(schedule, now + timedelta(hours=low + (high - low) * draw), tick_interval)


def next_due(schedule: Schedule, *, due: datetime, now: datetime) -> datetime:
    """Give the regular due time after an occasion: the target hour 1, 2 or 7 local dates later.

    Counted from the later of *due* and *now*, and always later than now.
    """
    start = max(due, now)
    day = local_date(start, schedule.zone) + timedelta(days=_DAYS[schedule.cadence])
    return _first_target(schedule, day, start)


def retry_at(
    schedule: Schedule, now: datetime, *, closes_at: datetime | None, tick_interval: timedelta = TICK_INTERVAL
) -> datetime | None:
    """Give when an occasion may be tried again inside its own window, or None when it ends first.

    *closes_at* is the end of its window; None for a forced occasion, which has none.
    """
    at = now + _RETRY[schedule.cadence]
    if closes_at is None or at + tick_interval <= closes_at:
        return at
    return None


def retry_due(
    schedule: Schedule,
    *,
    due: datetime,
    now: datetime,
    failures: int,
    tick_interval: timedelta = TICK_INTERVAL,
) -> datetime:
    """Give the due time after a failed occasion: sooner than the regular one, at most 3 times running.

    *failures* counts the failed occasions in a row, this one included.
    """
    regular = next_due(schedule, due=due, now=now)
    if failures > MAX_FAILURES:
        return regular
    return min(regular, next_opening(schedule, now + _RETRY[schedule.cadence], tick_interval))


MAX_FAILURES: Final = 3


def edited_due(
    schedule: Schedule,
    *,
    last_sent_at: datetime | None,
    now: datetime,
    tick_interval: timedelta = TICK_INTERVAL,
) -> datetime:
    """Give the due time after a user's zone, window or cadence was edited.

    Regular from the last message and not before the next opening; without one, the next target hour.
    """
    if last_sent_at is None:
        return next_target(schedule, now)
    regular = next_due(schedule, due=last_sent_at, now=last_sent_at)
    return regular if regular > now else next_opening(schedule, now, tick_interval)


def _first_target(schedule: Schedule, day: date, after: datetime) -> datetime:
    """Give the first target hour on *day* or later, and later than *after*."""
    # A date that the zone skipped (Apia, 2011-12-30) is a gap of 24 h: its hour is that of the next date.
    while (due := instant(day, _HOURS[schedule.window].target, schedule.zone)) <= after:
        day += timedelta(days=1)
    return due
