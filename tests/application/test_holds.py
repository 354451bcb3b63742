"""What people do about signs of risk."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.builders import HOUR, NOW, a_flag, a_user
from tests.contracts.steps import add, user_of
from tests.databases import Place

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.holds import Holds, held_users, new_year
from reflecta.domain.errors import InvalidInput, NotFound
from reflecta.domain.model import Cadence, ScreenedSign
from reflecta.domain.safety import NEVER
from reflecta.testing import FakeClock, RecordingTelemetry

THREE_DAYS = timedelta(hours=72)


@pytest.fixture
def place() -> Place:
    """Give a database in memory: what stores promise is tested elsewhere."""
    return Place("memory", "sqlite://")


def holds(store: SqlStore, *, hold: timedelta | None = THREE_DAYS, at: datetime = NOW) -> Holds:
    return Holds(store=store, clock=FakeClock(at), telemetry=RecordingTelemetry(), hold=hold)


def told(of: Holds) -> object:
    assert isinstance(of.telemetry, RecordingTelemetry)
    return of.telemetry.events


async def test_a_person_holds_a_user_for_as_long_as_a_hold_lasts(store: SqlStore) -> None:
    await add(store, a_user())
    placing = holds(store)
    assert await placing.place("u1", ScreenedSign.ABUSE) == NOW + THREE_DAYS
    assert (await user_of(store)).held_until == NOW + THREE_DAYS
    assert told(placing) == [("safety.flagged", {"user_id": "u1", "sign": "abuse", "source": "person"})]


async def test_where_a_review_is_asked_for_a_hold_has_no_end(store: SqlStore) -> None:
    await add(store, a_user())
    assert await holds(store, hold=None).place("u1") == NEVER


async def test_a_second_hold_never_ends_the_first_one_sooner(store: SqlStore) -> None:
    await add(store, a_user())
    await holds(store).place("u1")
    assert await holds(store, hold=HOUR, at=NOW + HOUR).place("u1") == NOW + THREE_DAYS


async def test_that_nothing_was_seen_is_no_reason_to_hold(store: SqlStore) -> None:
    await add(store, a_user())
    with pytest.raises(InvalidInput, match="distress"):
        await holds(store).place("u1", ScreenedSign.NONE)
    assert (await user_of(store)).held_until is None


async def test_nobody_unknown_is_held_or_released(store: SqlStore) -> None:
    holding = holds(store)
    for act in (holding.place("nobody"), holding.release("nobody")):
        with pytest.raises(NotFound):
            await act
    assert told(holding) == []
    assert await holding.report(since=NOW) == {}


async def test_after_a_release_the_next_target_hour_is_due(store: SqlStore) -> None:
    await add(store, a_user(next_due_at=NOW + 10 * THREE_DAYS))
    await holds(store).place("u1")
    releasing = holds(store, at=NOW + HOUR)
    assert await releasing.release("u1")
    user = await user_of(store)
    assert (user.held_until, user.next_due_at) == (None, datetime(2026, 3, 11, 7, tzinfo=UTC))
    assert told(releasing) == [("safety.reviewed", {"user_id": "u1"})]


@pytest.mark.parametrize("without", [{"enabled": False}, {"timezone": None}])
async def test_a_release_gives_no_due_time_to_who_gets_no_messages(store: SqlStore, without: dict[str, Any]) -> None:
    await add(store, a_user(next_due_at=None, **without))
    await holds(store).place("u1")
    assert await holds(store).release("u1")
    assert (await user_of(store)).next_due_at is None


async def test_where_nobody_is_held_there_is_nothing_to_release(store: SqlStore) -> None:
    await add(store, a_user())
    releasing = holds(store)
    assert not await releasing.release("u1")
    assert told(releasing) == []


async def test_releasing_after_a_hold_has_run_out_leaves_the_schedule_alone(store: SqlStore) -> None:
    """Else a weekly user would be written to again the next day."""
    due = NOW + 3 * THREE_DAYS
    await add(store, a_user(cadence=Cadence.ONCE_A_WEEK, next_due_at=due))
    await holds(store).place("u1")
    assert not await holds(store, at=NOW + THREE_DAYS).release("u1")
    assert (await user_of(store)).next_due_at == due


async def test_who_is_held_is_listed_by_id_without_holds_that_have_run_out(store: SqlStore) -> None:
    names = [f"u{number}" for number in range(6)]
    await add(store, *(a_user(name) for name in names))
    for number, name in enumerate(names):
        await store.hold(name, a_flag(held_until=NOW if number % 2 else NOW + HOUR))
    first = await held_users(store, NOW, limit=2)
    rest = await held_users(store, NOW, after=first[-1].id, limit=2)
    assert [[user.id for user in page] for page in (first, rest)] == [["u0", "u2"], ["u4"]]


async def test_signs_are_counted_by_who_saw_them_also_of_those_released(store: SqlStore) -> None:
    await add(store, a_user("u1"), a_user("u2"))
    await holds(store).place("u1")
    await holds(store).place("u2")
    await holds(store).release("u2")
    await store.hold("u1", a_flag(at=NOW - HOUR))
    assert await holds(store).report(since=NOW) == {("distress", "person"): 2}


def test_the_year_begins_by_utc() -> None:
    new_years_night = datetime(2027, 1, 1, 0, 30, tzinfo=timezone(HOUR))
    assert new_year(new_years_night) == datetime(2026, 1, 1, tzinfo=UTC)
