"""What `LedgerStore` promises to reports and explanations, and how a store opens and closes."""

from datetime import timedelta

import pytest
from tests.builders import HOUR, NOW, REGULAR, WINDOW_END, a_call, a_delivery, a_forced_occasion, a_user, an_attempt
from tests.contracts.behind import keeps_contexts
from tests.contracts.steps import add, claim, in_work, occasion_of, queued, sent
from tests.databases import write

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports.store import ClaimPlan, Ending, KeptContext, Store
from reflecta.domain.model import OccasionState, Reason, occasion_id
from reflecta.domain.prompt import PromptText

sql = pytest.mark.parametrize("place", ["memory", "file", "postgres"], indirect=True)
MINUTE = timedelta(minutes=1)


async def four_occasions(store: Store) -> dict[str, str]:
    """Make one sent, one deferred, one queued and one held back, due an hour apart, the sent one last."""
    held = await in_work(store, a_user("held", next_due_at=NOW - 3 * HOUR))
    ending = Ending(outcome=OccasionState.HELD_BACK, now=NOW, reason=Reason.LOW_SCORE)
    await store.finish(held, ending, token="t1")
    waiting = await queued(store, a_user("queued", next_due_at=NOW - 2 * HOUR))
    await add(store, a_user("deferred", next_due_at=NOW - HOUR))
    outside = ClaimPlan(next_due_at=REGULAR, reason=Reason.OUTSIDE_WINDOW)
    (deferred,) = (await claim(store, "deferred", plan=lambda _: outside)).deferred
    return {"held": held, "queued": waiting, "deferred": deferred, "sent": await sent(store, a_user("sent"))}


# --- occasions


async def test_occasions_are_listed_newest_due_time_first(store: Store) -> None:
    ids = await four_occasions(store)
    found = [occasion.id for occasion in await store.occasions()]
    assert found == [ids["sent"], ids["deferred"], ids["queued"], ids["held"]]


async def test_occasions_are_listed_page_by_page_by_due_time(store: Store) -> None:
    ids = await four_occasions(store)
    first = await store.occasions(limit=2)
    rest = await store.occasions(limit=2, before=first[-1].due_at)
    assert [occasion.id for occasion in rest] == [ids["queued"], ids["held"]]


async def test_occasions_of_one_user_are_listed_alone(store: Store) -> None:
    ids = await four_occasions(store)
    assert [occasion.id for occasion in await store.occasions(user_id="deferred")] == [ids["deferred"]]
    assert await store.occasions(user_id="nobody") == []


# --- explanation


async def test_an_explanation_holds_all_that_was_kept(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(1), token="t1", context=KeptContext(text="They walked."))
    await store.release(occasion, token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    context = "They walked." if keeps_contexts(store) else None
    assert (explanation.context, explanation.attempts) == (context, [an_attempt(1)])
    assert explanation.occasion == await occasion_of(store, occasion)


async def test_an_explanation_of_a_sent_occasion_names_message_entry_and_deliveries(store: Store) -> None:
    occasion = await sent(store, None, a_delivery("d2", address="b"), a_delivery("d1"))
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert (explanation.message_id, explanation.journal_entry_id) == ("m-u1", "je-u1")
    assert explanation.sent_at == NOW
    assert explanation.deliveries == [a_delivery("d1"), a_delivery("d2", address="b")]


async def test_an_explanation_of_an_occasion_without_a_message_has_none(store: Store) -> None:
    explanation = await store.explanation(await queued(store))
    assert explanation is not None
    assert (explanation.message_id, explanation.sent_at, explanation.context) == (None, None, None)
    assert not explanation.attempts
    assert not explanation.deliveries


async def test_there_is_no_explanation_of_what_does_not_exist(store: Store) -> None:
    assert await store.explanation("nothing") is None


async def test_explanations_do_not_mix_users(store: Store) -> None:
    first = await sent(store, a_user("u1"), a_delivery("d1"))
    await sent(store, a_user("u2"), a_delivery("d2", "u2"))
    explanation = await store.explanation(first)
    assert explanation is not None
    assert [delivery.id for delivery in explanation.deliveries] == ["d1"]
    assert len(explanation.attempts) == 1


# --- counts, spending


async def test_outcomes_are_counted_by_state_and_reason(store: Store) -> None:
    await four_occasions(store)
    await sent(store, a_user("also sent"))
    assert await store.count_outcomes(since=NOW - 9 * HOUR) == {
        ("sent", ""): 2,
        ("deferred", "outside_window"): 1,
        ("queued", ""): 1,
        ("held_back", "low_score"): 1,
    }


async def test_outcomes_are_counted_from_the_due_time_on(store: Store) -> None:
    await four_occasions(store)
    assert await store.count_outcomes(since=NOW - HOUR) == {("sent", ""): 1, ("deferred", "outside_window"): 1}
    assert await store.count_outcomes(since=NOW + MINUTE) == {}


async def test_forced_occasions_are_counted_too(store: Store) -> None:
    await add(store, a_user())
    await store.force(a_forced_occasion())
    assert await store.count_outcomes(since=NOW) == {("queued", ""): 1}


async def test_spending_sums_reported_costs_and_else_estimated_ones(store: Store) -> None:
    occasion = await in_work(store)
    reported = a_call(cost_reported=0.25, cost_estimated=9.0)
    estimated = a_call(cost_reported=None, cost_estimated=0.5)
    free, unknown = a_call(cost_reported=0.0, cost_estimated=9.0), a_call(cost_reported=None)
    await store.save_attempt(occasion, an_attempt(1, calls=(reported, estimated)), token="t1")
    await store.save_attempt(occasion, an_attempt(2, calls=(free, unknown)), token="t1")
    assert await store.spent(since=NOW) == pytest.approx(0.75)


async def test_saving_an_attempt_again_does_not_spend_again(store: Store) -> None:
    occasion = await in_work(store)
    for _ in range(3):
        await store.save_attempt(occasion, an_attempt(calls=(a_call(cost_reported=0.25),)), token="t1")
    assert await store.spent(since=NOW) == pytest.approx(0.25)


async def test_spending_counts_from_the_instant_on(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(calls=(a_call(at=NOW - MINUTE, cost_reported=4.0),)), token="t1")
    other = await in_work(store, a_user("u2"), "t2")
    await store.save_attempt(other, an_attempt(calls=(a_call(cost_reported=0.5),)), token="t2")
    assert await store.spent(since=NOW) == pytest.approx(0.5)
    assert await store.spent(since=WINDOW_END) == 0


# --- the schema's own promises


@sql
@pytest.mark.parametrize("promise", ["users_entry_count_positive", "occasions_state"])
async def test_the_database_refuses_what_can_never_be(store: SqlStore, promise: str) -> None:
    await queued(store)
    wrong = {
        "users_entry_count_positive": "UPDATE users SET entry_count = -1",
        "occasions_state": "UPDATE occasions SET state = 'lost'",
    }
    with pytest.raises(Exception, match=promise):
        await write(store, wrong[promise])


@sql
async def test_occasions_whose_context_is_kept_are_listed_newest_first(store: Store) -> None:
    for user in ("u1", "u2", "u3"):
        occasion = await in_work(store, a_user(user), f"t-{user}")
        context = KeptContext(text="{}") if user != "u3" else None
        await store.save_attempt(occasion, an_attempt(), token=f"t-{user}", context=context)
    listed = await store.replayable(limit=10)
    assert sorted(listed) == sorted(occasion_id(user, NOW) for user in ("u1", "u2"))
    assert await store.replayable(limit=10, user_id="u2") == [occasion_id("u2", NOW)]
    assert len(await store.replayable(limit=1)) == 1


async def test_the_text_of_a_prompt_is_found_by_its_version(store: Store) -> None:
    text = PromptText(name="draft", text="Write.")
    for _ in range(2):
        await store.keep_prompts([text, PromptText(name="revision", text="Mend.")], now=NOW)
    assert await store.prompt_text(text.version) == text
    assert await store.prompt_text("draft-unknown") is None
