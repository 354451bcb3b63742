"""What every store promises about signs of risk: who is held, for how long, and what is counted of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.builders import HOUR, NOW, REGULAR, a_call, a_flag, a_sent_ending, a_user, an_attempt
from tests.contracts.behind import dump
from tests.contracts.steps import add, in_work, outcome_of, take, user_of

from reflecta.application.ports.store import Store
from reflecta.domain.errors import LeaseLost
from reflecta.domain.model import (
    FlagSource,
    OccasionState,
    Purpose,
    Reason,
    ScreenedSign,
    Screening,
)

SEEN = Screening(signs=(ScreenedSign.DISTRESS, ScreenedSign.MEDICAL), entry_ids=("e1",))
LATER = NOW + timedelta(hours=96)


async def flagged(store: Store) -> str:
    """Send a care text to a user and hold them; give the occasion."""
    occasion = await in_work(store)
    await store.save_attempt(occasion, an_attempt(), token="t1")
    ending = replace(a_sent_ending(), reason=Reason.SAFETY_HOLD, flag=a_flag(), next_due_at=LATER)
    assert await store.finish(occasion, ending, token="t1") == (OccasionState.SENT, Reason.SAFETY_HOLD)
    return occasion


async def test_what_the_classifier_saw_is_there_for_whoever_goes_on(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_screening(occasion, SEEN, a_call(purpose=Purpose.SCREENING), token="t1")
    await store.release(occasion, token="t1")
    work = await take(store, occasion, "t2")
    assert work is not None
    assert (work.screening, work.attempts) == (SEEN, ())


async def test_a_screening_is_explained_with_what_it_cost(store: Store) -> None:
    occasion = await in_work(store)
    call = a_call(purpose=Purpose.SCREENING)
    await store.save_screening(occasion, SEEN, call, token="t1")
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert (explanation.screening, explanation.screening_call, explanation.attempts) == (SEEN, call, [])
    assert await store.spent(since=NOW) == pytest.approx(0.001)


async def test_nobody_without_the_lease_saves_a_screening(store: Store) -> None:
    occasion = await in_work(store)
    before = await dump(store)
    with pytest.raises(LeaseLost):
        await store.save_screening(occasion, SEEN, a_call(), token="another")
    assert await dump(store) == before


async def test_a_flag_holds_the_user_from_the_message_on(store: Store) -> None:
    await flagged(store)
    user = await user_of(store)
    assert (user.held_until, user.flagged_entries) == (a_flag().held_until, ("e1",))
    assert user.next_due_at == LATER


async def test_nothing_ordinary_is_sent_to_a_user_who_is_held_meanwhile(store: Store) -> None:
    occasion = await in_work(store)
    assert await store.hold("u1", a_flag(source=FlagSource.PERSON, rule=None))
    await store.save_attempt(occasion, an_attempt(), token="t1")
    assert await store.finish(occasion, a_sent_ending(), token="t1") == (OccasionState.DEFERRED, Reason.SAFETY_HOLD)
    assert await outcome_of(store, occasion) == (OccasionState.DEFERRED, Reason.SAFETY_HOLD)
    assert (await dump(store))["journal_entries"] == []


async def test_a_hold_that_is_over_keeps_nothing_back(store: Store) -> None:
    occasion = await in_work(store)
    await store.hold("u1", a_flag(held_until=NOW))
    await store.save_attempt(occasion, an_attempt(), token="t1")
    assert await store.finish(occasion, a_sent_ending(), token="t1") == (OccasionState.SENT, None)


async def test_a_shorter_hold_does_not_shorten_a_longer_one(store: Store) -> None:
    await add(store, a_user())
    await store.hold("u1", a_flag())
    await store.hold("u1", a_flag(at=NOW + HOUR, held_until=NOW + 2 * HOUR, entry_ids=("e2", "e1")))
    user = await user_of(store)
    assert (user.held_until, user.flagged_entries) == (a_flag().held_until, ("e1", "e2"))


async def test_the_same_flag_twice_counts_once(store: Store) -> None:
    await add(store, a_user())
    for _ in range(2):
        assert await store.hold("u1", a_flag())
    assert await store.count_flags(since=NOW) == {("suicide", "rules"): 1}
    assert await store.count_flags(since=NOW + HOUR) == {}


async def test_nobody_unknown_can_be_held_or_released(store: Store) -> None:
    assert not await store.hold("nobody", a_flag())
    assert not await store.release_hold("nobody", now=NOW, next_due=lambda _user: None)


async def test_a_review_ends_the_hold_and_what_was_flagged_stays_out(store: Store) -> None:
    await flagged(store)
    assert await store.release_hold("u1", now=NOW + HOUR, next_due=lambda _user: REGULAR)
    user = await user_of(store)
    assert (user.held_until, user.flagged_entries, user.next_due_at) == (None, ("e1",), REGULAR)
    assert not await store.release_hold("u1", now=NOW + HOUR, next_due=lambda _user: REGULAR)


async def test_those_who_are_held_are_listed_by_id_until_they_are_released(store: Store) -> None:
    await add(store, *map(a_user, ("u3", "u1", "u2")))
    for user in ("u3", "u1"):
        await store.hold(user, a_flag())
    assert [user.id for user in await store.held()] == ["u1", "u3"]
    assert [user.id for user in await store.held(after="u1", limit=1)] == ["u3"]
    await store.release_hold("u3", now=NOW, next_due=lambda _user: None)
    assert [user.id for user in await store.held()] == ["u1"]


async def test_an_import_keeps_the_hold(store: Store) -> None:
    await flagged(store)
    await add(store, a_user(first_name="Ana"))
    assert (await user_of(store)).held_until == a_flag().held_until


async def test_after_erasure_a_flag_is_counted_and_says_nothing_of_whose_it_was(store: Store) -> None:
    occasion = await flagged(store)
    await store.erase_user("u1", now=NOW)
    assert await store.count_flags(since=NOW) == {("suicide", "rules"): 1}
    kept = await dump(store)
    told = str(kept.get("safety_flags") or kept["reflectaFlags"])
    assert "u1" not in told
    assert occasion not in told


async def test_erasure_forgets_what_the_classifier_saw(store: Store) -> None:
    occasion = await in_work(store)
    await store.save_screening(occasion, SEEN, a_call(), token="t1")
    await store.erase_user("u1", now=NOW)
    explanation = await store.explanation(occasion)
    assert explanation is not None
    assert explanation.screening is None


async def test_erasure_forgets_that_an_occasion_ended_for_a_sign_of_risk(store: Store) -> None:
    occasion = await flagged(store)
    await store.erase_user("u1", now=NOW)
    assert await outcome_of(store, occasion) == (OccasionState.SENT, None)


async def test_what_one_user_cost_is_told_apart(store: Store) -> None:
    for user in ("u1", "u2"):
        occasion = await in_work(store, a_user(user), f"t-{user}")
        await store.save_attempt(occasion, an_attempt(calls=(a_call(), a_call())), token=f"t-{user}")
    assert await store.spent(since=NOW) == pytest.approx(0.004)
    assert await store.spent(since=NOW, user_id="u1") == pytest.approx(0.002)
    assert await store.spent(since=NOW + HOUR, user_id="u1") == 0


async def test_what_nobody_knows_the_cost_of_costs_nothing(store: Store) -> None:
    occasion = await in_work(store)
    call = a_call(cost_reported=None, cost_estimated=None)
    await store.save_attempt(occasion, an_attempt(calls=(call,)), token="t1")
    assert await store.spent(since=NOW, user_id="u1") == 0
