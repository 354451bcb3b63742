"""Load: what overlaps, what waits, what a day took."""

from tests.simulation.world import at, ended

from reflecta.simulation.effects import MICROSECONDS, Effect
from reflecta.simulation.load import measure

SECOND = MICROSECONDS


def call(when: int, seconds: int, *, end: str = "answered", cost: float = 0.0) -> Effect:
    """Let a call begin and take some seconds."""
    return Effect(when, "ana", "model.called", {"took": seconds * SECOND, "end": end, "cost": cost, "tokens": 10})


def test_calls_that_touch_do_not_overlap_and_calls_that_cross_do() -> None:
    touching = [call(0, 10), call(10 * SECOND, 10)]
    crossing = [call(0, 10), call(9 * SECOND, 10)]
    assert (measure(touching, 1).peak_calls, measure(crossing, 1).peak_calls) == (1, 2)


def test_a_peak_stands_in_each_hour_it_lasts_into() -> None:
    by_hour = measure([call(at(0, 1.5), 7200)], 1).calling_by_hour
    assert [hour for hour, peak in enumerate(by_hour) if peak] == [1, 2, 3]


def test_what_waits_is_counted_from_the_tick_to_the_start() -> None:
    waiting = [ended(at(0, 8.1), created=at(0, 8), started=at(0, 8.05)) for _ in range(3)]
    load = measure(waiting, 1)
    assert (load.peak_waiting, load.longest_wait, load.longest_drain) == (3, 180, 360)


def test_a_retry_hours_later_is_no_backlog() -> None:
    assert measure([ended(at(0, 10), created=at(0, 8), started=at(0, 8), tries=1)], 1).longest_drain == 0


def test_costs_and_failures_fall_on_their_day() -> None:
    load = measure([call(at(0, 1), 1, cost=0.5), call(at(1, 1), 1, end="down"), call(at(1, 2), 1, cost=0.25)], 2)
    assert [(day.calls, day.failed_calls, day.cost) for day in load.days] == [(1, 0, 0.5), (2, 1, 0.25)]


def test_the_busiest_minute_counts_calls_begun() -> None:
    assert measure([call(second * SECOND, 1) for second in (0, 10, 59, 60)], 1).calls_in_busiest_minute == 3
