"""Whether a candidate goes out: the checks first, then the judge's prediction. One verdict, final and stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reflecta.domain.model import Assessment, Attempt, Check, CheckName, Draft, Reason, Recommendation

# The guide's quality gate: predicted effectiveness of at least 6 of 10.
DEFAULT_THRESHOLD: Final = 6.0


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

    Send: score at or over the threshold and advice to send. Revise: a low score or advice to revise, with
    named faults. Hold back: advice to skip, or nothing named that could be mended.
    """
    if assessment.recommendation is Recommendation.SKIP:
        return HoldBack(reason=Reason.JUDGE_SKIP)
    if assessment.score >= threshold and assessment.recommendation is Recommendation.SEND:
        return Send()
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
    last = candidates[-1]
    left = 1 + revisions - len(candidates)
    if last.draft is None or last.error is not None:
        return AskDraft() if left > 0 else GiveUp(error=last.error or "no draft")
    verdict = decide_on_checks(last.checks)
    if isinstance(verdict, Send) and last.draft.ai_generated:
        if last.assessment is None:
            return AskAssessment(attempt=last)
        verdict = decide_on_assessment(last.assessment, threshold=threshold)
    match settle(verdict, revisions_left=left):
        case Send():
            return Deliver(attempt=last)
        case Revise(faults=faults):
            return AskRevision(draft=last.draft, faults=faults)
        case HoldBack() as held:
            return held
