"""What is reckoned once for many users says of each what is reckoned for that user alone."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW

from reflecta.application.claiming import closings, plan_claim, planner, timetable
from reflecta.application.ports.store import Slot
from reflecta.domain.model import Cadence, Window
from reflecta.domain.schedule import is_open, window_end

# Few of each, so that many of a list are alike in all but one.
MOMENTS = st.integers(0, 26).map(lambda hours: NOW + timedelta(hours=hours))
SLOTS = st.builds(
    Slot,
    user_id=st.just("u1"),
    zone=st.sampled_from(["Europe/Berlin", "Asia/Dubai", "Pacific/Kiritimati"]),
    window=st.sampled_from(Window),
    cadence=st.sampled_from(Cadence),
    due_at=st.sampled_from([-90_000, -1, 0, 1, 60, 90_000]).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    has_open_occasion=st.booleans(),
)


@given(now=MOMENTS, slots=st.lists(SLOTS, max_size=40))
def test_a_plan_made_for_all_alike_is_the_plan_of_each(now: datetime, slots: list[Slot]) -> None:
    plan = planner(now)
    slots += [replace(slot, due_at=now + timedelta(hours=25)) for slot in slots]  # alike in all but when they are due

    assert [plan(slot) for slot in slots] == [plan_claim(slot, now) for slot in slots]


@given(now=MOMENTS, slots=st.lists(SLOTS, max_size=40))
def test_a_window_closes_for_all_alike_when_it_does_for_each(now: datetime, slots: list[Slot]) -> None:
    closing = closings(now)

    alone = [window_end(timetable(slot), now) if is_open(timetable(slot), now) else None for slot in slots]
    assert [closing(slot) for slot in slots] == alone


def test_an_unknown_zone_has_no_plan_however_often_it_is_asked_and_is_claimed_at_once() -> None:
    lost = Slot(user_id="u1", zone="Mars/Phobos", window=Window.MORNING, cadence=Cadence.DAILY, due_at=NOW)
    plan = planner(NOW)

    for _ in range(2):
        with pytest.raises(KeyError):
            plan(lost)
    assert closings(NOW)(lost) == NOW
