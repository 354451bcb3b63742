"""The gate: checks first, then the judge; a score never mends a failed check."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW, a_call
from tests.domain.strategies import a_draft, properties

from reflecta.domain.gate import (
    DEFAULT_THRESHOLD,
    LEAST_HARMLESS,
    AskAssessment,
    AskDraft,
    AskRevision,
    Deliver,
    GiveUp,
    HoldBack,
    Revise,
    Send,
    Step,
    decide_on_assessment,
    decide_on_checks,
    next_step,
    settle,
)
from reflecta.domain.model import Assessment, Attempt, Check, CheckName, Dimension, Reason, Recommendation

faults = st.lists(st.sampled_from(["too long", "no question", "too harsh"]), max_size=3).map(tuple)
checks = st.lists(
    st.builds(Check, name=st.sampled_from(CheckName), fault=st.sampled_from(["", "", "a fault"])), max_size=6
)
scores = st.floats(min_value=1, max_value=10)
ratings = st.fixed_dictionaries({dimension: st.integers(1, 10) for dimension in Dimension})
assessments = st.builds(
    Assessment,
    dimensions=ratings,
    recommendation=st.sampled_from(Recommendation),
    faults=faults,
    rationale=st.just(""),
)


def assessment(rating: int, recommendation: Recommendation, *named: str, **others: int) -> Assessment:
    given_ratings = dict.fromkeys(Dimension, rating) | {Dimension(name): value for name, value in others.items()}
    return Assessment(dimensions=given_ratings, recommendation=recommendation, faults=named)


@pytest.mark.parametrize(
    ("given_assessment", "verdict"),
    [
        (assessment(6, Recommendation.SEND), Send()),
        (assessment(10, Recommendation.SEND, "a trifle"), Send()),
        (assessment(5, Recommendation.SEND, "dull"), Revise(faults=("dull",), otherwise=Reason.LOW_SCORE)),
        (assessment(5, Recommendation.SEND), HoldBack(reason=Reason.LOW_SCORE)),
        (assessment(3, Recommendation.REVISE, "dull", harm=9), Revise(faults=("dull",), otherwise=Reason.LOW_SCORE)),
        (assessment(3, Recommendation.REVISE, harm=9), HoldBack(reason=Reason.LOW_SCORE)),
        (
            assessment(10, Recommendation.SEND, "it may hurt", harm=4),
            Revise(faults=("it may hurt",), otherwise=Reason.UNSAFE),
        ),
        (assessment(10, Recommendation.SEND, harm=4), HoldBack(reason=Reason.UNSAFE)),
        (assessment(9, Recommendation.REVISE, "dull"), Revise(faults=("dull",), otherwise=Reason.JUDGE_SKIP)),
        (assessment(9, Recommendation.REVISE), HoldBack(reason=Reason.JUDGE_SKIP)),
        (assessment(9, Recommendation.SKIP, "dull"), HoldBack(reason=Reason.JUDGE_SKIP)),
        (assessment(2, Recommendation.SKIP), HoldBack(reason=Reason.JUDGE_SKIP)),
    ],
)
def test_the_judge_decides_by_the_table(given_assessment: Assessment, verdict: object) -> None:
    assert decide_on_assessment(given_assessment) == verdict


@given(assessments, scores)
@properties
def test_only_a_harmless_one_at_the_threshold_with_advice_to_send_is_sent(one: Assessment, threshold: float) -> None:
    sent = decide_on_assessment(one, threshold=threshold) == Send()
    is_harmless = one.dimensions[Dimension.HARM] >= LEAST_HARMLESS
    assert sent == (one.score >= threshold and one.recommendation is Recommendation.SEND and is_harmless)


@given(ratings)
@properties
def test_the_score_lies_between_the_worst_rating_and_the_mean(given_ratings: dict[Dimension, int]) -> None:
    score = Assessment(dimensions=given_ratings, recommendation=Recommendation.SEND).score
    mean = sum(given_ratings.values()) / len(given_ratings)
    assert min(given_ratings.values()) - 0.01 <= score <= mean + 0.01
    assert 1 <= score <= 10


def test_one_bad_dimension_shows_in_the_score() -> None:
    assert assessment(8, Recommendation.SEND).score == 8
    assert assessment(8, Recommendation.SEND, truth=2).score < DEFAULT_THRESHOLD


@given(checks, assessments)
@properties
def test_a_score_never_overrides_a_failed_check(given_checks: list[Check], given_one: Assessment) -> None:
    verdict = decide_on_checks(given_checks)
    if verdict == Send():
        verdict = decide_on_assessment(given_one)
    passed = all(check.passed for check in given_checks)
    assert verdict != Send() or (passed and given_one.score >= DEFAULT_THRESHOLD)


@given(checks)
@properties
def test_every_fault_of_the_checks_is_named_for_the_revision(given_checks: list[Check]) -> None:
    verdict = decide_on_checks(given_checks)
    named = tuple(check.fault for check in given_checks if check.fault)
    assert verdict == Send() if not named else isinstance(verdict, Revise) and verdict.faults == named


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (CheckName.FORM, Reason.MALFORMED),
        (CheckName.LENGTH, Reason.MALFORMED),
        (CheckName.GROUNDING, Reason.UNGROUNDED),
        (CheckName.FRESHNESS, Reason.REPETITIVE),
    ],
)
def test_a_check_that_still_fails_gives_its_reason(name: CheckName, reason: Reason) -> None:
    verdict = decide_on_checks([Check(name=name, fault="wrong")])
    assert settle(verdict, revisions_left=0) == HoldBack(reason=reason)


def test_the_first_failed_check_gives_the_reason() -> None:
    failed = [
        Check(name=CheckName.FORM),
        Check(name=CheckName.GROUNDING, fault="a"),
        Check(name=CheckName.FORM, fault="b"),
    ]
    assert decide_on_checks(failed) == Revise(faults=("a", "b"), otherwise=Reason.UNGROUNDED)


def test_every_check_has_a_reason() -> None:
    for name in CheckName:
        assert isinstance(decide_on_checks([Check(name=name, fault="wrong")]), Revise)


@pytest.mark.parametrize("verdict", [Send(), HoldBack(reason=Reason.UNSAFE)])
@pytest.mark.parametrize("left", [0, 2])
def test_settling_leaves_what_is_settled(verdict: Send | HoldBack, left: int) -> None:
    assert settle(verdict, revisions_left=left) == verdict


@pytest.mark.parametrize(("left", "kept"), [(2, True), (1, True), (0, False), (-1, False)])
def test_a_wish_for_revision_holds_back_when_none_is_left(left: int, kept: bool) -> None:  # noqa: FBT001
    wish = Revise(faults=("dull",), otherwise=Reason.LOW_SCORE)
    assert settle(wish, revisions_left=left) == (wish if kept else HoldBack(reason=Reason.LOW_SCORE))


def candidate(number: int, *wrong: CheckName, judged: Assessment | None = None, error: str | None = None) -> Attempt:
    """Give a candidate that was paid for; *wrong* are the checks that it fails."""
    return Attempt(
        number=number,
        created_at=NOW,
        draft=a_draft(f"Candidate {number}."),
        checks=tuple(Check(name=name, fault=f"{name} of {number}" if name in wrong else "") for name in CheckName),
        assessment=judged,
        calls=(a_call(),),
        error=error,
    )


def broken(number: int) -> Attempt:
    return replace(candidate(number), draft=None, checks=(), error="no JSON")


POOR = assessment(4, Recommendation.REVISE, "too dull", harm=9)
GOOD = assessment(8, Recommendation.SEND)


@pytest.mark.parametrize(
    ("attempts", "step"),
    [
        ([], AskDraft()),
        ([broken(1)], AskDraft()),
        ([broken(1), broken(2), broken(3)], GiveUp(error="no JSON")),
        ([candidate(1)], AskAssessment(attempt=candidate(1))),
        ([candidate(1, judged=GOOD)], Deliver(attempt=candidate(1, judged=GOOD))),
        ([candidate(1, judged=assessment(9, Recommendation.SKIP))], HoldBack(reason=Reason.JUDGE_SKIP)),
    ],
)
def test_the_next_step_follows_from_the_attempts_so_far(attempts: list[Attempt], step: Step) -> None:
    assert next_step(attempts, revisions=2) == step


def test_a_revision_mends_the_best_candidate_by_its_checks_and_not_the_last() -> None:
    better, worse = candidate(1, judged=POOR), candidate(2, CheckName.GROUNDING, CheckName.FORM)
    assert next_step([better, worse], revisions=2) == AskRevision(draft=a_draft("Candidate 1."), faults=("too dull",))


def test_of_equal_candidates_the_better_predicted_one_is_mended() -> None:
    better = candidate(1, judged=assessment(5, Recommendation.REVISE, "a trifle"))
    step = next_step([better, candidate(2, judged=POOR)], revisions=2)
    assert step == AskRevision(draft=a_draft("Candidate 1."), faults=("a trifle",))


def test_a_candidate_without_a_readable_judgement_is_mended_by_another_one() -> None:
    unread = candidate(2, error="no JSON")
    assert next_step([candidate(1, judged=POOR), unread], revisions=2) == AskRevision(
        draft=a_draft("Candidate 1."), faults=("too dull",)
    )
    assert next_step([unread], revisions=2) == AskDraft()


def test_a_last_candidate_that_broke_off_is_an_error_and_no_verdict_on_those_before() -> None:
    attempts = [candidate(1, judged=POOR), candidate(2, judged=POOR), broken(3)]
    assert next_step(attempts, revisions=2) == GiveUp(error="no JSON")


def test_the_best_candidate_gives_the_reason_for_holding_back() -> None:
    attempts = [candidate(1, judged=POOR), candidate(2, CheckName.GROUNDING), candidate(3, CheckName.FORM)]
    assert next_step(attempts, revisions=2) == HoldBack(reason=Reason.LOW_SCORE)


@given(st.lists(st.sampled_from([CheckName.FORM, CheckName.GROUNDING, "poor", "broken"]), min_size=1, max_size=3))
@properties
def test_only_a_candidate_that_passed_everything_goes_out_and_three_are_the_most(kinds: list[CheckName | str]) -> None:
    attempts = [
        candidate(n, kind)
        if isinstance(kind, CheckName)
        else candidate(n, judged=POOR)
        if kind == "poor"
        else broken(n)
        for n, kind in enumerate(kinds, 1)
    ]
    step = next_step(attempts, revisions=2)
    assert not isinstance(step, Deliver | AskAssessment)
    assert isinstance(step, HoldBack | GiveUp) == (len(attempts) == 3)
