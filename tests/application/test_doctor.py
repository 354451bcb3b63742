"""How the facts of a deployment are judged."""

from datetime import UTC, datetime, timedelta

import pytest

from reflecta.application import doctor
from reflecta.application.doctor import Level, fail, is_well, ok, warn
from reflecta.application.ports.store import TickRecord
from reflecta.domain.zones import IANA_VERSION

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_tick(ago: timedelta, *, errors: int = 0) -> TickRecord:
    return TickRecord(
        at=NOW - ago,
        users_due=3,
        users_bootstrapped=0,
        jobs_created=3,
        users_rescheduled=0,
        errors=errors,
        seconds=0.1,
    )


@pytest.mark.parametrize(
    ("now", "level"),
    [
        (NOW, Level.OK),
        (datetime(1970, 1, 1, tzinfo=UTC), Level.FAIL),
        (datetime(2025, 12, 31, tzinfo=UTC), Level.FAIL),
        (datetime(2100, 1, 1, tzinfo=UTC), Level.FAIL),
        (NOW.replace(tzinfo=None), Level.FAIL),
    ],
)
def test_a_clock_that_cannot_be_right_is_a_fault(now: datetime, level: Level) -> None:
    assert doctor.judge_clock(now, "2026f").level is level


@pytest.mark.parametrize(
    ("apart", "level"), [(0.2, Level.OK), (-4.9, Level.OK), (5, Level.WARN), (-29, Level.WARN), (30, Level.FAIL)]
)
def test_clocks_may_not_be_half_a_lease_apart(apart: float, level: Level) -> None:
    assert doctor.judge_clocks(NOW, NOW + timedelta(seconds=apart)).level is level


@pytest.mark.parametrize(
    ("version", "level"),
    [("2026f", Level.OK), ("2025h", Level.OK), ("2025b", Level.WARN), ("2019a", Level.WARN), ("new", Level.WARN)],
)
def test_zone_data_of_more_than_400_days_are_stale(version: str, level: Level) -> None:
    assert doctor.judge_zone_data(NOW, version).level is level


def test_the_zone_data_that_come_along_tell_vancouver_right_and_their_year() -> None:
    assert doctor.judge_zones().level is Level.OK
    assert doctor.judge_zone_data(NOW, IANA_VERSION).level is Level.OK


@pytest.mark.parametrize(
    ("ago", "level"),
    [(timedelta(minutes=5), Level.OK), (timedelta(hours=2), Level.OK), (timedelta(hours=3), Level.WARN)],
)
def test_ticks_that_stay_away_are_told(ago: timedelta, level: Level) -> None:
    assert doctor.judge_ticks(a_tick(ago), NOW).level is level


def test_a_tick_that_could_not_plan_for_somebody_says_where_they_are_listed() -> None:
    found = doctor.judge_ticks(a_tick(timedelta(0), errors=2), NOW)
    assert (found.level, found.fix) == (Level.WARN, "`reflecta list --category needs-timezone`")


def test_no_tick_at_all_says_how_to_have_some() -> None:
    found = doctor.judge_ticks(None, NOW)
    assert found.level is Level.WARN
    assert "reflecta serve" in (found.fix or "")


def test_unknown_pushes_are_told_and_not_repeated() -> None:
    found = doctor.judge_pushes(unknown=2, stuck=0, late=0)
    assert found.level is Level.WARN
    assert "not repeated" in (found.fix or "")


def test_stuck_pushes_ask_for_somebody_to_send_them() -> None:
    assert "reflecta worker" in (doctor.judge_pushes(unknown=2, stuck=1, late=0).fix or "")


def test_warnings_do_not_make_a_deployment_ill() -> None:
    assert is_well([ok("a", ""), warn("b", "", "look")])
    assert not is_well([ok("a", ""), fail("b", "", "mend")])
