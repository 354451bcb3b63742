"""Properties of due times over zones, windows, cadences and instants of 2020-2037."""

from datetime import datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import moments, open_moments, properties

from reflecta.domain.model import Cadence, Window
from reflecta.domain.schedule import (
    MAX_FAILURES,
    TICK_INTERVAL,
    Schedule,
    edited_due,
    first_due,
    has_room,
    is_open,
    local_date,
    local_time,
    next_due,
    next_opening,
    next_target,
    retry_at,
    retry_due,
    window_end,
)

TARGET = {Window.MORNING: time(8), Window.AFTERNOON: time(14), Window.EVENING: time(19)}
DAYS = {Cadence.DAILY: 1, Cadence.MULTIPLE_TIMES_PER_WEEK: 2, Cadence.ONCE_A_WEEK: 7}
RETRY_HOURS = {Cadence.DAILY: 2, Cadence.MULTIPLE_TIMES_PER_WEEK: 4, Cadence.ONCE_A_WEEK: 8}
FIRST_HOURS = {Cadence.DAILY: 7, Cadence.MULTIPLE_TIMES_PER_WEEK: 13, Cadence.ONCE_A_WEEK: 25}
INSTANT = timedelta(microseconds=1)

late = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=40))
draws = st.floats(min_value=0, max_value=1, exclude_max=True)
ticks = st.sampled_from([timedelta(minutes=1), timedelta(minutes=15), TICK_INTERVAL])


@given(moments(), late)
@properties
def test_the_next_due_time_is_later_than_now_and_at_the_target_hour(
    moment: tuple[Schedule, datetime], lag: timedelta
) -> None:
    schedule, due = moment
    following = next_due(schedule, due=due, now=due + lag)
    assert following > due + lag
    # No zone skips 08:00, 14:00 or 19:00 in these years, so nothing is shifted.
    assert local_time(following, schedule.zone).time() == TARGET[schedule.window]


@given(moments(), late)
@properties
def test_the_next_due_time_has_an_open_window_with_room_for_a_tick(
    moment: tuple[Schedule, datetime], lag: timedelta
) -> None:
    schedule, due = moment
    assert has_room(schedule, next_due(schedule, due=due, now=due + lag))


@given(moments(), late)
@properties
def test_a_cadence_counts_local_dates_from_the_later_of_due_and_now(
    moment: tuple[Schedule, datetime], lag: timedelta
) -> None:
    schedule, at = moment
    following = local_date(next_due(schedule, due=at, now=at + lag), schedule.zone)
    assert (following - local_date(at + lag, schedule.zone)).days == DAYS[schedule.cadence]
    assert local_date(next_due(schedule, due=at + lag, now=at), schedule.zone) == following


@given(moments(), draws, ticks)
@properties
def test_the_first_due_time_lies_in_the_window_with_room_for_a_tick(
    moment: tuple[Schedule, datetime], draw: float, tick: timedelta
) -> None:
    schedule, now = moment
    due = first_due(schedule, now, draw=draw, tick_interval=tick)
    assert has_room(schedule, due, tick)
    assert is_open(schedule, due + tick - INSTANT)


@given(open_moments(), draws, ticks, st.floats(min_value=0.01, max_value=0.99))
@properties
def test_a_first_due_time_that_falls_into_the_last_tick_of_a_window_waits_for_the_next(
    moment: tuple[Schedule, datetime], draw: float, tick: timedelta, left: float
) -> None:
    schedule, at = moment
    too_late = window_end(schedule, at) - tick * left
    now = too_late - timedelta(hours=1 + (FIRST_HOURS[schedule.cadence] - 1) * draw)
    due = first_due(schedule, now, draw=draw, tick_interval=tick)
    assert due > too_late
    assert is_open(schedule, due + tick - INSTANT)


@given(moments(), draws)
@properties
def test_the_first_due_time_is_an_hour_off_at_least_and_a_day_after_the_draw_at_most(
    moment: tuple[Schedule, datetime], draw: float
) -> None:
    schedule, now = moment
    due = first_due(schedule, now, draw=draw)
    longest_day = timedelta(hours=27)  # Casey, 2022-03-12
    assert now + timedelta(hours=1) <= due <= now + timedelta(hours=FIRST_HOURS[schedule.cadence]) + longest_day


@given(open_moments(), ticks)
@properties
def test_a_retry_lies_in_its_own_window_with_a_tick_to_spare(
    moment: tuple[Schedule, datetime], tick: timedelta
) -> None:
    schedule, now = moment
    closes_at = window_end(schedule, now)
    at = retry_at(schedule, now, closes_at=closes_at, tick_interval=tick)
    wanted = now + timedelta(hours=RETRY_HOURS[schedule.cadence])
    assert at == (wanted if wanted + tick <= closes_at else None)
    assert at is None or (is_open(schedule, at) and is_open(schedule, at + tick - INSTANT))


@given(moments())
@properties
def test_a_forced_occasion_may_always_be_retried(moment: tuple[Schedule, datetime]) -> None:
    schedule, now = moment
    assert retry_at(schedule, now, closes_at=None) == now + timedelta(hours=RETRY_HOURS[schedule.cadence])


@given(moments(), late, st.integers(1, MAX_FAILURES))
@properties
def test_after_a_failure_the_user_is_due_sooner_but_not_at_once(
    moment: tuple[Schedule, datetime], lag: timedelta, failures: int
) -> None:
    schedule, due = moment
    now = due + lag
    again = retry_due(schedule, due=due, now=now, failures=failures)
    soonest = next_opening(schedule, now + timedelta(hours=RETRY_HOURS[schedule.cadence]))
    assert again == min(soonest, next_due(schedule, due=due, now=now))
    assert has_room(schedule, again)


@given(moments(), late, st.integers(MAX_FAILURES + 1, 99))
@properties
def test_after_three_early_retries_the_regular_due_time_is_kept(
    moment: tuple[Schedule, datetime], lag: timedelta, failures: int
) -> None:
    schedule, due = moment
    again = retry_due(schedule, due=due, now=due + lag, failures=failures)
    assert again == next_due(schedule, due=due, now=due + lag)


@given(moments(), ticks)
@properties
def test_the_next_opening_is_now_or_else_the_next_target_hour(
    moment: tuple[Schedule, datetime], tick: timedelta
) -> None:
    schedule, now = moment
    opening = next_opening(schedule, now, tick)
    assert opening == (now if has_room(schedule, now, tick) else next_target(schedule, now))
    assert has_room(schedule, opening, tick)


@given(moments())
@properties
def test_the_next_target_hour_is_the_first_one_after_now(moment: tuple[Schedule, datetime]) -> None:
    schedule, now = moment
    target = next_target(schedule, now)
    assert target > now
    distance = (local_date(target, schedule.zone) - local_date(now, schedule.zone)).days
    assert distance == (local_time(now, schedule.zone).time() >= TARGET[schedule.window])


@given(moments(), late)
@properties
def test_an_edit_keeps_the_distance_from_the_last_message(moment: tuple[Schedule, datetime], lag: timedelta) -> None:
    schedule, last = moment
    due = edited_due(schedule, last_sent_at=last, now=last + lag)
    assert has_room(schedule, due)
    assert due >= last + lag
    assert (local_date(due, schedule.zone) - local_date(last, schedule.zone)).days >= DAYS[schedule.cadence]


@given(moments(), late)
@properties
def test_an_edit_never_puts_off_a_user_who_is_overdue(moment: tuple[Schedule, datetime], lag: timedelta) -> None:
    schedule, last = moment
    regular = next_due(schedule, due=last, now=last)
    due = edited_due(schedule, last_sent_at=last, now=last + lag)
    assert due == max(regular, next_opening(schedule, last + lag))


@given(moments())
@properties
def test_an_edit_before_any_message_means_the_next_target_hour(moment: tuple[Schedule, datetime]) -> None:
    schedule, now = moment
    assert edited_due(schedule, last_sent_at=None, now=now) == next_target(schedule, now)


@given(open_moments())
@properties
def test_a_window_ends_at_the_first_instant_at_which_it_is_closed(moment: tuple[Schedule, datetime]) -> None:
    schedule, at = moment
    end = window_end(schedule, at)
    assert at < end <= at + timedelta(hours=6)
    assert not is_open(schedule, end)
    step = (end - at) / 8
    assert all(is_open(schedule, at + step * i) for i in range(8))
    assert is_open(schedule, end - INSTANT)


@given(moments(), st.lists(st.timedeltas(min_value=timedelta(), max_value=timedelta(hours=4)), max_size=9))
@properties
def test_due_times_in_a_row_never_share_a_local_date(moment: tuple[Schedule, datetime], lags: list[timedelta]) -> None:
    schedule, due = moment
    dues = [due]
    for lag in lags:
        dues.append(next_due(schedule, due=dues[-1], now=dues[-1] + lag))
    dates = [local_date(at, schedule.zone) for at in dues]
    assert dates == sorted(set(dates))
