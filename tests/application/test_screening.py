"""Signs of risk in the whole service: what is sent instead of a message, who is held, and what the classifier costs."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.application.scene import WRITTEN, Scene, a_draft, a_scene, a_verdict
from tests.builders import NOW, a_user, an_entry

from reflecta.application.ports import Completion
from reflecta.application.process import OnModelFailure
from reflecta.domain.errors import ModelUnavailable
from reflecta.domain.model import ChallengeDegree, MessageType, OccasionState, Preferences, Purpose, Reason, ToneDegree
from reflecta.domain.prompt import Question
from reflecta.testing import screening_reply

GRAVE = "I want to kill myself."
DAY = timedelta(days=1)
HOLD = timedelta(hours=72)


@dataclass(frozen=True)
class Late:
    """A model that answers when something has happened."""

    answer: Callable[[Question], Awaitable[Completion]]

    async def complete(self, question: Question) -> Completion:
        """Answer."""
        return await self.answer(question)

    async def aclose(self) -> None:
        """Hold nothing."""


async def told_of(scene: Scene, user_id: str = "u1") -> str:
    """Give all that stands in what was sent to a user, journal entry and pushes."""
    sent = [each for each in await scene.service.store.occasions(user_id=user_id) if each.state is OccasionState.SENT]
    told: list[str] = []
    for occasion in sent:
        explanation = await scene.service.store.explanation(occasion.id)
        assert explanation is not None
        entry = await scene.service.store.entry(explanation.journal_entry_id or "")
        assert entry is not None
        told += [entry.content, *(f"{d.title} {d.body}" for d in explanation.deliveries)]
    return "\n".join(told)


async def a_user_in_danger(scene: Scene, **fields: object) -> None:
    user = replace(a_user(), **fields)
    await scene.add(user, entries=[an_entry("e-u1", text=GRAVE)])


async def test_a_sign_of_risk_sends_the_care_text_with_helplines_and_no_model_is_asked() -> None:
    async with a_scene(screening=True) as scene:
        await a_user_in_danger(scene)

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.SENT, Reason.SAFETY_HOLD)
        assert scene.model.questions == []
        assert "116 123" in await told_of(scene) or "0800" in await told_of(scene)


async def test_no_word_of_the_journal_leaves_on_a_sign_of_risk() -> None:
    async with a_scene() as scene:
        await a_user_in_danger(scene)
        await scene.processed()

        assert "kill" not in await told_of(scene)
        assert "kill" not in json.dumps([values for _, values in scene.telemetry.events], default=str)
        (flagged,) = [values for name, values in scene.telemetry.events if name == "safety.flagged"]
        assert (flagged["sign"], flagged["source"], flagged["user_id"]) == ("suicide", "rules", "u1")


async def test_a_care_text_is_kept_as_what_it_is() -> None:
    async with a_scene() as scene:
        await a_user_in_danger(scene)
        processed = await scene.processed()

        explanation = await scene.service.store.explanation(processed.occasion_id)
        assert explanation is not None
        (attempt,) = explanation.attempts
        assert attempt.draft is not None
        assert (attempt.draft.type, attempt.draft.ai_generated, attempt.calls) == (MessageType.CARE, False, ())


async def test_a_held_user_is_due_again_after_the_hold_and_gets_nothing_before() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await a_user_in_danger(scene)
        await scene.processed()
        user = await scene.service.store.user("u1")
        assert user is not None
        assert user.held_until == NOW + HOLD
        assert user.next_due_at is not None
        assert user.next_due_at > NOW + HOLD

        scene.clock.set(NOW + DAY)
        forced = await scene.service.on_demand.force("u1")
        assert (forced.outcome, forced.reason) == (OccasionState.DEFERRED, Reason.SAFETY_HOLD)


async def test_after_the_hold_the_same_entry_is_neither_flagged_nor_written_about() -> None:
    async with a_scene(None) as scene:
        await a_user_in_danger(scene)
        await scene.processed()
        scene.clock.set(NOW + HOLD + DAY)

        processed = await scene.service.on_demand.force("u1")
        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.NOTHING_TO_SAY)

        await scene.service.ingest.upsert_entries([an_entry("e-new", text=WRITTEN, written_at=NOW + HOLD + DAY)])
        scene.clock.advance(DAY)
        assert (await scene.service.on_demand.force("u1")).outcome is OccasionState.SENT
        assert "kill" not in await told_of(scene)


async def test_a_new_sign_after_the_hold_is_answered_again() -> None:
    async with a_scene() as scene:
        await a_user_in_danger(scene)
        await scene.processed()
        scene.clock.set(NOW + HOLD + DAY)
        await scene.service.ingest.upsert_entries([an_entry("e-new", text=GRAVE, written_at=NOW + HOLD)])

        processed = await scene.service.on_demand.force("u1")
        assert (processed.outcome, processed.reason) == (OccasionState.SENT, Reason.SAFETY_HOLD)


async def test_with_review_a_user_is_held_until_a_person_releases_them() -> None:
    async with a_scene([a_draft(), a_verdict()], safety_review=True) as scene:
        await a_user_in_danger(scene)
        await scene.processed()
        scene.clock.set(NOW + 300 * DAY)
        await scene.service.ingest.upsert_entries([an_entry("e-u1b", text=WRITTEN, written_at=NOW + 299 * DAY)])
        assert (await scene.service.on_demand.force("u1")).reason is Reason.SAFETY_HOLD

        assert await scene.service.holds.release("u1")
        user = await scene.service.store.user("u1")
        assert user is not None
        assert user.held_until is None


@pytest.mark.parametrize("sign", ["suicide", "self_harm", "harm_to_others", "abuse", "eating_disorder", "psychosis"])
async def test_what_the_classifier_sees_is_a_sign_of_risk_too(sign: str) -> None:
    async with a_scene([screening_reply(sign, entry_ids=["e-u1"])], screening=True) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.SENT, Reason.SAFETY_HOLD)
        user = await scene.service.store.user("u1")
        assert user is not None
        assert user.flagged_entries == ("e-u1",)
        assert await scene.service.holds.report(since=NOW) == {(sign, "model"): 1}


async def test_a_quiet_journal_costs_one_screening_a_draft_and_a_judgement() -> None:
    async with a_scene([screening_reply(), a_draft(), a_verdict()], screening=True) as scene:
        await scene.add_due_user()

        assert (await scene.processed()).outcome is OccasionState.SENT
        asked = [question.purpose for question in scene.model.questions]
        assert asked == [Purpose.SCREENING, Purpose.DRAFT, Purpose.ASSESSMENT]


@pytest.mark.parametrize(
    "answer", [screening_reply("distress"), screening_reply("medical"), "I see nothing.", ModelUnavailable("503")]
)
async def test_on_distress_and_without_an_answer_the_message_is_gentle(answer: str | Exception) -> None:
    harsh = Preferences(enabled=True, challenge=ChallengeDegree.INTENSE, tone=ToneDegree.HARSH)
    async with a_scene([answer, a_draft(), a_verdict()], screening=True) as scene:
        await scene.add(a_user(preferences=harsh, age_band="adult"))

        assert (await scene.processed()).outcome is OccasionState.SENT
        degrees = scene.model.questions[1].context.preferences
        assert (degrees.challenge, degrees.tone) == (ChallengeDegree.GENTLE, ToneDegree.SUPPORTIVE)


@pytest.mark.parametrize("answer", [screening_reply(), "no JSON at all"])
async def test_an_occasion_is_screened_once_however_often_it_is_tried(answer: str) -> None:
    async with a_scene([answer, ModelUnavailable("503"), a_draft(), a_verdict()], screening=True) as scene:
        await scene.add_due_user()
        assert (await scene.processed()).outcome is None

        scene.clock.advance(timedelta(hours=2))
        (occasion,) = await scene.service.store.occasions()
        processed = await scene.service.process(occasion.id)
        assert processed is not None
        assert processed.outcome is OccasionState.SENT
        asked = [question.purpose for question in scene.model.questions]
        assert asked.count(Purpose.SCREENING) == 1


@pytest.mark.parametrize(
    ("age_band", "tone"), [(None, ToneDegree.DIRECT), ("minor", ToneDegree.DIRECT), ("adult", ToneDegree.HARSH)]
)
async def test_only_a_known_adult_may_be_written_to_harshly(age_band: str | None, tone: ToneDegree) -> None:
    harsh = Preferences(enabled=True, tone=ToneDegree.HARSH)
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add(a_user(preferences=harsh, age_band=age_band))
        await scene.processed()

        assert scene.model.questions[0].context.preferences.tone is tone


async def test_a_dry_run_of_a_user_in_danger_writes_nothing() -> None:
    async with a_scene() as scene:
        await a_user_in_danger(scene)

        preview = await scene.service.on_demand.preview("u1")

        assert (preview.composed, preview.reason) == (None, Reason.SAFETY_HOLD)
        user = await scene.service.store.user("u1")
        assert user is not None
        assert user.held_until is None


async def test_a_sign_that_is_seen_too_late_for_the_window_is_answered_at_the_next_occasion() -> None:
    async with a_scene([screening_reply("suicide")], screening=True) as scene:
        await scene.add_due_user()

        async def after_the_window(_question: Question) -> Completion:
            scene.clock.set(NOW + timedelta(hours=9))
            return await scene.model.complete(_question)

        screen = scene.service.process.screen
        process = replace(scene.service.process, screen=replace(screen, classifier=Late(after_the_window)))
        processed = await process(await scene.claimed())
        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.EXPIRED, Reason.WINDOW_CLOSED)
        user = await scene.service.store.user("u1")
        assert user is not None
        assert (user.held_until, user.flagged_entries) == (None, ())


async def test_a_model_that_prints_its_instructions_is_not_sent() -> None:
    leak = a_draft("They did not ask you anything. What stayed with you from that walk?")
    async with a_scene([leak, leak, leak], on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add_due_user()

        processed = await scene.processed()
        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.MALFORMED)
