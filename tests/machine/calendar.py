"""Reckons windows and dates for the audit with `whenever`: shares nothing with the service's own schedule."""

from datetime import UTC, date, datetime

import whenever

whenever.reset_tzpath([])  # the pinned data, as the service has them

# The guide's tables, stated again: opening, closing and target hour; days from one message to the next.
HOURS = {"morning": (6, 12, 8), "afternoon": (12, 18, 14), "evening": (18, 22, 19)}
DAYS = {"daily": 1, "multipleTimesPerWeek": 2, "onceAWeek": 7}


def local(at: datetime, zone: str) -> whenever.ZonedDateTime:
    """Give the wall clock of a zone."""
    return whenever.Instant(at).to_tz(zone)  # pyright: ignore[reportUnknownMemberType]  whenever's own annotation


def date_in(zone: str, at: datetime) -> date:
    """Give the calendar date of a zone."""
    return local(at, zone).date().to_stdlib()


def is_open(zone: str, window: str, at: datetime) -> bool:
    """Say whether a window is open."""
    opens, closes, _ = HOURS[window]
    return opens <= local(at, zone).hour < closes


def regular(zone: str, window: str, cadence: str, after: datetime) -> datetime:
    """Give the target hour 1, 2 or 7 calendar days after the local date of an instant."""
    day = local(after, zone).date().add(days=DAYS[cadence])
    target = whenever.PlainDateTime(day.year, day.month, day.day, HOURS[window][2])
    there = target.assume_tz(zone, disambiguation="compatible")  # pyright: ignore[reportUnknownMemberType]
    return there.to_instant().to_stdlib().astimezone(UTC)
