"""Every zone, window and cadence for a year, and every clock change of 2020-2037, with `whenever` as the oracle."""

from datetime import UTC, datetime, time

import pytest
from tests.data import need_data
from tests.proof.transitions import TRANSITIONS, Calendar, by_zone, found_in_the_zone_data, read, sample
from tests.proof.zones import MOMENTS, PAIRS, Counts, walk_all_changes, walk_year, zone_groups

from reflecta.domain.zones import NAMES

CHUNKS = 8


def test_the_oracle_reads_the_pinned_data() -> None:
    day = datetime(2026, 12, 1, tzinfo=UTC).date()
    assert Calendar.of("America/Vancouver").instant(day, 8) == datetime.combine(day, time(15), UTC)


def test_the_groups_of_equal_zones_hold_every_zone_once() -> None:
    assert sorted(name for group in zone_groups() for name in group) == sorted(NAMES)


def test_the_listed_clock_changes_are_all_those_of_the_pinned_data() -> None:
    assert list(read(need_data(TRANSITIONS))) == sorted(found_in_the_zone_data())


def test_a_sample_of_clock_changes_has_every_kind_of_them() -> None:
    changes = read(need_data(TRANSITIONS))
    drawn = sample(changes, 40, seed=1)
    assert len(set(drawn)) == 40
    assert {change.kind for change in drawn} == {change.kind for change in changes}


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_year_of_due_times_is_in_the_window_once_a_date_and_without_gaps(chunk: int) -> None:
    groups = zone_groups()[chunk::CHUNKS]
    counts = sum((walk_year(group[0]) for group in groups), Counts())
    assert not any(counts.faults.values()), counts
    # Nine schedules: three each of 366, 183 and 52 due times, give or take the ends of the span.
    assert counts.due_times == pytest.approx(1803 * len(groups), abs=6 * len(groups))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_due_times_first_dues_and_retries_hold_over_every_clock_change(chunk: int) -> None:
    changes, groups = by_zone(read(need_data(TRANSITIONS))), zone_groups()[chunk::CHUNKS]
    counts = walk_all_changes(changes, groups)
    walked = sum(len(changes.get(group[0], ())) for group in groups)
    assert not any(counts.faults.values()), counts
    assert counts.crossed == len(PAIRS) * sum(len(changes.get(zone, ())) for group in groups for zone in group)
    assert counts.first_dues == MOMENTS * len(PAIRS) * walked
