"""Local time reckoned a second time, with nothing of the scheduler's: zone data, windows and cadences.

The tables are those of the guide ('Time Window Logic', 'Frequency Logic'), stated again on purpose.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

WINDOWS: Final = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 22)}
TARGETS: Final = {"morning": 8, "afternoon": 14, "evening": 19}
DAYS: Final = {"daily": 1, "multipleTimesPerWeek": 2, "onceAWeek": 7}


@cache
def place(name: str) -> ZoneInfo:
    """Load a zone from the pinned tzdata package; KeyError when there is none of this name."""
    if name not in every_place():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def every_place() -> tuple[str, ...]:
    """Give the names of all zones a person can live in."""
    listing = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return tuple(sorted(set(listing) - {"Factory", "localtime", "posixrules"}))


def wall_clock(at: datetime, zone: str) -> datetime:
    """Give the local time of an instant."""
    return at.astimezone(place(zone))


def in_window(at: datetime, zone: str, window: str) -> bool:
    """Say whether an instant lies in a local window."""
    first, end = WINDOWS[window]
    return first <= wall_clock(at, zone).hour < end


def target_on(day: date, zone: str, window: str) -> datetime:
    """Give the instant of the target hour on a local date."""
    return datetime(day.year, day.month, day.day, TARGETS[window], tzinfo=place(zone)).astimezone(UTC)


def target_after(at: datetime, zone: str, window: str, days: int) -> datetime:
    """Give the target hour on the local date so many days after an instant, later than the instant."""
    day = wall_clock(at, zone).date() + timedelta(days=days)
    found = target_on(day, zone, window)
    return found if found > at else target_on(day + timedelta(days=1), zone, window)
