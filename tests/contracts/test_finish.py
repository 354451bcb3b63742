"""What `ProcessStore.finish` promises: one transaction that ends an occasion, whatever happened meanwhile."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from tests.builders import (
    HOUR,
    NOW,
    REGULAR,
    TODAY,
    a_delivery,
    a_forced_occasion,
    a_sending,
    a_sent_ending,
    a_user,
    an_attempt,
)
from tests.contracts.behind import dump, keeps_contexts, local_dates, lose_users
from tests.contracts.steps import add, claim, in_work, occasion_of, outcome_of, sent, take, user_of
from tests.databases import Held, Place, held_open, write

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import Ending, Explanation, KeptContext, Store
from reflecta.domain.errors import LeaseLost
from reflecta.domain.model import Delivery, DeliveryState, OccasionState, Reason

AFTERWARDS = REGULAR + timedelta(days=1)
HELD_BACK = Ending(
    outcome=OccasionState.HELD_BACK, now=NOW, reason=Reason.LOW_SCORE, detail="4 of 10", next_due_at=AFTERWARDS
)
SENT = (OccasionState.SENT, None)
ALREADY_TODAY = (OccasionState.DEFERRED, Reason.ALREADY_TODAY)
sql = pytest.mark.parametrize("place", ["memory", "file", "postgres"], indirect=True)
only_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)


async def explained(store: Store, occasion: str) -> Explanation:
    found = await store.explanation(occasion)
    assert found is not None
    return found


async def in_work_again(store: Store, lease: str = "t2") -> str:
    """Make the user due once more on the same day and take the new occasion into work."""
    await add(store, replace(await user_of(store), next_due_at=NOW + timedelta(seconds=30)))
    occasion = (await claim(store, "u1")).queued[0]
    assert await take(store, occasion, lease) is not None
    return occasion


async def forced_in_work(store: Store, lease: str = "forced") -> str:
    forced = a_forced_occasion()
    await store.force(forced)
    assert await take(store, forced.id, lease) is not None
    return forced.id


# --- sent


async def test_a_sent_occasion_ends_as_sent(store: Store) -> None:
    occasion = await in_work(store)
    assert await store.finish(occasion, a_sent_ending(), token="t1") == SENT
    ended = await occasion_of(store, occasion)
    assert (ended.state, ended.reason, ended.ended_at, ended.lease_until) == (*SENT, NOW, None)


async def test_message_and_journal_entry_are_linked_both_ways(store: Store) -> None:
    occasion = await in_work(store)
    await store.finish(occasion, a_sent_ending(), token="t1")
    explanation = await explained(store, occasion)
    entry = await store.entry("je-u1")
    assert (explanation.message_id, explanation.journal_entry_id) == ("m-u1", "je-u1")
    assert explanation.sent_at == NOW
    assert entry is not None
    assert (entry, entry.message_id) == (a_sending().entry, "m-u1")


async def test_the_message_is_the_attempt_that_was_chosen(store: Store) -> None:
    occasion = await in_work(store)
    for number, text in ((1, "rejected"), (2, "chosen")):
        await store.save_attempt(occasion, an_attempt(number, text=text), token="t1")
    await store.finish(occasion, a_sent_ending(sending=a_sending(attempt=2)), token="t1")
    messages = (await store.journal("u1", entries=1, messages=5)).messages
    assert [message.text for message in messages] == ["chosen"]


async def test_what_was_not_saved_yet_is_saved_with_the_outcome(store: Store) -> None:
    occasion, context = await in_work(store), KeptContext(text="They walked.")
    await store.finish(occasion, replace(a_sent_ending(), attempt=an_attempt(), context=context), token="t1")
    found = await explained(store, occasion)
    assert (found.attempts, found.message_id) == ([an_attempt()], "m-u1")
    assert found.context == ("They walked." if keeps_contexts(store) else None)


async def test_our_entry_does_not_raise_the_users_count(store: Store) -> None:
    await sent(store)
    assert (await user_of(store)).entry_count == 0


async def test_a_delivery_waits_for_each_address(store: Store) -> None:
    deliveries = [a_delivery("d1"), a_delivery("d2", address="tablet", expires_at=NOW + HOUR)]
    occasion = await sent(store, None, *deliveries)
    assert (await explained(store, occasion)).deliveries == deliveries
    assert await store.next_delivery_at("push") == NOW


async def test_the_user_has_the_time_of_sending_and_the_next_due_time(store: Store) -> None:
    await sent(store)
    user = await user_of(store)
    assert (user.last_sent_at, user.next_due_at) == (NOW, AFTERWARDS)


async def test_the_time_of_the_last_push_moves_only_where_something_is_pushed(store: Store) -> None:
    await sent(store, a_user("quiet"))
    await sent(store, a_user("u1"), a_delivery())
    assert (await user_of(store, "quiet")).push.last_sent_at is None
    assert (await user_of(store, "u1")).push.last_sent_at == NOW


@sql
async def test_when_the_last_statement_fails_nothing_remains_and_the_lease_still_holds(store: Store) -> None:
    occasion = await in_work(store)
    before = await dump(store)
    twice = [a_delivery("d1"), a_delivery("d2")]  # one message, channel and address
    with pytest.raises(IntegrityError):
        await store.finish(occasion, a_sent_ending("u1", *twice), token="t1")
    assert await dump(store) == before
    assert await store.finish(occasion, a_sent_ending("u1", twice[0]), token="t1") == SENT


async def test_a_second_finish_is_refused(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    await store.finish(occasion, a_sent_ending(), token="t1")
    with pytest.raises(LeaseLost):
        await store.finish(occasion, a_sent_ending(suffix="-2"), token="t1")
    assert len((await store.journal("u1", entries=0, messages=9)).messages) == 1


async def test_of_two_that_finish_at_once_one_does(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    finishes = (store.finish(occasion, a_sent_ending(suffix=suffix), token="t1") for suffix in ("a", "b"))
    results = await asyncio.gather(*finishes, return_exceptions=True)
    assert SENT in results
    assert LeaseLost in [type(result) for result in results]
    assert len((await store.journal("u1", entries=0, messages=9)).messages) == 1


# --- other outcomes


async def test_an_occasion_held_back_leaves_its_reason_and_no_message(store: Store) -> None:
    occasion = await in_work(store)
    assert await store.finish(occasion, HELD_BACK, token="t1") == (OccasionState.HELD_BACK, Reason.LOW_SCORE)
    explanation = await explained(store, occasion)
    assert (explanation.occasion.detail, explanation.message_id) == ("4 of 10", None)
    user = await user_of(store)
    assert (user.last_sent_at, user.next_due_at) == (None, AFTERWARDS)


async def test_the_claims_due_time_stays_where_the_ending_names_none(store: Store) -> None:
    occasion = await in_work(store)
    await store.finish(occasion, Ending(outcome=OccasionState.HELD_BACK, now=NOW), token="t1")
    assert (await user_of(store)).next_due_at == REGULAR


async def test_failures_in_a_row_are_kept_and_a_message_ends_the_row(store: Store) -> None:
    occasion = await in_work(store)
    failed = Ending(outcome=OccasionState.FAILED, now=NOW, next_due_at=AFTERWARDS, failures=2)
    await store.finish(occasion, failed, token="t1")
    assert (await user_of(store)).failures == 2
    await store.finish(await in_work_again(store), a_sent_ending(), token="t2")
    assert (await user_of(store)).failures == 0


# --- the due time is compared before it is set


async def test_an_edit_of_the_due_time_made_meanwhile_wins(store: Store) -> None:
    occasion = await in_work(store)
    await add(store, a_user(next_due_at=REGULAR + HOUR))
    assert await store.finish(occasion, a_sent_ending(), token="t1") == SENT
    user = await user_of(store)
    assert (user.next_due_at, user.last_sent_at) == (REGULAR + HOUR, NOW)


async def test_a_due_time_taken_away_meanwhile_stays_away(store: Store) -> None:
    occasion = await in_work(store)
    await add(store, a_user(next_due_at=None))
    await store.finish(occasion, HELD_BACK, token="t1")
    assert (await user_of(store)).next_due_at is None


# --- what changed meanwhile


async def test_a_user_switched_off_meanwhile_gets_nothing(store: Store) -> None:
    occasion = await in_work(store)
    await add(store, a_user(enabled=False, next_due_at=None))
    outcome = await store.finish(occasion, a_sent_ending("u1", a_delivery(), failures=1), token="t1")
    assert outcome == (OccasionState.CANCELLED, Reason.SWITCHED_OFF) == await outcome_of(store, occasion)
    user = await user_of(store)
    assert (user.last_sent_at, user.next_due_at, user.failures) == (None, None, 0)
    assert await store.entry("je-u1") is None
    assert await store.next_delivery_at("push") is None


async def test_a_user_gone_meanwhile_gets_nothing(store: Store) -> None:
    occasion = await in_work(store)
    await lose_users(store)
    outcome = await store.finish(occasion, a_sent_ending("u1", a_delivery()), token="t1")
    assert outcome == (OccasionState.CANCELLED, Reason.ERASED) == await outcome_of(store, occasion)
    assert await store.entry("je-u1") is None
    assert await store.next_delivery_at("push") is None


async def test_an_erasure_meanwhile_takes_the_lease_away(store: Store) -> None:
    occasion = await in_work(store)
    await store.erase_user("u1", now=NOW)
    with pytest.raises(LeaseLost):
        await store.finish(occasion, a_sent_ending("u1", a_delivery()), token="t1")
    assert await store.entry("je-u1") is None


@only_postgres
async def test_finishing_waits_for_an_edit_of_the_user_and_heeds_it(store: Store, place: Place) -> None:
    occasion = await in_work(store)
    finishing: list[asyncio.Task[object]] = []

    async def switch_off(held: Held) -> None:
        await held.execute("UPDATE users SET enabled = false")
        finishing.append(asyncio.create_task(store.finish(occasion, a_sent_ending(), token="t1")))
        await held.someone_waits()

    await held_open(place.url, switch_off)
    assert await finishing[0] == (OccasionState.CANCELLED, Reason.SWITCHED_OFF)


@only_postgres
async def test_finishing_waits_for_an_erasure_and_heeds_it(store: Store, place: Place) -> None:
    occasion = await in_work(store)
    finishing: list[asyncio.Task[object]] = []

    async def remove(held: Held) -> None:
        await held.execute("DELETE FROM users")
        finishing.append(asyncio.create_task(store.finish(occasion, a_sent_ending(), token="t1")))
        await held.someone_waits()

    await held_open(place.url, remove)
    assert await finishing[0] == (OccasionState.CANCELLED, Reason.ERASED)


# --- one message a day


async def test_a_second_message_of_one_date_is_deferred(store: Store) -> None:
    await sent(store)
    occasion = await in_work_again(store)
    ending = a_sent_ending("u1", a_delivery(message_id="m-u1-2"), suffix="-2", now=NOW + HOUR)
    assert await store.finish(occasion, ending, token="t2") == ALREADY_TODAY == await outcome_of(store, occasion)
    assert await store.entry("je-u1-2") is None
    assert await store.next_delivery_at("push") is None
    assert (await user_of(store)).last_sent_at == NOW


async def test_a_forced_message_counts_as_that_days(store: Store) -> None:
    await add(store, a_user())
    forced = await forced_in_work(store)
    assert await store.finish(forced, a_sent_ending(), token="forced") == SENT
    occasion = (await claim(store, "u1")).queued[0]
    await take(store, occasion)
    assert await store.finish(occasion, a_sent_ending(suffix="-2"), token="t1") == ALREADY_TODAY


async def test_a_message_counts_for_the_date_of_the_zone_that_its_reader_moved_to_meanwhile(store: Store) -> None:
    occasion = await in_work(store)
    await add(store, a_user(timezone="Asia/Almaty"))
    tomorrow = TODAY + timedelta(days=1)

    def local_date(zone: str | None) -> date:
        return tomorrow if zone == "Asia/Almaty" else TODAY

    sending = replace(a_sending(), local_date=local_date)
    assert await store.finish(occasion, a_sent_ending(sending=sending), token="t1") == SENT
    assert await local_dates(store) == {tomorrow.isoformat()}


async def test_the_next_date_has_room_for_a_message(store: Store) -> None:
    await sent(store)
    occasion = await in_work_again(store)
    tomorrow = a_sending(suffix="-2", local_date=TODAY + timedelta(days=1))
    assert await store.finish(occasion, a_sent_ending(sending=tomorrow), token="t2") == SENT


@sql
async def test_the_database_itself_refuses_a_second_unforced_message_of_one_date(store: SqlStore) -> None:
    await sent(store)
    again = "INSERT INTO messages SELECT 'm2', 'o2', attempt, user_id, local_date, forced, 'e2', sent_at FROM messages"
    with pytest.raises(IntegrityError):
        await write(store, again)


# --- forced


async def test_a_forced_message_goes_out_on_a_day_that_has_one(store: Store) -> None:
    await sent(store)
    forced = await forced_in_work(store)
    assert await store.finish(forced, a_sent_ending(suffix="-2"), token="forced") == SENT


async def test_a_forced_message_leaves_the_schedule_as_it_was(store: Store) -> None:
    await add(store, a_user(next_due_at=None))
    forced = await forced_in_work(store)
    await store.finish(forced, a_sent_ending(), token="forced")
    user = await user_of(store)
    assert (user.next_due_at, user.last_sent_at) == (None, NOW)


async def test_a_forced_message_goes_to_a_user_who_is_switched_off(store: Store) -> None:
    await add(store, a_user(enabled=False, next_due_at=None))
    forced = await forced_in_work(store)
    assert await store.finish(forced, a_sent_ending(), token="forced") == SENT


async def test_a_forced_message_does_not_go_to_somebody_gone(store: Store) -> None:
    await add(store, a_user())
    forced = await forced_in_work(store)
    await lose_users(store)
    outcome = await store.finish(forced, a_sent_ending(), token="forced")
    assert outcome == (OccasionState.CANCELLED, Reason.ERASED)


async def test_a_new_delivery_is_pending(store: Store) -> None:
    occasion = await sent(store, None, a_delivery())
    deliveries: list[Delivery] = list((await explained(store, occasion)).deliveries)
    assert [(d.state, d.tries) for d in deliveries] == [(DeliveryState.PENDING, 0)]
