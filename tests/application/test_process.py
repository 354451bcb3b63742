"""One occasion from its lease to its outcome, with a scripted model: what is sent, held back, retried, left alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.application.scene import Scene, a_draft, a_scene, a_verdict
from tests.builders import NOW, a_call, a_user, an_entry
from tests.databases import sql

from reflecta.adapters.stores.sql import SqlStore
from reflecta.application.ports import Completion
from reflecta.application.ports.store import Journal
from reflecta.application.process import OnModelFailure, Process, Processed
from reflecta.config import ChannelName
from reflecta.domain.errors import Conflict, ModelRejected, ModelTimeout, ModelUnavailable, StoreUnavailable
from reflecta.domain.model import Attempt, Cadence, Dimension, MessageType, OccasionState, Reason
from reflecta.domain.prompt import Question
from reflecta.testing import ScriptedModel

TOMORROW = datetime(2026, 3, 11, 7, tzinfo=UTC)
DOWN = ModelUnavailable("503")


async def attempts_of(scene: Scene) -> list[Attempt]:
    (occasion,) = await scene.service.store.occasions()
    explanation = await scene.service.store.explanation(occasion.id)
    assert explanation is not None
    return list(explanation.attempts)


async def test_a_good_draft_is_sent_after_exactly_two_model_calls() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert processed.outcome is OccasionState.SENT
        assert len(scene.model.questions) == 2


async def test_a_sent_message_is_an_entry_of_its_own_linked_both_ways() -> None:
    """Defect 10 and a contradiction of the guide: a new entry, never the latest one edited."""
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        processed = await scene.processed()

        explanation = await scene.service.store.explanation(processed.occasion_id)
        assert explanation is not None
        entry = await scene.service.store.entry(explanation.journal_entry_id or "")
        assert entry is not None
        assert entry.message_id == explanation.message_id == processed.message_id
        assert "<p>You wrote about the river." in entry.content


async def test_sending_sets_the_last_sent_time_and_the_regular_due_time() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        await scene.processed()

        user = await scene.service.store.user("u1")
        assert user is not None
        assert (user.last_sent_at, user.next_due_at) == (NOW, TOMORROW)


async def test_processing_an_ended_occasion_again_changes_nothing() -> None:
    """Defect 8: a second call sent again."""
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        processed = await scene.processed()

        assert await scene.service.process(processed.occasion_id) is None
        assert len(scene.model.questions) == 2


async def test_two_workers_on_one_occasion_send_once() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion = await scene.claimed()

        done = await asyncio.gather(scene.service.process(occasion), scene.service.process(occasion))

        assert [bool(one) for one in done].count(True) == 1


async def test_a_low_score_with_named_faults_is_revised_with_those_faults_and_then_sent() -> None:
    """Defect 19: improvements were asked for and thrown away."""
    answers = [
        a_draft(),
        a_verdict(4, "REVISE_MESSAGE", ["no question"]),
        a_draft("Much better, is it not?"),
        a_verdict(),
    ]
    async with a_scene(answers) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert processed.outcome is OccasionState.SENT
        assert "no question" in scene.model.questions[2].content


async def test_a_message_the_judge_wants_revised_is_not_sent_unrevised_whatever_its_score() -> None:
    """Defect 19: MAJOR_REVISION at 6 of 10 went out as it was."""
    async with a_scene([a_draft(), a_verdict(9, "REVISE_MESSAGE", ["too long"])], revisions=0) as scene:
        await scene.add_due_user()

        assert (await scene.processed()).outcome is OccasionState.HELD_BACK


async def test_with_revisions_off_a_rejected_draft_costs_exactly_two_calls() -> None:
    """Defect 18: a rejected draft was judged again until it passed; three calls and more."""
    async with a_scene([a_draft(), a_verdict(3, "REVISE_MESSAGE", ["dull"])], revisions=0) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.LOW_SCORE)
        assert len(scene.model.questions) == 2


async def test_skip_is_final_and_never_judged_again() -> None:
    async with a_scene([a_draft(), a_verdict(3, "SKIP_MESSAGE", ["not today"])]) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.JUDGE_SKIP)
        assert len(scene.model.questions) == 2


async def test_a_rejected_draft_is_kept_with_its_text_score_and_calls() -> None:
    """Defect 12: rejected attempts were saved empty, of type 'unknown', rating 0."""
    async with a_scene([a_draft(), a_verdict(3, "SKIP_MESSAGE")]) as scene:
        await scene.add_due_user()
        await scene.processed()

        (attempt,) = await attempts_of(scene)
        assert attempt.draft is not None
        assert attempt.assessment is not None
        assert attempt.draft.type is MessageType.GENERAL_REFLECTION
        assert attempt.assessment.dimensions[Dimension.TRUTH] == 3
        assert [call.purpose.value for call in attempt.calls] == ["draft", "assessment"]


async def test_a_hold_back_waits_for_the_regular_due_time_and_not_for_a_retry() -> None:
    async with a_scene([a_draft(), a_verdict(2, "SKIP_MESSAGE")]) as scene:
        await scene.add_due_user()
        await scene.processed()

        user = await scene.service.store.user("u1")
        assert user is not None
        assert (user.next_due_at, user.last_sent_at, user.failures) == (TOMORROW, None, 0)


async def test_a_made_up_quotation_is_never_sent_and_never_shown_to_the_judge() -> None:
    lie = a_draft("You wrote “I have decided to leave everything behind”. What now?")
    async with a_scene([lie, lie, lie], on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.UNGROUNDED)
        assert all(question.purpose.value != "assessment" for question in scene.model.questions)


async def test_what_the_checks_refused_three_times_the_composer_says_instead() -> None:
    lie = a_draft("You wrote “I have decided to leave everything behind”. What now?")
    async with a_scene([lie, lie, lie]) as scene:
        await scene.add_due_user()

        assert (await scene.processed()).outcome is OccasionState.SENT
        *refused, written = await attempts_of(scene)
        assert [attempt.draft is not None and attempt.draft.ai_generated for attempt in refused] == [True] * 3
        assert written.draft is not None
        assert not written.draft.ai_generated


async def test_what_the_judge_refused_three_times_is_not_said_by_the_composer_either() -> None:
    poor = a_verdict(4, "REVISE_MESSAGE", ["dull"])
    async with a_scene([a_draft(), poor] * 3) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.LOW_SCORE)


async def test_three_drafts_and_three_judgements_are_the_most_an_occasion_can_cost() -> None:
    poor = a_verdict(4, "REVISE_MESSAGE", ["dull"])
    texts = [a_draft(f"What of the river, the walk, the {n}?") for n in ("garden", "line", "quiet")]
    async with a_scene([x for text in texts for x in (text, poor)]) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert (processed.outcome, len(scene.model.questions)) == (OccasionState.HELD_BACK, 6)


@pytest.mark.parametrize(
    "reply",
    ["Sure! Here is a message for you.", '{"messageType": "check_in", "message": "You wro', "", "null", "[" * 5000],
)
async def test_a_reply_that_is_no_draft_is_asked_for_again_and_the_rubbish_is_on_record(reply: str) -> None:
    async with a_scene([reply, a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()

        processed = await scene.processed()

        assert processed.outcome is OccasionState.SENT
        assert "InvalidReply" in ((await attempts_of(scene))[0].error or "")


async def test_an_unreadable_judgement_closes_the_candidate_and_is_not_asked_for_again() -> None:
    answers = [a_draft(), "I think it is rather good", a_draft("Another question about the walk?"), a_verdict()]
    async with a_scene(answers) as scene:
        await scene.add_due_user()
        await scene.processed()

        judged = [q.content for q in scene.model.questions if q.purpose.value == "assessment"]
        assert len(judged) == 2
        assert judged[0] != judged[1]


async def test_a_model_that_is_down_puts_the_occasion_off_within_its_window() -> None:
    async with a_scene([DOWN]) as scene:
        await scene.add(a_user(next_due_at=NOW - timedelta(hours=2)))
        scene.clock.set(NOW - timedelta(hours=2))

        processed = await scene.processed()

        (occasion,) = await scene.service.store.occasions()
        assert (processed.outcome, occasion.state) == (None, OccasionState.QUEUED)
        assert occasion.not_before == NOW - timedelta(minutes=1)


async def test_what_was_paid_for_is_not_asked_for_again_by_the_next_try() -> None:
    async with a_scene([a_draft(), DOWN, a_verdict()]) as scene:
        await scene.add(a_user(next_due_at=NOW - timedelta(hours=2)))
        scene.clock.set(NOW - timedelta(hours=2))
        occasion = (await scene.processed()).occasion_id
        scene.clock.set(NOW)

        processed = await scene.service.process(occasion)

        assert processed is not None
        assert processed.outcome is OccasionState.SENT
        assert [q.purpose.value for q in scene.model.questions] == ["draft", "assessment", "assessment"]


async def test_what_a_call_brought_is_saved_before_the_next_call_is_made() -> None:
    """A worker that is killed while the judge thinks must not pay for the draft again."""
    async with a_scene() as scene:
        await scene.add_due_user()
        saved: list[int] = []

        async def look() -> None:
            saved.append(len(await attempts_of(scene)))

        judge, process = _Interrupted(look, [a_verdict()]), scene.service.process
        process = replace(process, compose=replace(process.compose, writer=ScriptedModel([a_draft()]), judge=judge))
        await process(await scene.claimed())

        assert saved == [1]


async def test_the_last_try_falls_back_to_the_composer_and_says_so() -> None:
    async with a_scene([DOWN]) as scene:
        rare = a_user(cadence=Cadence.MULTIPLE_TIMES_PER_WEEK)
        await scene.add(rare, entries=[an_entry(text="I want to finish the garden bench before the frost comes.")])

        processed = await scene.processed()  # 09:00 in Berlin: four hours later the window is closed

        attempts = await attempts_of(scene)
        assert processed.outcome is OccasionState.SENT
        assert attempts[-1].draft is not None
        assert attempts[-1].draft.ai_generated is False
        assert attempts[-1].assessment is None


async def test_an_unjudged_draft_never_goes_out_when_the_judge_is_down() -> None:
    async with a_scene([a_draft("Unjudged words about a river?"), ModelTimeout("60 s")]) as scene:
        await scene.add(a_user(cadence=Cadence.MULTIPLE_TIMES_PER_WEEK))
        await scene.processed()

        first, *_ = await attempts_of(scene)
        assert "not assessed" in (first.error or "")


async def test_hold_never_sends_a_template_and_ends_as_failed_with_a_sooner_due_time() -> None:
    async with a_scene([DOWN], on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add(a_user(cadence=Cadence.ONCE_A_WEEK))

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.FAILED, Reason.MODEL_ERROR)
        assert await scene.due_of() == TOMORROW  # now + 8 h is outside the window


async def test_after_three_failures_running_the_due_time_is_regular_again() -> None:
    """Defect 17: a user was retried for ever."""
    async with a_scene([DOWN] * 9, on_model_failure=OnModelFailure.HOLD) as scene:
        await scene.add(a_user(cadence=Cadence.ONCE_A_WEEK))
        dues: list[object] = []
        for day in range(4):
            scene.clock.set(NOW + timedelta(days=day))
            await scene.service.tick()
            newest, *_ = await scene.service.store.occasions()
            await scene.service.process(newest.id)
            dues.append(await scene.due_of())

        assert dues[:3] == [TOMORROW + timedelta(days=day) for day in range(3)]
        assert dues[3] == NOW.replace(hour=7) + timedelta(days=10)


async def test_credit_that_ran_out_is_not_asked_again_but_put_off_like_any_error() -> None:
    async with a_scene([ModelRejected("402")]) as scene:
        await scene.add(a_user(next_due_at=NOW - timedelta(hours=2)))
        scene.clock.set(NOW - timedelta(hours=2))

        assert (await scene.processed()).reason is Reason.MODEL_ERROR
        assert len(scene.model.questions) == 1


async def test_a_database_that_is_away_for_a_moment_ends_nothing_and_the_next_try_sends() -> None:
    """A transient read error used to read as 'User not found', and the user was forgotten."""
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process
        away = _Away(sql(scene.service.store).database)
        with pytest.raises(StoreUnavailable):
            await replace(process, store=away)(occasion)
        scene.clock.advance(timedelta(minutes=2))  # the lease runs out

        processed = await process(occasion)

        assert processed is not None
        assert processed.outcome is OccasionState.SENT


async def test_who_stood_still_while_another_took_over_asks_no_model() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process
        others: list[Processed | None] = []

        async def freeze() -> None:
            scene.clock.advance(2 * process.leases.lease)
            others.append(await process(occasion))

        assert await frozen(process, scene, freeze)(occasion) is None
        (other,) = others
        assert other is not None
        assert other.outcome is OccasionState.SENT
        assert len(scene.model.questions) == 2  # the other's
        assert ("lease.lost", {"occasion_id": occasion}) in scene.telemetry.events


async def test_who_stood_still_and_was_not_followed_goes_on() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        occasion, process = await scene.claimed(), scene.service.process

        async def freeze() -> None:
            scene.clock.advance(2 * process.leases.lease)

        processed = await frozen(process, scene, freeze)(occasion)

        assert processed is not None
        assert processed.outcome is OccasionState.SENT


async def test_a_writer_with_nothing_new_to_say_is_held_back_and_not_failed() -> None:
    async with a_scene([DOWN]) as scene:
        declined = Completion(text="", call=a_call(), ai_generated=False, declined=True)
        model = ScriptedModel([declined])
        process = scene.service.process
        process = replace(process, compose=replace(process.compose, writer=model))
        await scene.add_due_user()

        processed = await process(await scene.claimed())

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.NOTHING_TO_SAY)


async def test_a_user_switched_off_while_in_work_gets_nothing() -> None:
    async with a_scene() as scene:
        user = await scene.add_due_user()

        async def switch_off() -> None:
            await scene.service.ingest.upsert_users([a_user(enabled=False)])

        processed = await process_with(scene, switch_off)

        assert user.preferences.enabled
        assert (processed.outcome, processed.reason) == (OccasionState.CANCELLED, Reason.SWITCHED_OFF)


async def test_a_user_erased_while_in_work_gets_nothing_and_leaves_no_text() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()

        async def erase() -> None:
            await scene.service.ingest.erase_user("u1")

        assert await process_or_none(scene, erase) is None
        (occasion,) = await scene.service.store.occasions()
        assert (occasion.state, occasion.reason) == (OccasionState.CANCELLED, Reason.ERASED)
        assert await attempts_of(scene) == []


async def test_a_window_that_closes_while_the_model_thinks_ends_the_occasion_as_expired() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()

        async def dawdle() -> None:
            scene.clock.set(datetime(2026, 3, 10, 11, tzinfo=UTC))

        processed = await process_with(scene, dawdle)

        assert (processed.outcome, processed.reason) == (OccasionState.EXPIRED, Reason.WINDOW_CLOSED)
        assert await scene.due_of() == TOMORROW


async def test_an_edit_of_the_schedule_made_meanwhile_wins_over_the_finish() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()

        async def change_cadence() -> None:
            await scene.service.ingest.upsert_users([a_user(cadence=Cadence.ONCE_A_WEEK)])

        await process_with(scene, change_cadence)

        assert await scene.due_of() == TOMORROW


async def test_a_journal_without_a_sentence_is_held_back_before_any_money_is_spent() -> None:
    async with a_scene() as scene:
        await scene.add(a_user(), entries=[an_entry(text="Tired.")])

        processed = await scene.processed()

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.NOTHING_TO_SAY)
        assert scene.model.questions == []


async def test_no_second_unforced_message_on_one_local_date() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add_due_user()
        await scene.processed()
        await set_due(scene, NOW + timedelta(minutes=30))
        scene.clock.advance(timedelta(hours=1))

        await scene.service.tick()
        newest, *_ = await scene.service.store.occasions()
        processed = await scene.service.process(newest.id)

        assert processed is not None
        assert (processed.outcome, processed.reason) == (OccasionState.DEFERRED, Reason.ALREADY_TODAY)


async def test_a_forced_run_ignores_switch_window_and_date_but_not_the_gate() -> None:
    async with a_scene([a_draft(), a_verdict(2, "SKIP_MESSAGE")]) as scene:
        await scene.add(a_user(enabled=False, next_due_at=None))
        scene.clock.set(NOW.replace(hour=2))

        processed = await scene.service.on_demand.force("u1")

        assert (processed.outcome, processed.reason) == (OccasionState.HELD_BACK, Reason.JUDGE_SKIP)


async def test_a_forced_message_counts_as_that_days_and_leaves_the_schedule_alone() -> None:
    async with a_scene([a_draft(), a_verdict()]) as scene:
        await scene.add(a_user(next_due_at=NOW + timedelta(hours=1)))
        forced = await scene.service.on_demand.force("u1")
        due = await scene.due_of()
        scene.clock.advance(timedelta(hours=1))

        await scene.service.tick()
        newest, *_ = await scene.service.store.occasions()
        processed = await scene.service.process(newest.id)

        assert forced.outcome is OccasionState.SENT
        assert due == NOW + timedelta(hours=1)
        assert processed is not None
        assert processed.reason is Reason.ALREADY_TODAY


async def test_a_forced_run_is_refused_while_an_occasion_is_open() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()
        await scene.service.tick()

        with pytest.raises(Conflict, match="open occasion"):
            await scene.service.on_demand.force("u1")


async def test_a_worker_that_is_stopped_gives_the_occasion_back_at_once() -> None:
    async with a_scene() as scene:
        await scene.add_due_user()
        occasion = await scene.claimed()
        started = asyncio.Event()

        async def for_ever() -> None:
            started.set()
            await asyncio.sleep(3600)

        work = asyncio.create_task(thinking(scene, for_ever)(occasion))
        await started.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

        (found,) = await scene.service.store.occasions()
        assert found.state is OccasionState.QUEUED


async def test_pushes_go_to_every_device_and_wait_in_the_outbox_of_the_same_transaction() -> None:
    async with a_scene([a_draft(), a_verdict()], channel=ChannelName.EXPO) as scene:
        await scene.add(a_user(tokens=("ExponentPushToken[a]", "ExponentPushToken[b]")))
        processed = await scene.processed()

        explanation = await scene.service.store.explanation(processed.occasion_id)
        assert explanation is not None
        assert sorted(d.address.value for d in explanation.deliveries) == [
            "ExponentPushToken[a]",
            "ExponentPushToken[b]",
        ]


async def set_due(scene: Scene, at: datetime) -> None:
    """Move a due time the way a host does who asks for it."""
    await scene.service.ingest.upsert_users([a_user(next_due_at=at)], reschedule=True)


class _Away(SqlStore):
    """A store whose database does not answer when the journal is read."""

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        raise StoreUnavailable("the database does not answer")


Meanwhile = Callable[[], Awaitable[None]]


class _Frozen(SqlStore):
    """The store of a process that stands still when it reads the journal, with whatever happens *meanwhile*."""

    meanwhile: Meanwhile

    async def journal(self, user_id: str, *, entries: int, messages: int) -> Journal:
        await self.meanwhile()
        return await super().journal(user_id, entries=entries, messages=messages)


def frozen(process: Process, scene: Scene, meanwhile: Meanwhile) -> Process:
    store = _Frozen(sql(scene.service.store).database)
    store.meanwhile = meanwhile
    return replace(process, store=store)


class _Interrupted(ScriptedModel):
    """Answers well, and lets something happen while it thinks about the draft."""

    def __init__(self, meanwhile: Meanwhile, answers: Sequence[str] = (a_draft(), a_verdict())) -> None:
        super().__init__(answers)
        self._meanwhile = meanwhile

    async def complete(self, question: Question) -> Completion:
        if not self.questions:
            await self._meanwhile()
        return await super().complete(question)


def thinking(scene: Scene, meanwhile: Meanwhile) -> Process:
    """Give the process with a model during whose thinking something happens."""
    model, process = _Interrupted(meanwhile), scene.service.process
    return replace(process, compose=replace(process.compose, writer=model, judge=model))


async def process_or_none(scene: Scene, meanwhile: Meanwhile) -> Processed | None:
    """Tick, and work on the occasion while something happens."""
    return await thinking(scene, meanwhile)(await scene.claimed())


async def process_with(scene: Scene, meanwhile: Meanwhile) -> Processed:
    """Do the same where the occasion is still ours at the end."""
    processed = await process_or_none(scene, meanwhile)
    assert processed is not None
    return processed
