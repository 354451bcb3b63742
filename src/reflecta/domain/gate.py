"""Whether a candidate goes out: the checks first, then the judge's prediction. One verdict, final and stored.

What is better than it was is no reason to send: of several candidates the best by its checks is the one that a
revision mends and that gives the reason for holding back, but only one that passed goes out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reflecta.domain.model import Assessment, Attempt, Check, CheckName, Dimension, Draft, Reason, Recommendation

# The guide's quality gate: predicted effectiveness of at least 6 of 10.
DEFAULT_THRESHOLD: Final = 6.0
# A message that may hurt is not made good by what else is good about it.
LEAST_HARMLESS: Final = 5


@dataclass(frozen=True, slots=True)
class Send:
    """The candidate goes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revise:
    """A better draft is asked for; *faults* says what to mend, *otherwise* why it is held back if none may be."""

    faults: tuple[str, ...]
    otherwise: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBack:
    """Nothing goes out on this occasion. Holding back is not failing."""

    reason: Reason


Verdict = Send | Revise | HoldBack

_REASON_OF_CHECK: Final = {
    CheckName.FORM: Reason.MALFORMED,
    CheckName.LENGTH: Reason.MALFORMED,
    CheckName.GROUNDING: Reason.UNGROUNDED,
    CheckName.PARTICULARS: Reason.UNGROUNDED,
    CheckName.SAFETY: Reason.UNSAFE,
    CheckName.FRESHNESS: Reason.REPETITIVE,
}


def decide_on_checks(checks: Sequence[Check]) -> Verdict:
    """Decide without a judge: any fault asks for a revision."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return Send()
    return Revise(faults=tuple(check.fault for check in failed), otherwise=_REASON_OF_CHECK[failed[0].name])


def decide_on_assessment(assessment: Assessment, *, threshold: float = DEFAULT_THRESHOLD) -> Verdict:
    """Decide on the judge's prediction for a candidate that passed its checks.

    Send: score at or over the threshold and advice to send. Revise: a low score, advice to revise or a danger of
    harm, with named faults. Hold back: advice to skip, or nothing named that could be mended.
    """
    if assessment.recommendation is Recommendation.SKIP:
        return HoldBack(reason=Reason.JUDGE_SKIP)
    is_harmless = assessment.dimensions[Dimension.HARM] >= LEAST_HARMLESS
    if is_harmless and assessment.score >= threshold and assessment.recommendation is Recommendation.SEND:
        return Send()
    if not is_harmless:
        reason = Reason.UNSAFE
    else:
        reason = Reason.LOW_SCORE if assessment.score < threshold else Reason.JUDGE_SKIP
    if assessment.faults:
        return Revise(faults=assessment.faults, otherwise=reason)
    return HoldBack(reason=reason)


def settle(verdict: Verdict, *, revisions_left: int) -> Verdict:
    """Turn a wish for revision into a hold-back when no revision is left."""
    if isinstance(verdict, Revise) and revisions_left <= 0:
        return HoldBack(reason=verdict.otherwise)
    return verdict


@dataclass(frozen=True, slots=True)
class AskDraft:
    """A new draft is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRevision:
    """A better draft is needed."""

    draft: Draft
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAssessment:
    """The candidate passed its checks and awaits its one judgement."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """The candidate goes out."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Every allowed draft was asked for, and the last one broke off without a verdict."""

    error: str


Step = AskDraft | AskRevision | AskAssessment | Deliver | HoldBack | GiveUp


def next_step(attempts: Sequence[Attempt], *, revisions: int, threshold: float = DEFAULT_THRESHOLD) -> Step:
    """Give what an occasion needs next, from the attempts saved so far: a job that died resumes from here.

    At most one draft and *revisions* revisions are asked for, and each candidate is judged once. Attempts that
    broke off before the model answered cost nothing and do not count.
    """
    candidates = [attempt for attempt in attempts if attempt.draft is not None or attempt.calls]
    if not candidates:
        return AskDraft()
    last, left = candidates[-1], 1 + revisions - len(candidates)
    whole = [attempt for attempt in candidates if attempt.draft is not None and attempt.error is None]
    if last in whole:
        verdict = _verdict(last, threshold)
        if verdict is None:
            return AskAssessment(attempt=last)
        if isinstance(verdict, Send):
            return Deliver(attempt=last)
        if isinstance(verdict, HoldBack):
            return verdict
    # What broke off last is an error, which is tried again; it says nothing of the candidates before.
    if whole and (last in whole or left > 0):
        return _mend(max(whole, key=_merit), threshold, left)
    return AskDraft() if left > 0 else GiveUp(error=last.error or "no draft")


def _mend(best: Attempt, threshold: float, revisions_left: int) -> Step:
    """Give what follows for the best of the candidates, which was not good enough."""
    verdict = _verdict(best, threshold)
    assert isinstance(verdict, Revise)  # noqa: S101 - any other verdict was the end
    assert best.draft is not None  # noqa: S101 - it is whole
    settled = settle(verdict, revisions_left=revisions_left)
    return settled if isinstance(settled, HoldBack) else AskRevision(draft=best.draft, faults=verdict.faults)


def _verdict(candidate: Attempt, threshold: float) -> Verdict | None:
    """Give the verdict on a candidate; None while its judgement is awaited."""
    verdict = decide_on_checks(candidate.checks)
    if isinstance(verdict, Send) and candidate.draft is not None and candidate.draft.ai_generated:
        if candidate.assessment is None:
            return None
        return decide_on_assessment(candidate.assessment, threshold=threshold)
    return verdict


def _merit(candidate: Attempt) -> tuple[int, float, int]:
    """Order candidates: the fewest faults, then the highest prediction, then the newest."""
    faults = sum(not check.passed for check in candidate.checks)
    return -faults, candidate.assessment.score if candidate.assessment else 0.0, candidate.number
