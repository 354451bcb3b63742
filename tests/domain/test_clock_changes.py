"""Due times over the clock changes and zones that break the usual assumptions, one by one."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from reflecta.domain.model import Cadence, Window
from reflecta.domain.schedule import (
    Schedule,
    first_due,
    instant,
    is_open,
    local_date,
    local_time,
    next_due,
    next_target,
    retry_at,
    window_end,
)


def daily(zone: str, window: Window = Window.MORNING) -> Schedule:
    return Schedule(zone=zone, window=window, cadence=Cadence.DAILY)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def following(schedule: Schedule, due: datetime, times: int) -> list[str]:
    dues = [due]
    for _ in range(times):
        dues.append(next_due(schedule, due=dues[-1], now=dues[-1]))
    return [f"{at:%m-%dT%H:%M}" for at in dues[1:]]


def test_vancouver_is_at_minus_seven_in_december_2026() -> None:
    assert next_target(daily("America/Vancouver"), utc("2026-12-01T02:00")) == utc("2026-12-01T15:00")


@pytest.mark.parametrize(
    ("zone", "window", "due", "expected"),
    [
        ("America/New_York", Window.MORNING, "2026-03-07T13:00", ["03-08T12:00", "03-09T12:00"]),
        ("America/New_York", Window.MORNING, "2026-10-31T12:00", ["11-01T13:00", "11-02T13:00"]),
        ("Australia/Lord_Howe", Window.MORNING, "2026-04-03T21:00", ["04-04T21:30", "04-05T21:30"]),
        ("Australia/Lord_Howe", Window.MORNING, "2026-10-02T21:30", ["10-03T21:00", "10-04T21:00"]),
        ("Pacific/Easter", Window.EVENING, "2026-04-04T00:00", ["04-05T00:00", "04-06T01:00"]),
        ("Antarctica/Casey", Window.EVENING, "2022-03-11T08:00", ["03-12T08:00", "03-13T11:00"]),
        ("Antarctica/Troll", Window.MORNING, "2026-03-28T08:00", ["03-29T06:00", "03-30T06:00"]),
        ("Africa/Cairo", Window.MORNING, "2026-04-23T06:00", ["04-24T05:00", "04-25T05:00"]),
        ("Asia/Beirut", Window.MORNING, "2026-03-28T06:00", ["03-29T05:00", "03-30T05:00"]),
    ],
)
def test_a_daily_due_time_keeps_its_local_hour_over_a_clock_change(
    zone: str, window: Window, due: str, expected: list[str]
) -> None:
    assert following(daily(zone, window), utc(due), len(expected)) == expected


@pytest.mark.parametrize(
    ("zone", "expected"), [("Asia/Kathmandu", "2026-01-15T02:15"), ("Pacific/Chatham", "2026-01-14T18:15")]
)
def test_offsets_of_quarter_hours_are_exact(zone: str, expected: str) -> None:
    assert instant(date(2026, 1, 15), time(8), zone) == utc(expected)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Auckland", "Africa/Cairo"])
def test_eight_asked_on_the_eve_of_any_change_is_eight(zone: str) -> None:
    due = next_target(daily(zone), utc("2026-01-01T00:00"))
    hours: set[int] = set()
    for _ in range(366):
        due = next_due(daily(zone), due=due, now=due)
        hours.add(local_time(due, zone).hour)
    assert hours == {8}


def test_a_weekly_monday_in_auckland_stays_a_monday() -> None:
    schedule = Schedule(zone="Pacific/Auckland", window=Window.MORNING, cadence=Cadence.ONCE_A_WEEK)
    due = utc("2026-09-20T20:00")
    days: set[str] = set()
    for _ in range(60):
        due = next_due(schedule, due=due, now=due)
        days.add(f"{local_time(due, schedule.zone):%A %H:%M}")
    assert days == {"Monday 08:00"}


@pytest.mark.parametrize("window", Window)
@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.MULTIPLE_TIMES_PER_WEEK])
def test_the_date_that_apia_skipped_gives_no_second_due_time(window: Window, cadence: Cadence) -> None:
    schedule = Schedule(zone="Pacific/Apia", window=window, cadence=cadence)
    due = next_target(schedule, utc("2011-12-27T12:00"))
    dates = [local_date(due, schedule.zone)]
    while dates[-1].year == 2011:
        due = next_due(schedule, due=due, now=due)
        dates.append(local_date(due, schedule.zone))
    assert dates == sorted(set(dates))
    assert is_open(schedule, due)


def test_a_due_time_asked_for_the_skipped_date_falls_on_the_next_one() -> None:
    # In Apia 2011-12-29 was followed by 2011-12-31.
    due = next_due(daily("Pacific/Apia"), due=utc("2011-12-29T18:00"), now=utc("2011-12-29T18:00"))
    assert local_time(due, "Pacific/Apia").isoformat() == "2011-12-31T08:00:00+14:00"


@pytest.mark.parametrize("at", ["2026-04-05T02:30", "2026-04-05T03:30"])
def test_an_evening_hour_that_occurs_twice_is_open_twice_and_ends_once(at: str) -> None:
    # Easter Island, 2026-04-04: the clock goes from 22:00 back to 21:00.
    schedule = daily("Pacific/Easter", Window.EVENING)
    assert is_open(schedule, utc(at))
    assert window_end(schedule, utc(at)) == utc("2026-04-05T04:00")


def test_an_evening_that_loses_its_end_is_closed_at_the_change() -> None:
    # Easter Island, 2026-09-05: the clock goes from 22:00 on to 23:00.
    schedule = daily("Pacific/Easter", Window.EVENING)
    assert window_end(schedule, utc("2026-09-06T03:30")) == utc("2026-09-06T04:00")
    assert not is_open(schedule, utc("2026-09-06T04:00"))


@pytest.mark.parametrize(
    ("at", "end"), [("2022-03-12T10:30", "2022-03-12T11:00"), ("2022-03-12T13:30", "2022-03-12T14:00")]
)
def test_a_window_that_opens_again_has_an_end_of_its_own(at: str, end: str) -> None:
    # Casey, 2022-03-13 00:00: the clock goes three hours back, to 21:00 of the evening that had ended.
    schedule = daily("Antarctica/Casey", Window.EVENING)
    assert window_end(schedule, utc(at)) == utc(end)


def test_a_retry_does_not_cross_from_one_occurrence_of_an_evening_into_the_other() -> None:
    schedule, now = daily("Antarctica/Casey", Window.EVENING), utc("2022-03-12T10:30")
    assert is_open(schedule, now + timedelta(hours=3))
    assert retry_at(schedule, now, closes_at=window_end(schedule, now)) is None


@pytest.mark.parametrize(("day", "expected"), [("04-05", "2026-04-05T03:00"), ("04-06", None)])
def test_an_evening_that_is_an_hour_longer_has_room_for_a_retry_that_others_have_not(
    day: str, expected: str | None
) -> None:
    # Easter Island, 2026-04-04: twice 21:00 to 22:00. A first try at 20:00 is repeated after two hours.
    schedule, now = daily("Pacific/Easter", Window.EVENING), utc(f"2026-{day}T{'01' if expected else '02'}:00")
    assert retry_at(schedule, now, closes_at=window_end(schedule, now)) == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    ("joined", "hours", "expected"),
    [
        ("2026-03-08T06:30", 3.5, "2026-03-08T10:00"),
        ("2026-03-09T05:30", 3.5, "2026-03-09T12:00"),
        ("2026-11-01T05:30", 5.5, "2026-11-01T11:00"),
        ("2026-11-01T05:30", 4.5, "2026-11-01T13:00"),
    ],
)
def test_a_first_due_time_opens_by_the_clock_after_the_change(joined: str, hours: float, expected: str) -> None:
    # New York, joined at 01:30: in March six o'clock comes after 3.5 hours, in November after 5.5.
    due = first_due(daily("America/New_York"), utc(joined), draw=(hours - 1) / 6)
    assert abs(due - utc(expected)) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("2026-03-08T02:30", "2026-03-08T07:30"), ("2026-11-01T01:30", "2026-11-01T05:30")],
)
def test_a_gap_shifts_forward_and_an_overlap_means_the_first(moment: str, expected: str) -> None:
    local = datetime.fromisoformat(moment)
    assert instant(local.date(), local.time(), "America/New_York") == utc(expected)


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (Window.MORNING, "06:00", "12:00"),
        (Window.AFTERNOON, "12:00", "18:00"),
        (Window.EVENING, "18:00", "22:00"),
    ],
)
def test_windows_are_half_open(window: Window, start: str, end: str) -> None:
    schedule, instant_before = daily("UTC", window), timedelta(microseconds=1)
    opening, closing = utc(f"2026-05-05T{start}"), utc(f"2026-05-05T{end}")
    edges = [opening - instant_before, opening, closing - instant_before, closing]
    assert [is_open(schedule, at) for at in edges] == [False, True, True, False]


def test_the_next_target_hour_is_never_now() -> None:
    at_eight = utc("2026-05-05T08:00")
    assert next_target(daily("UTC"), at_eight) == at_eight + timedelta(days=1)
    assert next_target(daily("UTC"), at_eight - timedelta(microseconds=1)) == at_eight


def test_a_due_time_of_long_ago_is_followed_by_one_only() -> None:
    now = utc("2026-05-05T10:00")
    assert next_due(daily("UTC"), due=utc("2020-01-01T08:00"), now=now) == utc("2026-05-06T08:00")
