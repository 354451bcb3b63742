"""What other prompts make of a kept context, and what is never written about again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.application.scene import Scene, a_draft, a_scene, a_verdict
from tests.builders import NOW, an_entry

from reflecta.application.replay import FLAGGED, Replay, Replayed
from reflecta.domain.errors import ModelUnavailable, NotFound
from reflecta.domain.model import MessageType, OccasionState
from reflecta.domain.prompt import Prompts, PromptText

DAY = timedelta(days=1)
SENT = (a_draft(), a_verdict())
AGAIN = a_draft("Which part of it would you walk again?")


def _replay(scene: Scene) -> Replay:
    return Replay(store=scene.service.store, compose=scene.service.process.compose)


def _prompts(scene: Scene, text: str = "Write in another way.") -> Prompts:
    current = scene.service.process.compose.prompts
    return replace(current, newcomer=PromptText(name="newcomer", text=text))


async def _replayed(scene: Scene, limit: int = 10) -> Sequence[Replayed]:
    return [each async for each in _replay(scene)(_prompts(scene), limit=limit)]


async def test_what_was_written_stands_beside_what_other_prompts_bring() -> None:
    async with a_scene([*SENT, AGAIN, a_verdict(9)]) as scene:
        await scene.add_due_user()
        await scene.processed()

        (replayed,) = await _replayed(scene)

        assert replayed.was.attempts[0].draft is not None
        assert replayed.composed is not None
        assert replayed.composed.chosen is not None
        assert replayed.composed.chosen.draft is not None
        assert replayed.composed.chosen.draft.text != replayed.was.attempts[0].draft.text
        assert scene.model.questions[2].instructions == "Write in another way."
        assert scene.model.questions[2].content == scene.model.questions[0].content


async def test_nothing_of_a_replay_is_stored_or_sent() -> None:
    async with a_scene([*SENT, AGAIN, a_verdict()]) as scene:
        await scene.add_due_user()
        processed = await scene.processed()
        before = await scene.service.store.explanation(processed.occasion_id)

        await _replayed(scene)

        assert await scene.service.store.explanation(processed.occasion_id) == before
        assert len(await scene.service.store.occasions()) == 1


async def test_a_draft_that_the_checks_refuse_is_no_error() -> None:
    poor = a_draft("Look at https://example.com and then?")
    async with a_scene([*SENT, poor, poor, poor]) as scene:
        await scene.add_due_user()
        await scene.processed()

        (replayed,) = await _replayed(scene)

        assert replayed.composed is not None
        assert (replayed.composed.chosen, replayed.error) == (None, None)


async def test_a_model_that_is_down_is_told_of() -> None:
    async with a_scene([*SENT, ModelUnavailable("503")]) as scene:
        await scene.add_due_user()
        await scene.processed()

        (replayed,) = await _replayed(scene)

        assert (replayed.composed, replayed.error) == (None, "ModelUnavailable: 503")


async def test_what_was_flagged_since_is_not_written_about() -> None:
    async with a_scene(SENT) as scene:
        await scene.add_due_user()
        await scene.processed()
        await scene.service.ingest.upsert_entries([an_entry("e-u1", text="I want to kill myself.")])
        scene.clock.set(NOW + DAY)
        cared = await scene.service.on_demand.force("u1")
        assert cared.outcome is OccasionState.SENT

        (replayed,) = await _replayed(scene)

        assert (replayed.composed, replayed.error) == (None, FLAGGED)
        assert len(scene.model.questions) == len(SENT)


async def test_an_occasion_whose_later_try_ended_in_helplines_is_not_written_again() -> None:
    async with a_scene([ModelUnavailable("503")]) as scene:
        await scene.add_due_user()
        assert (await scene.processed()).outcome is None
        await scene.service.ingest.upsert_entries([an_entry("e-new", text="I want to kill myself.")])
        scene.clock.advance(timedelta(hours=2))
        (occasion,) = await scene.service.store.occasions()
        await scene.service.process(occasion.id)

        replayed = await _replayed(scene)

        assert [each.error for each in replayed] == [FLAGGED]
        last = replayed[0].was.attempts[-1].draft
        assert last is not None
        assert last.type is MessageType.CARE


async def test_a_kept_version_takes_the_place_of_the_prompt_of_its_name() -> None:
    async with a_scene() as scene:
        old = PromptText(name="draft", text="Write as we did in spring.")
        gone = PromptText(name="greeting", text="Say hello.")
        await scene.service.store.keep_prompts([old, gone], now=NOW)
        replay, current = _replay(scene), scene.service.process.compose.prompts

        assert await replay.prompts(old.version, current) == replace(current, draft=old)
        for unknown in ("draft-0000000000", gone.version):
            with pytest.raises(NotFound):
                await replay.prompts(unknown, current)
