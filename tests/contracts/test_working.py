"""What `ProcessStore` promises of what is read for a message and of what is saved while it is written."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import (
    HOUR,
    NOW,
    a_call,
    a_delivery,
    a_forced_occasion,
    a_sent_ending,
    a_user,
    an_attempt,
    an_entry,
)
from tests.contracts.behind import dump, keeps_contexts
from tests.contracts.steps import add, in_work, sent, take

from reflecta.application.ports.store import Ending, KeptContext, Store
from reflecta.domain.errors import LeaseLost
from reflecta.domain.model import (
    Assessment,
    Attempt,
    Check,
    CheckName,
    Dimension,
    Draft,
    Evidence,
    Feedback,
    Insight,
    Insights,
    MessageType,
    OccasionState,
    Purpose,
    Recommendation,
    Source,
)

MINUTE = timedelta(minutes=1)

FULL_ATTEMPT = Attempt(
    number=1,
    created_at=NOW,
    draft=Draft(
        type=MessageType.CHALLENGE,
        text="You wrote “I froze” – what then?",
        push_text="A question 🎈",
        evidence=(Evidence(entry_id="e1", quote="I froze"),),
        ai_generated=False,
    ),
    checks=(Check(name=CheckName.FORM), Check(name=CheckName.GROUNDING, fault="no such quote")),
    assessment=Assessment(
        dimensions={dimension: rating for rating, dimension in enumerate(Dimension, 2)},
        recommendation=Recommendation.REVISE,
        faults=("too long", "vague"),
        rationale="Reads well.",
    ),
    calls=(
        a_call(purpose=Purpose.DRAFT, input_tokens=1200, output_tokens=80),
        a_call(purpose=Purpose.ASSESSMENT, cost_reported=None, cost_estimated=0.002),
    ),
    error="InvalidReply: no JSON",
)

Write = Callable[[Store, str, str], Awaitable[object]]
WRITES: Mapping[str, Write] = {
    "save_attempt": lambda store, occasion, token: store.save_attempt(
        occasion, an_attempt(2), token=token, context=KeptContext(text="c")
    ),
    "retry_later": lambda store, occasion, token: store.retry_later(occasion, token=token, at=NOW, detail="late"),
    "release": lambda store, occasion, token: store.release(occasion, token=token),
    "finish": lambda store, occasion, token: store.finish(occasion, a_sent_ending("u1", a_delivery()), token=token),
}


# --- journal


async def test_the_journal_holds_the_newest_entries_with_content_first_without_their_html(store: Store) -> None:
    await add(store, a_user(), a_user("u2"))
    written = [an_entry(f"e{n}", written_at=NOW - n * HOUR) for n in range(1, 6)]
    blank = an_entry("blank", text="", written_at=NOW)
    await store.upsert_entries([*written[::-1], blank, an_entry("theirs", "u2", written_at=NOW)])
    journal = await store.journal("u1", entries=3, messages=3)
    assert journal.entries == [replace(entry, content="", images=()) for entry in written[:3]]


async def test_entries_made_of_our_messages_are_not_read_as_the_users_own(store: Store) -> None:
    await sent(store)
    journal = await store.journal("u1", entries=10, messages=10)
    assert (journal.entries, len(journal.messages)) == ([], 1)


async def test_the_journal_holds_the_insights(store: Store) -> None:
    await add(store, a_user())
    source = Source(quote="I froze", extracted_at=NOW)
    focus = Insight(headline="Speaking up", description="At work", sources=(source,), updated_at=NOW)
    insights = Insights(user_id="u1", main_focus=focus, plan=Insight(headline="Walks"), updated_at=NOW)
    await store.upsert_insights([insights])
    assert (await store.journal("u1", entries=1, messages=1)).insights == insights


async def test_the_journal_holds_the_newest_messages_first_with_what_the_user_made_of_them(store: Store) -> None:
    await sent(store)
    forced = a_forced_occasion()
    await store.force(forced)
    await take(store, forced.id, "t2")
    await store.save_attempt(forced.id, an_attempt(text="The second."), token="t2")
    await store.finish(forced.id, a_sent_ending(suffix="-2", now=NOW + HOUR), token="t2")
    opened = Feedback(message_id="m-u1", kind="opened", at=NOW)
    helpful = Feedback(message_id="m-u1", kind="helpful", rating=4, at=NOW + MINUTE)
    await store.add_feedback(helpful)
    await store.add_feedback(opened)
    messages = (await store.journal("u1", entries=1, messages=5)).messages
    assert [(m.id, m.text, m.sent_at) for m in messages] == [
        ("m-u1-2", "The second.", NOW + HOUR),
        ("m-u1", "How did the walk go on?", NOW),
    ]
    assert [m.feedback for m in messages] == [(), (opened, helpful)]
    assert len((await store.journal("u1", entries=1, messages=1)).messages) == 1


async def test_the_journal_of_nobody_is_empty(store: Store) -> None:
    journal = await store.journal("nobody", entries=5, messages=5)
    assert (list(journal.entries), journal.insights, list(journal.messages)) == ([], None, [])


# --- context, attempts


async def test_the_context_is_kept_and_replaced(store: Store) -> None:
    occasion = await in_work(store)
    for text in ("first", "second"):
        await store.save_attempt(occasion, an_attempt(), token="t1", context=KeptContext(text=text))
    await store.save_attempt(occasion, an_attempt(), token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert explanation.context == ("second" if keeps_contexts(store) else None)


async def test_an_attempt_comes_back_as_it_was_saved(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, FULL_ATTEMPT, token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert explanation.attempts == [FULL_ATTEMPT]


async def test_an_attempt_without_draft_or_calls_comes_back_as_it_was_saved(store: Store) -> None:
    occasion = await in_work(store)
    broken_off = Attempt(number=1, created_at=NOW, error="ModelTimeout: no answer in 60 s")
    await store.save_attempt(occasion, broken_off, token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert explanation.attempts == [broken_off]


async def test_an_attempt_saved_again_with_its_assessment_replaces_the_first_form(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, replace(FULL_ATTEMPT, assessment=None, calls=FULL_ATTEMPT.calls[:1]), token="t1")
    await store.save_attempt(occasion, FULL_ATTEMPT, token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert explanation.attempts == [FULL_ATTEMPT]


# --- without the lease


@pytest.mark.parametrize("name", WRITES)
async def test_who_lost_the_lease_to_another_writes_nothing(store: Store, name: str) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    await take(store, occasion, "t2", now=NOW + MINUTE)
    before = await dump(store)
    with pytest.raises(LeaseLost):
        await WRITES[name](store, occasion, "t1")
    assert await dump(store) == before


@pytest.mark.parametrize("name", WRITES)
async def test_after_the_end_nothing_is_written(store: Store, name: str) -> None:
    occasion = await in_work(store)
    await store.finish(occasion, Ending(outcome=OccasionState.HELD_BACK, now=NOW), token="t1")
    before = await dump(store)
    with pytest.raises(LeaseLost):
        await WRITES[name](store, occasion, "t1")
    assert await dump(store) == before


@pytest.mark.parametrize("name", WRITES)
async def test_a_token_opens_no_other_occasion(store: Store, name: str) -> None:
    occasion = await in_work(store)
    await in_work(store, a_user("u2"), "t2")
    before = await dump(store)
    with pytest.raises(LeaseLost):
        await WRITES[name](store, occasion, "t2")
    assert await dump(store) == before
