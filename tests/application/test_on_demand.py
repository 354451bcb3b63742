"""Occasions that somebody asks for now: the processor's user, forced runs, dry runs."""

from datetime import timedelta

import pytest
from tests.application.scene import a_draft, a_scene, a_verdict
from tests.builders import NOW, a_user

from reflecta.application.on_demand import NotDue
from reflecta.application.process import Processed
from reflecta.domain.errors import NotFound
from reflecta.domain.model import OccasionState, Reason, Window


async def test_a_user_who_is_not_due_gets_nothing_and_nothing_is_written() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(next_due_at=NOW + timedelta(hours=2)))

        assert await scene.service.on_demand.user("u1") == NotDue(user_id="u1")
        assert await scene.service.store.occasions() == []


async def test_a_due_user_is_claimed_and_worked_on_in_one_go() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()

        done = await scene.service.on_demand.user("u1")

        assert isinstance(done, Processed)
        assert done.outcome is OccasionState.SENT


async def test_asking_again_for_a_user_who_was_served_sends_nothing_more() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        await scene.service.on_demand.user("u1")

        assert isinstance(await scene.service.on_demand.user("u1"), NotDue)


async def test_an_open_occasion_of_the_user_is_continued() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion = await scene.claimed()

        done = await scene.service.on_demand.user("u1")

        assert isinstance(done, Processed)
        assert (done.occasion_id, done.outcome) == (occasion, OccasionState.SENT)


async def test_a_due_user_outside_the_window_is_deferred_with_the_reason() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(window=Window.EVENING))

        done = await scene.service.on_demand.user("u1")

        assert isinstance(done, Processed)
        assert (done.outcome, done.reason) == (OccasionState.DEFERRED, Reason.OUTSIDE_WINDOW)


async def test_an_ended_occasion_is_told_as_it_ended() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        first = await scene.processed()

        again = await scene.service.on_demand.occasion(first.occasion_id)

        assert (again.outcome, again.message_id) == (first.outcome, first.message_id)


async def test_who_or_what_is_not_known_is_not_found() -> None:
    async with a_scene() as scene:
        with pytest.raises(NotFound):
            await scene.service.on_demand.user("nobody")
        with pytest.raises(NotFound):
            await scene.service.on_demand.occasion("nothing")
        with pytest.raises(NotFound):
            await scene.service.on_demand.force("nobody")


async def test_a_dry_run_writes_and_judges_a_message_and_stores_nothing() -> None:
    async with a_scene([a_draft(), a_verdict(7)]) as scene:
        await scene.add(a_user(enabled=False, next_due_at=None))

        preview = await scene.service.on_demand.preview("u1")

        assert preview.composed is not None
        assert preview.composed.chosen is not None
        assert preview.composed.chosen.assessment is not None
        assert await scene.service.store.occasions() == []


async def test_a_dry_run_of_an_empty_journal_says_that_there_is_nothing_to_say() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(), entries=[])

        assert (await scene.service.on_demand.preview("u1")).reason is Reason.NOTHING_TO_SAY
