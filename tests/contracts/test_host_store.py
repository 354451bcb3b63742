"""What `HostStore` promises of the host app's data, kept by every store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import HOUR, NOW, REGULAR, a_delivery, a_user, an_attempt, an_entry
from tests.contracts.behind import dump, keeps_contexts
from tests.contracts.steps import add, as_given, in_work, outcome_of, queued, sent, user_of

from reflecta.application.ports.store import KeptContext, Store, UserChange
from reflecta.domain.model import (
    Cadence,
    ChallengeDegree,
    Feedback,
    Insight,
    Insights,
    OccasionState,
    Onboarding,
    Preferences,
    Push,
    Reason,
    Source,
    ToneDegree,
    User,
    Window,
)

FULL_USER = User(
    id="u1",
    email="amara@example.org",
    first_name="Amára 🌱",
    created_at=NOW - timedelta(days=90),
    updated_at=NOW,
    onboarding=Onboarding(
        completed=True,
        completed_at=NOW - timedelta(days=89),
        occupations=("nurse", "mother"),
        practices_tried=("yoga",),
        clarity=3.5,
        stress=8.0,
    ),
    preferences=Preferences(
        enabled=True,
        cadence=Cadence.MULTIPLE_TIMES_PER_WEEK,
        window=Window.AFTERNOON,
        challenge=ChallengeDegree.INTENSE,
        tone=ToneDegree.FIRM,
    ),
    push=Push(enabled=True, tokens=("phone", "tablet"), last_sent_at=NOW - HOUR),
    timezone="Africa/Lagos",
    given_timezone="africa/lagos",
    next_due_at=REGULAR,
    last_sent_at=NOW - HOUR,
    age_band="18-24",
    language="en",
    region="NG",
)


# --- users


async def test_a_user_comes_back_as_stored(store: Store) -> None:
    await add(store, FULL_USER)
    assert await store.user("u1") == FULL_USER


async def test_a_user_of_whom_nothing_is_known_but_the_id_comes_back(store: Store) -> None:
    await add(store, User(id="u1"))
    assert await store.user("u1") == User(id="u1")


async def test_an_unknown_user_is_none(store: Store) -> None:
    assert await store.user("nobody") is None


async def test_upserting_a_user_again_replaces_and_does_not_repeat(store: Store) -> None:
    await add(store, a_user(first_name="Old"), a_user("u2"))
    await add(store, FULL_USER)
    await add(store, FULL_USER)
    assert await store.users() == [FULL_USER, a_user("u2")]


async def test_of_one_user_twice_in_a_batch_the_last_counts(store: Store) -> None:
    await add(store, a_user(first_name="First"), a_user(first_name="Last"))
    assert (await user_of(store)).first_name == "Last"


async def test_the_change_is_told_what_is_stored_and_decides_what_will_be(store: Store) -> None:
    await add(store, FULL_USER)
    told: list[tuple[User, User | None]] = []

    def change(given: User, stored: User | None) -> UserChange:
        told.append((given, stored))
        return UserChange(user=replace(given, region="XX"))

    given = [a_user("u1"), a_user("new")]
    await store.upsert_users(given, now=NOW, change=change)
    assert told == [(given[0], FULL_USER), (given[1], None)]
    assert [user.region for user in await store.users()] == ["XX", "XX"]


async def test_an_upsert_keeps_the_counters(store: Store) -> None:
    await add(store, a_user(failures=2))
    await store.upsert_entries([an_entry()])
    await add(store, a_user(failures=0, entry_count=0))
    user = await user_of(store)
    assert (user.entry_count, user.failures) == (1, 2)


async def test_an_upsert_without_last_sent_times_keeps_those_stored(store: Store) -> None:
    await sent(store, None, a_delivery())
    await add(store, a_user(next_due_at=REGULAR))
    user = await user_of(store)
    assert (user.last_sent_at, user.push.last_sent_at) == (NOW, NOW)


async def test_an_upsert_with_last_sent_times_replaces_those_stored(store: Store) -> None:
    await sent(store, None, a_delivery())
    later = NOW + HOUR
    await add(store, a_user(last_sent_at=later, push=Push(enabled=True, last_sent_at=later)))
    user = await user_of(store)
    assert (user.last_sent_at, user.push.last_sent_at) == (later, later)


async def test_a_change_that_breaks_leaves_everything_as_it_was(store: Store) -> None:
    await add(store, a_user("u1"))
    before = await dump(store)

    def change(given: User, stored: User | None) -> UserChange:
        if stored is None:
            raise ZeroDivisionError
        return UserChange(user=replace(given, first_name="New"))

    with pytest.raises(ZeroDivisionError):
        await store.upsert_users([a_user("u1"), a_user("u2")], now=NOW, change=change)
    assert await dump(store) == before


def cancelling(reason: Reason) -> Callable[[User, User | None], UserChange]:
    return lambda given, _stored: UserChange(user=given, cancel=reason)


async def test_a_change_may_cancel_an_unstarted_occasion(store: Store) -> None:
    occasion = await queued(store)
    other = await queued(store, a_user("u2"))
    await store.upsert_users([a_user()], now=NOW, change=cancelling(Reason.SWITCHED_OFF))
    assert await outcome_of(store, occasion) == (OccasionState.CANCELLED, Reason.SWITCHED_OFF)
    assert await outcome_of(store, other) == (OccasionState.QUEUED, None)


async def test_a_change_does_not_cancel_work_that_has_started(store: Store) -> None:
    occasion = await in_work(store)
    await store.upsert_users([a_user()], now=NOW, change=cancelling(Reason.RESCHEDULED))
    assert await outcome_of(store, occasion) == (OccasionState.IN_WORK, None)


async def test_a_change_does_not_touch_an_ended_occasion(store: Store) -> None:
    occasion = await sent(store)
    await store.upsert_users([a_user()], now=NOW, change=cancelling(Reason.RESCHEDULED))
    assert await outcome_of(store, occasion) == (OccasionState.SENT, None)


async def test_a_change_without_a_reason_cancels_nothing(store: Store) -> None:
    occasion = await queued(store)
    await add(store, a_user())
    assert await outcome_of(store, occasion) == (OccasionState.QUEUED, None)


async def test_users_are_listed_by_id_a_page_at_a_time(store: Store) -> None:
    await add(store, *(a_user(user_id) for user_id in "dbac"))
    assert [user.id for user in await store.users(limit=3)] == ["a", "b", "c"]
    assert [user.id for user in await store.users(after="c", limit=3)] == ["d"]


# --- entries


async def test_an_entry_comes_back_as_stored(store: Store) -> None:
    await add(store, a_user())
    entry = an_entry(text="Ich übe “Nein”. 🧘", images=("a.jpg", "b.jpg"), updated_at=NOW)
    assert await store.upsert_entries([entry]) == {}
    assert await store.entry("e1") == entry


async def test_an_unknown_entry_is_none(store: Store) -> None:
    assert await store.entry("nothing") is None


async def test_entries_with_content_are_counted(store: Store) -> None:
    await add(store, a_user(), a_user("u2"))
    blank = an_entry("e3", text="")
    await store.upsert_entries([an_entry("e1"), an_entry("e2"), blank, an_entry("e4", "u2")])
    assert ((await user_of(store)).entry_count, (await user_of(store, "u2")).entry_count) == (2, 1)


async def test_importing_entries_again_counts_them_once(store: Store) -> None:
    await add(store, a_user())
    for _ in range(3):
        await store.upsert_entries([an_entry("e1"), an_entry("e2")])
    assert (await user_of(store)).entry_count == 2


async def test_of_one_entry_twice_in_a_batch_the_last_counts_once(store: Store) -> None:
    await add(store, a_user())
    await store.upsert_entries([an_entry(text="first"), an_entry(text="last")])
    entry = await store.entry("e1")
    assert entry is not None
    assert entry.text == "last"
    assert (await user_of(store)).entry_count == 1


async def test_an_entry_made_blank_counts_no_more_and_counts_again_when_filled(store: Store) -> None:
    await add(store, a_user())
    counts: list[int] = []
    for text in ("words", "", "words again"):
        await store.upsert_entries([an_entry(text=text)])
        counts.append((await user_of(store)).entry_count)
    assert counts == [1, 0, 1]


async def test_a_deleted_entry_counts_no_more(store: Store) -> None:
    await add(store, a_user())
    await store.upsert_entries([an_entry("e1"), an_entry("e2"), an_entry("blank", text="")])
    assert await store.delete_entry("e1")
    assert await store.delete_entry("blank")
    assert (await user_of(store)).entry_count == 1
    assert await store.entry("e1") is None


async def test_deleting_what_is_not_there_says_so(store: Store) -> None:
    await add(store, a_user())
    await store.upsert_entries([an_entry()])
    assert [await store.delete_entry("e1"), await store.delete_entry("e1")] == [True, False]
    assert (await user_of(store)).entry_count == 0


async def test_entries_of_unknown_users_are_refused_and_the_others_are_kept(store: Store) -> None:
    await add(store, a_user())
    refused = await store.upsert_entries([an_entry("e1"), an_entry("e2", "nobody"), an_entry("e3")])
    assert list(refused) == ["e2"]
    assert "'nobody'" in refused["e2"]
    assert (await user_of(store)).entry_count == 2
    assert await store.entry("e2") is None


async def test_the_id_of_another_users_entry_is_refused(store: Store) -> None:
    await add(store, a_user(), a_user("u2"))
    await store.upsert_entries([an_entry(text="mine")])
    refused = await store.upsert_entries([an_entry("e1", "u2", text="theirs")])
    entry = await store.entry("e1")
    assert "another user" in refused["e1"]
    assert entry is not None
    assert (entry.user_id, entry.text) == ("u1", "mine")
    assert (await user_of(store, "u2")).entry_count == 0


async def test_the_entry_of_our_message_stays_one_when_the_app_edits_it(store: Store) -> None:
    await sent(store)
    await store.upsert_entries([an_entry("je-u1", text="My own words now.")])
    entry = await store.entry("je-u1")
    assert entry is not None
    assert (entry.text, entry.message_id) == ("My own words now.", "m-u1")
    assert (await store.journal("u1", entries=5, messages=0)).entries == []
    assert (await user_of(store)).entry_count == 0


async def test_deleting_the_entry_of_our_message_leaves_the_count(store: Store) -> None:
    await sent(store)
    await store.upsert_entries([an_entry()])
    assert await store.delete_entry("je-u1")
    assert (await user_of(store)).entry_count == 1


async def test_deleting_an_entry_deletes_the_contexts_that_may_quote_it_and_no_other(store: Store) -> None:
    occasion, other = await in_work(store), await in_work(store, a_user("u2"), "t2")
    await store.save_attempt(occasion, an_attempt(), token="t1", context=KeptContext(text="mine"))
    await store.save_attempt(other, an_attempt(), token="t2", context=KeptContext(text="theirs"))
    await store.upsert_entries([an_entry()])
    await store.delete_entry("e1")
    explanations = [await store.explanation(one) for one in (occasion, other)]
    kept = "theirs" if keeps_contexts(store) else None
    assert [found.context if found else "" for found in explanations] == [None, kept]


async def test_a_context_that_quotes_an_entry_deleted_meanwhile_is_not_kept(store: Store) -> None:
    occasion, other = await in_work(store), await in_work(store, a_user("u2"), "t2")
    await store.upsert_entries([an_entry("e1"), an_entry("e2")])
    both = KeptContext(text="what they wrote", entry_ids=["e1", "e2"])
    await store.save_attempt(other, an_attempt(), token="t2", context=both)
    await store.delete_entry("e1")
    await store.save_attempt(occasion, an_attempt(), token="t1", context=both)
    explanations = [await store.explanation(one) for one in (occasion, other)]
    kept = "what they wrote" if keeps_contexts(store) else None
    assert [(found.context, len(found.attempts)) for found in explanations if found] == [(None, 1), (kept, 1)]


async def test_no_entries_are_nothing(store: Store) -> None:
    assert await store.upsert_entries([]) == {}
    await store.upsert_users([], now=NOW, change=as_given)
    assert await store.users() == []


# --- insights


FULL_INSIGHTS = Insights(
    user_id="u1",
    main_focus=Insight(
        headline="Speaking up",
        description="In meetings",
        sources=(Source(quote="I froze", extracted_at=NOW), Source(quote="again")),
        updated_at=NOW,
    ),
    key_blockers=Insight(headline="Sleep"),
    created_at=NOW - HOUR,
    updated_at=NOW,
)


async def test_insights_come_back_as_stored(store: Store) -> None:
    await add(store, a_user())
    assert await store.upsert_insights([FULL_INSIGHTS]) == {}
    assert await store.insights("u1") == FULL_INSIGHTS


async def test_insights_given_again_replace_the_old_ones(store: Store) -> None:
    await add(store, a_user())
    await store.upsert_insights([FULL_INSIGHTS])
    await store.upsert_insights([Insights(user_id="u1", plan=Insight(headline="Walks"))])
    assert await store.insights("u1") == Insights(user_id="u1", plan=Insight(headline="Walks"))


async def test_insights_of_unknown_users_are_refused_and_the_others_are_kept(store: Store) -> None:
    await add(store, a_user())
    refused = await store.upsert_insights([Insights(user_id="nobody"), FULL_INSIGHTS])
    assert list(refused) == ["nobody"]
    assert await store.insights("nobody") is None
    assert await store.insights("u1") == FULL_INSIGHTS


# --- feedback


async def test_feedback_is_kept_with_its_message(store: Store) -> None:
    await sent(store)
    helpful = Feedback(message_id="m-u1", kind="helpful", rating=5, at=NOW)
    assert await store.add_feedback(helpful)
    (message,) = (await store.journal("u1", entries=0, messages=1)).messages
    assert message.feedback == (helpful,)


async def test_feedback_of_one_kind_given_again_replaces_the_first(store: Store) -> None:
    await sent(store)
    for rating in (2, 4):
        await store.add_feedback(Feedback(message_id="m-u1", kind="helpful", rating=rating, at=NOW))
    (message,) = (await store.journal("u1", entries=0, messages=1)).messages
    assert [feedback.rating for feedback in message.feedback] == [4]


async def test_feedback_on_no_message_is_refused(store: Store) -> None:
    assert not await store.add_feedback(Feedback(message_id="m-u1", kind="opened", at=NOW))
    assert not (await store.journal("u1", entries=0, messages=9)).messages
