"""What follows from a sign of risk, whoever dies or takes over meanwhile."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from tests.application.scene import WRITTEN, Scene, a_scene
from tests.builders import an_entry
from tests.machine.doubles import Died, mortal

from reflecta.application.ports import Completion
from reflecta.domain.model import Call, OccasionState, Purpose, Reason
from reflecta.domain.prompt import Question
from reflecta.domain.safety import DEFAULT_HOLD
from reflecta.testing import answer, screening_reply


@dataclass(slots=True)
class Attentive:
    """Answers well, its screenings by *sees* in turn, then that it sees nothing. Keeps every question."""

    sees: deque[str] = field(default_factory=deque[str])
    questions: list[Question] = field(default_factory=list[Question])

    @property
    def purposes(self) -> list[Purpose]:
        return [question.purpose for question in self.questions]

    async def complete(self, question: Question) -> Completion:
        self.questions.append(question)
        is_told = question.purpose is Purpose.SCREENING and self.sees
        text = screening_reply(self.sees.popleft()) if is_told else answer(question, len(self.questions))
        version, at = question.prompt_version, question.context.now
        call = Call(purpose=question.purpose, model="attentive", prompt_version=version, at=at, latency=0.1)
        return Completion(text=text, call=call)

    async def aclose(self) -> None:
        """Hold no connection."""


@asynccontextmanager
async def watched(*sees: str) -> AsyncGenerator[tuple[Scene, Attentive]]:
    """Open a scene in which the classifier sees these signs, with one user who is due."""
    model = Attentive(deque(sees))
    async with a_scene(None) as scene:
        process = scene.service.process
        screen = replace(process.screen, classifier=model)
        process = replace(process, screen=screen, compose=replace(process.compose, writer=model, judge=model))
        await scene.add_due_user()
        yield replace(scene, service=replace(scene.service, process=process)), model


async def test_what_the_classifier_saw_is_not_asked_for_again_by_whoever_takes_over() -> None:
    async with watched() as (scene, model):
        occasion, process = await scene.claimed(), scene.service.process
        with pytest.raises(Died):
            await replace(process, store=mortal(process.store, 3, after=True))(occasion)
        scene.clock.advance(timedelta(seconds=61))

        processed = await process(occasion)

        assert processed is not None
        assert processed.outcome is OccasionState.SENT
        assert model.purposes == [Purpose.SCREENING, Purpose.DRAFT, Purpose.ASSESSMENT]


async def test_a_sign_that_was_saved_before_its_worker_died_is_acted_on_by_the_next() -> None:
    async with watched("suicide") as (scene, model):
        occasion, process = await scene.claimed(), scene.service.process
        with pytest.raises(Died):
            await replace(process, store=mortal(process.store, 3, after=True))(occasion)
        scene.clock.advance(timedelta(seconds=61))

        processed = await process(occasion)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.SENT, Reason.SAFETY_HOLD)
        assert model.purposes == [Purpose.SCREENING]


async def test_on_a_sign_that_only_the_classifier_saw_the_care_text_is_sent_and_nothing_is_drafted() -> None:
    async with watched("abuse") as (scene, model):
        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.SENT, Reason.SAFETY_HOLD)
        assert model.purposes == [Purpose.SCREENING]


async def test_while_a_user_is_held_no_model_is_asked_about_them() -> None:
    async with watched() as (scene, model):
        await scene.service.holds.place("u1")

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.SAFETY_HOLD)
        assert not model.questions


async def test_after_the_hold_the_flagged_entry_is_shown_to_no_writer() -> None:
    async with watched("self_harm") as (scene, model):
        await scene.processed()
        scene.clock.advance(DEFAULT_HOLD)
        await scene.service.ingest.upsert_entries([an_entry("new", text=WRITTEN, written_at=scene.clock.now())])
        due = await scene.service.store.user("u1")
        assert due is not None
        assert due.next_due_at is not None
        scene.clock.set(due.next_due_at)
        await scene.service.tick()
        (occasion,) = [one for one in await scene.service.store.occasions() if one.state.is_open]

        processed = await scene.service.process(occasion.id)

        assert processed is not None
        assert processed.outcome is OccasionState.SENT
        assert {note.entry_id for question in model.questions[1:] for note in question.context.notes} == {"new"}
