"""What the state machine found, each in its fewest steps."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.application.scene import a_draft, a_scene, a_verdict
from tests.databases import dump
from tests.machine.doubles import Died, mortal

from reflecta.application.process import OnModelFailure
from reflecta.domain.model import OccasionState, Reason


async def test_a_models_words_in_an_error_do_not_outlive_the_erasure() -> None:
    odd = [a_draft(messageType="Ana left me")] * 3
    async with a_scene(odd, on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add_due_user()
        await scene.processed()

        await scene.service.ingest.erase_user("u1")

        assert "Ana left me" not in str(await dump(scene.service.store))


async def test_who_moved_away_after_a_worker_died_gets_nothing_outside_the_new_window() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        user = await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process
        with pytest.raises(Died):
            await replace(process, store=mortal(process.store, 1, after=True))(occasion)
        await scene.service.ingest.upsert_users([replace(user, timezone="Asia/Tokyo")])
        scene.clock.advance(timedelta(seconds=61))

        processed = await process(occasion)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)


async def test_a_clock_put_back_before_the_opening_sends_nothing() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        user = await scene.add_due_user()
        scene.clock.set(scene.clock.now().replace(hour=5))
        await scene.service.ingest.upsert_users([replace(user, next_due_at=scene.clock.now())], reschedule=True)
        occasion = await scene.claimed()
        scene.clock.advance(timedelta(seconds=-30))

        processed = await scene.service.process(occasion)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)
