"""The gate: checks first, then the judge; a score never mends a failed check."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.strategies import properties

from reflecta.domain.gate import (
    DEFAULT_THRESHOLD,
    HoldBack,
    Revise,
    Send,
    decide_on_assessment,
    decide_on_checks,
    settle,
)
from reflecta.domain.model import Assessment, Check, CheckName, Reason, Recommendation

faults = st.lists(st.sampled_from(["too long", "no question", "too harsh"]), max_size=3).map(tuple)
checks = st.lists(
    st.builds(Check, name=st.sampled_from(CheckName), fault=st.sampled_from(["", "", "a fault"])), max_size=6
)
scores = st.floats(min_value=1, max_value=10)
assessments = st.builds(
    Assessment, score=scores, recommendation=st.sampled_from(Recommendation), faults=faults, rationale=st.just("")
)


def assessment(score: float, recommendation: Recommendation, *named: str) -> Assessment:
    return Assessment(score=score, recommendation=recommendation, faults=named)


@pytest.mark.parametrize(
    ("given_assessment", "verdict"),
    [
        (assessment(6, Recommendation.SEND), Send()),
        (assessment(10, Recommendation.SEND, "a trifle"), Send()),
        (assessment(5.9, Recommendation.SEND, "dull"), Revise(faults=("dull",), otherwise=Reason.LOW_SCORE)),
        (assessment(5.9, Recommendation.SEND), HoldBack(reason=Reason.LOW_SCORE)),
        (assessment(3, Recommendation.REVISE, "dull"), Revise(faults=("dull",), otherwise=Reason.LOW_SCORE)),
        (assessment(3, Recommendation.REVISE), HoldBack(reason=Reason.LOW_SCORE)),
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
def test_only_a_score_at_the_threshold_with_advice_to_send_is_sent(given_one: Assessment, threshold: float) -> None:
    sent = decide_on_assessment(given_one, threshold=threshold) == Send()
    assert sent == (given_one.score >= threshold and given_one.recommendation is Recommendation.SEND)


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


def test_a_score_that_is_no_number_is_never_sent() -> None:
    assert decide_on_assessment(assessment(math.nan, Recommendation.SEND)) != Send()
