"""The audit of runs over clock changes names each fault, and its runs leave out no tick that matters."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.proof import tick_run
from tests.proof.tick_audit import Counts, Life, audit
from tests.proof.tick_run import Doubles, Inbox, InstantModel, Silence, cast
from tests.proof.transitions import Transition

from reflecta.bootstrap import open_service
from reflecta.config import load
from reflecta.domain.model import Cadence, Window
from reflecta.testing import FakeClock

# Berlin puts the clock forward; its mornings are then an hour earlier in UTC.
CHANGE = Transition(datetime(2026, 3, 29, 1, tzinfo=UTC), "Europe/Berlin", timedelta(hours=1))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}").replace(tzinfo=UTC)


def a_life(*visits: str, lost: int = 0, failed: int = 0, joined: str = "28T04:00", due: str = "28T07:00") -> Life:
    """Make a daily user of mornings who leaves at noon of the 30th; the first *failed* visits fail."""
    moments = [utc(visit) for visit in visits]
    return Life(
        user_id="ana",
        transition=CHANGE,
        window=Window.MORNING,
        cadence=Cadence.DAILY,
        share=0.5 if failed else 0.0,
        joined_at=utc(joined),
        left_at=utc("30T12:00"),
        first_due=utc(due),
        asked=[(at, number < failed) for number, at in enumerate(moments)],
        messages=moments[failed : len(moments) - lost],
    )


def test_a_life_that_was_served_is_without_fault() -> None:
    counts, examples = audit([a_life("28T07:00", "29T06:00", "30T06:20")], holds=True)
    expected = Counts(users=1, due_times=3, sent=3, first=1, first_kept=1, regular=2, regular_kept=2)
    assert (counts, examples) == (expected, [])


def test_a_failed_try_is_expected_again_two_hours_later_and_a_failed_occasion_at_the_next_target_hour() -> None:
    life = a_life("28T07:00", "28T09:00", "29T06:00", "30T06:00", failed=2)
    counts, _ = audit([life], holds=True)
    assert (counts.retry, counts.retry_kept, counts.again, counts.again_kept) == (1, 1, 1, 1)
    assert not any(counts.faults.values())


@pytest.mark.parametrize(
    ("fault", "life"),
    [
        ("outside_window", a_life("28T11:00", "29T06:00", "30T06:00")),
        ("outside_window", a_life("28T07:00", "29T06:00", "30T06:00", "31T06:00")),
        ("early", a_life("28T07:00", "29T05:00", "30T06:00")),
        ("late", a_life("28T07:00", "29T07:01", "30T06:00")),
        ("starved", a_life("28T07:00", "29T06:00")),
        ("starved", a_life("28T07:00", "28T09:00", failed=2)),
        ("doubled", a_life("28T07:00", "28T08:00", "29T06:00", "30T06:00")),
        ("doubled", a_life("28T07:00", "28T07:00", "29T06:00", "30T06:00")),
        ("lost", a_life("28T07:00", "29T06:00", "30T06:00", lost=1)),
        ("wrong_first_due", a_life("28T07:00", "29T06:00", "30T06:00", joined="27T02:00")),
        ("wrong_first_due", a_life("28T10:30", "29T06:00", "30T06:00", due="28T10:30")),
    ],
)
def test_each_fault_is_named(fault: str, life: Life) -> None:
    counts, examples = audit([life], holds=True)
    assert counts.faults[fault] > 0
    assert any(example.startswith(f"{fault}: ana: ") for example in examples)


def test_a_regular_due_time_of_last_winter_is_not_within_the_target_hour() -> None:
    counts, _ = audit([a_life("28T07:00", "29T07:00", "30T06:00")], holds=True)
    assert (counts.regular, counts.regular_kept) == (2, 1)


def test_only_who_was_written_to_on_both_sides_has_crossed() -> None:
    both = a_life("28T07:00", "29T06:00")
    assert both.has_crossed
    assert not replace(both, messages=[utc("28T07:00")]).has_crossed
    assert not replace(both, messages=[utc("29T06:00"), utc("30T06:00")]).has_crossed


async def test_hours_for_which_nothing_is_stored_need_no_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    sparse = await _lived()
    monkeypatch.setattr(tick_run, "DENSE", (tick_run.BEGINS, tick_run.ENDS))
    assert await _lived() == sparse


async def _lived() -> list[tuple[str, datetime | None, list[tuple[datetime, bool]], list[datetime]]]:
    clock = FakeClock()
    doubles = Doubles(clock, InstantModel(clock), Inbox())
    settings = load().model_copy(update={"database_url": "sqlite://"})
    async with open_service(
        settings, clock=clock, telemetry=Silence(), random_source=random.Random(1), model=doubles.model
    ) as service:
        run, _ = cast(service, doubles, (CHANGE.at, [CHANGE]), 1)
        await run.play()
    return [(life.user_id, life.first_due, life.asked, life.messages) for life in run.lives]
