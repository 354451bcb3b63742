from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reflecta.adapters.stores.sql.store import SqlStore
from reflecta.application.ingest import Ingest, can_be_due, change
from reflecta.application.ports.store import ClaimPlan
from reflecta.domain.errors import NotFound
from reflecta.domain.model import (
    Cadence,
    Entry,
    Feedback,
    Occasion,
    OccasionState,
    Preferences,
    Push,
    Reason,
    User,
    Window,
)
from reflecta.testing import FakeClock, RecordingTelemetry

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # 13:00 in Berlin, a Monday
DUE = datetime(2026, 3, 3, 7, tzinfo=UTC)  # Tuesday's target hour there
SENT = datetime(2026, 3, 1, 7, tzinfo=UTC)
ON = Preferences(enabled=True, cadence=Cadence.DAILY, window=Window.MORNING)
ANA = User(id="ana", preferences=ON, timezone="Europe/Berlin", given_timezone="Europe/Berlin")
STORED = replace(ANA, next_due_at=DUE, last_sent_at=SENT, failures=2, entry_count=9)
OFF = replace(ANA, preferences=replace(ON, enabled=False))
NOWHERE = replace(ANA, timezone=None, given_timezone="Mars/Olympus")


def due_after(given: User, stored: User | None = STORED, *, reschedule: bool = False) -> datetime | None:
    return change(given, stored, now=NOW, reschedule=reschedule).user.next_due_at


def cancelled_by(given: User, stored: User | None = STORED, *, reschedule: bool = False) -> Reason | None:
    return change(given, stored, now=NOW, reschedule=reschedule).cancel


def with_preferences(**changes: object) -> User:
    return replace(ANA, preferences=replace(ON, **changes))


def test_a_new_user_waits_for_the_tick_to_give_the_first_due_time() -> None:
    assert (due_after(ANA, None), cancelled_by(ANA, None)) == (None, None)


def test_a_new_user_keeps_the_due_time_of_their_document() -> None:
    assert due_after(replace(ANA, next_due_at=DUE), None) == DUE


@pytest.mark.parametrize("given", [OFF, NOWHERE])
def test_a_user_who_may_not_be_written_to_has_no_due_time(given: User) -> None:
    assert due_after(replace(given, next_due_at=DUE), None) is None


def test_what_the_service_keeps_stays_as_stored() -> None:
    pushed = replace(STORED, push=Push(last_sent_at=SENT))
    given = replace(ANA, next_due_at=NOW, last_sent_at=NOW, push=Push(last_sent_at=NOW), first_name="Ana")
    assert change(given, pushed, now=NOW).user == replace(pushed, first_name="Ana")


def test_when_a_message_was_last_sent_is_taken_where_none_is_stored() -> None:
    never = replace(STORED, last_sent_at=None)
    assert change(replace(ANA, last_sent_at=SENT), never, now=NOW).user.last_sent_at == SENT


def test_what_a_document_leaves_out_goes_back_to_its_default() -> None:
    assert change(ANA, replace(STORED, email="ana@example.com"), now=NOW).user.email is None


def test_the_same_again_changes_nothing_however_old_the_due_time() -> None:
    overdue = replace(STORED, next_due_at=NOW - timedelta(days=400))
    assert change(ANA, overdue, now=NOW).user == overdue
    assert cancelled_by(ANA, overdue) is None


@pytest.mark.parametrize(("given", "reason"), [(OFF, Reason.SWITCHED_OFF), (NOWHERE, Reason.NEEDS_TIMEZONE)])
def test_who_may_no_longer_be_written_to_loses_the_due_time_and_the_unstarted_occasion(
    given: User, reason: Reason
) -> None:
    assert (due_after(given), cancelled_by(given)) == (None, reason)


def test_who_was_switched_off_already_loses_nothing_more() -> None:
    assert cancelled_by(OFF, replace(OFF, next_due_at=None)) is None


def test_who_is_switched_on_waits_for_the_tick_unless_the_document_has_a_due_time() -> None:
    off = replace(OFF, last_sent_at=SENT)
    assert due_after(ANA, off) is None
    assert due_after(replace(ANA, next_due_at=DUE), off) == DUE


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (with_preferences(window=Window.EVENING), datetime(2026, 3, 2, 18, tzinfo=UTC)),
        (with_preferences(cadence=Cadence.ONCE_A_WEEK), datetime(2026, 3, 8, 7, tzinfo=UTC)),
        (replace(ANA, timezone="America/New_York"), datetime(2026, 3, 2, 13, tzinfo=UTC)),
    ],
)
def test_an_edit_of_window_cadence_or_zone_is_reckoned_from_the_last_message(given: User, due: datetime) -> None:
    assert (due_after(given), cancelled_by(given)) == (due, Reason.RESCHEDULED)


def test_an_edit_before_the_first_message_means_the_next_target_hour() -> None:
    assert due_after(with_preferences(window=Window.EVENING), replace(STORED, last_sent_at=None)) == datetime(
        2026, 3, 2, 18, tzinfo=UTC
    )


def test_an_edit_outranks_a_due_time_that_the_document_carries_along() -> None:
    given = replace(with_preferences(window=Window.EVENING), next_due_at=NOW + timedelta(days=9))
    assert due_after(given) == datetime(2026, 3, 2, 18, tzinfo=UTC)


def test_tone_and_challenge_do_not_move_the_due_time() -> None:
    given = replace(ANA, preferences=Preferences(enabled=True))
    assert (due_after(given), cancelled_by(given)) == (DUE, None)


def test_told_to_reschedule_a_given_due_time_replaces_the_stored_one() -> None:
    given = replace(ANA, next_due_at=NOW)
    assert (due_after(given, reschedule=True), cancelled_by(given, reschedule=True)) == (NOW, Reason.RESCHEDULED)


def test_told_to_reschedule_without_a_due_time_it_is_reckoned_anew() -> None:
    astray = replace(STORED, next_due_at=NOW + timedelta(days=300))
    assert due_after(ANA, astray, reschedule=True) == NOW + timedelta(hours=19)


@pytest.mark.parametrize(
    ("user", "can_be"), [(ANA, True), (OFF, False), (NOWHERE, False), (replace(OFF, timezone=None), False)]
)
def test_who_is_on_in_a_known_zone_can_be_due(user: User, *, can_be: bool) -> None:
    assert can_be_due(user) is can_be


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    store = SqlStore.at("sqlite://")
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def telemetry() -> RecordingTelemetry:
    return RecordingTelemetry()


@pytest.fixture
def ingest(store: SqlStore, telemetry: RecordingTelemetry) -> Ingest:
    return Ingest(store=store, clock=FakeClock(NOW), telemetry=telemetry)


async def queue_occasion(store: SqlStore, ingest: Ingest) -> str:
    """Store Ana, due now, and claim her."""
    await ingest.upsert_users([replace(ANA, next_due_at=NOW)])
    plan = ClaimPlan(next_due_at=DUE, window_ends_at=NOW + timedelta(hours=1))
    claimed = await store.claim(["ana"], until=NOW, now=NOW, plan=lambda _: plan)
    return claimed.queued[0]


async def stored_occasion(store: SqlStore, occasion_id: str) -> Occasion:
    explanation = await store.explanation(occasion_id)
    assert explanation is not None
    return explanation.occasion


async def test_users_stored_twice_are_stored_once(store: SqlStore, ingest: Ingest) -> None:
    for _ in range(2):
        await ingest.upsert_users([ANA, replace(ANA, id="ben")])
    assert [user.id for user in await store.users()] == ["ana", "ben"]


async def test_newcomers_who_wait_are_stored_switched_off_until_they_are_admitted(
    store: SqlStore, ingest: Ingest
) -> None:
    given = [replace(ANA, next_due_at=DUE), replace(OFF, id="ben")]
    assert await ingest.upsert_users(given, newcomers_wait=True) == {"ana"}
    assert await store.user("ana") == OFF
    await ingest.admit(given[:1])
    assert await store.user("ana") == replace(ANA, next_due_at=DUE)


@pytest.mark.parametrize("stored", [OFF, NOWHERE])
async def test_who_could_not_be_due_so_far_waits_as_stored(store: SqlStore, ingest: Ingest, stored: User) -> None:
    await ingest.upsert_users([stored])
    assert await ingest.upsert_users([replace(ANA, first_name="Ana")], newcomers_wait=True) == {"ana"}
    assert await store.user("ana") == stored


async def test_who_is_on_does_not_wait(store: SqlStore, ingest: Ingest) -> None:
    occasion_id = await queue_occasion(store, ingest)
    assert await ingest.upsert_users([replace(ANA, first_name="Ana")], newcomers_wait=True) == set()
    kept = await store.user("ana")
    assert (await stored_occasion(store, occasion_id)).state is OccasionState.QUEUED
    assert kept is not None
    assert (kept.first_name, kept.next_due_at) == ("Ana", DUE)


async def test_who_is_erased_while_waiting_is_not_admitted(store: SqlStore, ingest: Ingest) -> None:
    given = [replace(ANA, id=name) for name in ("ana", "ben", "cem")]
    await ingest.upsert_users(given, newcomers_wait=True)
    for name in ("ana", "cem"):
        await ingest.erase_user(name)
    await ingest.admit(given)
    assert await store.users() == [given[1]]


async def test_switching_off_cancels_the_queued_occasion(store: SqlStore, ingest: Ingest) -> None:
    occasion_id = await queue_occasion(store, ingest)
    await ingest.upsert_users([OFF])
    ended = await stored_occasion(store, occasion_id)
    assert (ended.state, ended.reason) == (OccasionState.CANCELLED, Reason.SWITCHED_OFF)


async def test_an_edit_cancels_the_queued_occasion_and_sets_the_new_due_time(store: SqlStore, ingest: Ingest) -> None:
    occasion_id = await queue_occasion(store, ingest)
    await ingest.upsert_users([with_preferences(window=Window.EVENING)])
    user = await store.user("ana")
    assert (await stored_occasion(store, occasion_id)).reason is Reason.RESCHEDULED
    assert user is not None
    assert user.next_due_at == datetime(2026, 3, 2, 18, tzinfo=UTC)


async def test_the_same_user_again_leaves_the_queued_occasion_alone(store: SqlStore, ingest: Ingest) -> None:
    occasion_id = await queue_occasion(store, ingest)
    await ingest.upsert_users([ANA])
    assert (await stored_occasion(store, occasion_id)).state is OccasionState.QUEUED


async def test_erasing_a_user_is_told_by_id_alone(
    store: SqlStore, ingest: Ingest, telemetry: RecordingTelemetry
) -> None:
    await ingest.upsert_users([ANA])
    await ingest.erase_user("ana")
    assert await store.user("ana") is None
    assert telemetry.events == [("user.upserted", {"user_id": "ana"}), ("user.erased", {"user_id": "ana"})]


async def test_a_deleted_entry_is_gone(store: SqlStore, ingest: Ingest) -> None:
    await ingest.upsert_users([ANA])
    entry = Entry(id="e", user_id="ana", content="a", text="a", written_at=NOW, updated_at=NOW)
    assert await ingest.upsert_entries([entry]) == {}
    await ingest.delete_entry("e")
    assert await store.entry("e") is None


async def test_what_is_not_known_cannot_be_erased_deleted_or_rated(ingest: Ingest) -> None:
    with pytest.raises(NotFound, match="user 'ana'"):
        await ingest.erase_user("ana")
    with pytest.raises(NotFound, match="entry 'e'"):
        await ingest.delete_entry("e")
    with pytest.raises(NotFound, match="message 'm'"):
        await ingest.add_feedback(Feedback(message_id="m", kind="opened"))
