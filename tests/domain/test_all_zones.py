"""Every zone, window and cadence for a year, and every clock change of 2020-2037, with `whenever` as the oracle."""

from datetime import UTC, datetime, time

import pytest
from tests.data import need_data
from tests.proof.zones import TRANSITIONS, Counts, Oracle, transitions, walk_changes, walk_year, zone_groups

from reflecta.domain.zones import NAMES

CHUNKS = 8


def test_the_oracle_reads_the_pinned_data() -> None:
    day = datetime(2026, 12, 1, tzinfo=UTC).date()
    assert Oracle.of("America/Vancouver").instant(day, 8) == datetime.combine(day, time(15), UTC)


def test_the_groups_of_equal_zones_hold_every_zone_once() -> None:
    assert sorted(name for group in zone_groups() for name in group) == sorted(NAMES)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_year_of_due_times_is_in_the_window_once_a_date_and_without_gaps(chunk: int) -> None:
    groups = zone_groups()[chunk::CHUNKS]
    counts = sum((walk_year(group[0]) for group in groups), Counts())
    assert counts == Counts(due_times=counts.due_times)
    # Nine schedules: three each of 366, 183 and 52 due times, give or take the ends of the span.
    assert counts.due_times == pytest.approx(1803 * len(groups), abs=6 * len(groups))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_due_times_hold_over_every_clock_change(chunk: int) -> None:
    changes = list(transitions(need_data(TRANSITIONS)))[chunk::CHUNKS]
    counts = sum((walk_changes(zone, moments) for zone, moments in changes), Counts())
    assert counts == Counts(due_times=counts.due_times)
    assert counts.due_times >= 15 * sum(len(moments) for _, moments in changes)
