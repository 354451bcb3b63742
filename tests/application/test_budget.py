"""Spend budgets: by one user on a local date, by all on a UTC date, and what is sent when they are spent."""

from datetime import timedelta

import pytest
from tests.application.scene import Scene, a_scene
from tests.builders import NOW, a_call, a_user, an_attempt

from reflecta.application.budget import Budget
from reflecta.application.process import OnModelFailure
from reflecta.domain.model import OccasionState, Reason

BERLIN = "Europe/Berlin"
DAY = timedelta(days=1)


async def who_cost_ten_cents(scene: Scene) -> None:
    """Let one of two users have a call that was paid for."""
    await scene.add(a_user("u1"), a_user("u2", next_due_at=None))
    occasion = await scene.claimed()
    store = scene.service.store
    await store.lease(occasion, token="t", now=NOW, until=NOW + DAY, local_date=lambda _zone: NOW.date())
    await store.save_attempt(occasion, an_attempt(calls=(a_call(at=NOW, cost_reported=0.1),)), token="t")


async def test_what_one_user_may_cost_is_theirs_alone_and_ends_with_their_date() -> None:
    async with a_scene() as scene:
        await who_cost_ten_cents(scene)
        budget = Budget(store=scene.service.store, clock=scene.clock, per_user=0.1)
        assert await budget.is_spent("u1", BERLIN)
        assert not await budget.is_spent("u2", BERLIN)

        scene.clock.set(NOW.replace(hour=22, minute=59))  # still today in Berlin
        assert await budget.is_spent("u1", BERLIN)
        scene.clock.set(NOW.replace(hour=23))
        assert not await budget.is_spent("u1", BERLIN)


async def test_what_all_may_cost_together_ends_with_the_utc_date() -> None:
    async with a_scene() as scene:
        await who_cost_ten_cents(scene)
        budget = Budget(store=scene.service.store, clock=scene.clock, in_all=0.1)
        assert await budget.is_spent("u2", BERLIN)
        scene.clock.set(NOW.replace(hour=0) + DAY)
        assert not await budget.is_spent("u2", BERLIN)


async def test_the_sum_of_all_is_read_again_after_ten_seconds_and_when_the_clock_goes_back() -> None:
    async with a_scene() as scene:
        budget = Budget(store=scene.service.store, clock=scene.clock, in_all=0.1)
        assert not await budget.is_spent("u1", BERLIN)
        await who_cost_ten_cents(scene)
        assert not await budget.is_spent("u1", BERLIN)
        scene.clock.advance(timedelta(seconds=10))
        assert await budget.is_spent("u1", BERLIN)
        scene.clock.set(NOW)
        assert await budget.is_spent("u1", BERLIN)


async def test_without_limits_nothing_is_ever_spent() -> None:
    async with a_scene() as scene:
        await who_cost_ten_cents(scene)
        assert not await Budget(store=scene.service.store, clock=scene.clock).is_spent("u1", BERLIN)


@pytest.mark.parametrize("limit", ["budget_per_user", "budget_per_day"])
async def test_when_the_budget_is_spent_the_composer_writes_and_no_model_is_asked(limit: str) -> None:
    async with a_scene([], screening=True, **{limit: 0.0}) as scene:
        await scene.add_due_user()

        assert (await scene.processed()).outcome is OccasionState.SENT
        assert scene.model.questions == []
        assert "budget.spent" in [name for name, _ in scene.telemetry.events]


async def test_with_hold_nothing_is_sent_when_the_budget_is_spent() -> None:
    async with a_scene([], budget_per_user=0.0, on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add_due_user()

        processed = await scene.processed()
        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.OVER_BUDGET)
